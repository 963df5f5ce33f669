import { join } from 'node:path';
import type { Config } from '../config/settings';
import type { Clock } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { ChildServer } from './child-server';

/** Where the two engines are, whoever runs them. */
export type Engines = {
  readonly drachtio: { readonly host: string; readonly port: number; readonly secret: string };
  readonly freeswitch: { readonly host: string; readonly port: number; readonly secret: string };
  /** Where phones and trunks send SIP to, when we run the SIP server ourselves. */
  readonly sipPort: number | null;
  /** The same by TLS; null when it is off. */
  readonly sipTlsPort: number | null;
  /** Where browsers connect by WebSocket, and over TLS; null where it is off. */
  readonly sipWsPort: number | null;
  readonly sipWssPort: number | null;
  /** Process ids of those we run. */
  pids(): readonly number[];
  stop(): Promise<void>;
};

type SipAddresses = { adminPort: number; sipPorts: Partial<Record<'udp' | 'tls' | 'ws' | 'wss', number>> };
type MediaAddresses = { eventSocketPort: number; sipPort: number };

/** Uses the engines that the configuration names and runs the embedded ones where it names none. @throws ChildFailed */
export async function startEngines(config: Config, clock: Clock, log: Log): Promise<Engines> {
  const sip = config.DRACHTIO_HOST === '' ? sipServer(config, clock, log) : null;
  const media = config.FREESWITCH_HOST === '' ? mediaServer(config, clock, log) : null;
  const [sipAt, mediaAt] = await Promise.all([sip?.start(), media?.start()]).catch(async (error: unknown) => {
    await Promise.all([sip?.stop(), media?.stop()]);
    throw error;
  });
  return {
    drachtio: {
      host: config.DRACHTIO_HOST || '127.0.0.1',
      port: sipAt?.adminPort ?? config.DRACHTIO_PORT,
      secret: config.DRACHTIO_SECRET,
    },
    freeswitch: {
      host: config.FREESWITCH_HOST || '127.0.0.1',
      port: mediaAt?.eventSocketPort ?? config.FREESWITCH_PORT,
      secret: config.FREESWITCH_SECRET,
    },
    sipPort: sipAt?.sipPorts.udp ?? null,
    sipTlsPort: sipAt?.sipPorts.tls ?? null,
    sipWsPort: sipAt?.sipPorts.ws ?? null,
    sipWssPort: sipAt?.sipPorts.wss ?? null,
    pids: () => [sip?.pid, media?.pid].filter((pid): pid is number => typeof pid === 'number'),
    stop: async () => {
      await Promise.all([sip?.stop(), media?.stop()]);
    },
  };
}

function sipServer(config: Config, clock: Clock, log: Log): ChildServer<SipAddresses> {
  const start = {
    adminHost: '127.0.0.1',
    adminPort: 0,
    secret: config.DRACHTIO_SECRET,
    sipHost: config.BIND_ADDRESS,
    sipPort: config.SIP_PORT,
    transports: ['udp', 'tcp'],
    ...tls(config),
    ...webSockets(config),
    logDebug: config.LOG_LEVEL === 'debug',
    ...external(config),
  };
  return new ChildServer<SipAddresses>({
    name: 'embedded-sip',
    module: join(__dirname, '../embedded/drachtio-server/main.js'),
    start,
    restart: (at) => ({ ...start, adminPort: at.adminPort, sipPort: at.sipPorts.udp ?? config.SIP_PORT }),
    clock,
    log,
  });
}

function mediaServer(config: Config, clock: Clock, log: Log): ChildServer<MediaAddresses> {
  const start = {
    eventSocketHost: '127.0.0.1',
    eventSocketPort: 0,
    password: config.FREESWITCH_SECRET,
    sipHost: '127.0.0.1',
    sipPort: 0,
    rtpHost: config.BIND_ADDRESS,
    ...external(config),
    rtpPortMin: config.RTP_PORT_MIN,
    rtpPortMax: config.RTP_PORT_MAX,
    rtpTimeoutMs: config.RTP_TIMEOUT_MS,
    maxSessions: config.MAX_LIVE_CALLS + 10,
    logDebug: config.LOG_LEVEL === 'debug',
  };
  return new ChildServer<MediaAddresses>({
    name: 'embedded-media',
    module: join(__dirname, '../embedded/freeswitch/main.js'),
    start,
    restart: (at) => ({ ...start, eventSocketPort: at.eventSocketPort, sipPort: at.sipPort }),
    clock,
    log,
  });
}

function tls(config: Config): object {
  if (config.SIP_TLS_PORT === 0) return {};
  return {
    tls: {
      port: config.SIP_TLS_PORT,
      certFile: config.SIP_TLS_CERT_FILE,
      keyFile: config.SIP_TLS_KEY_FILE,
      clients: config.SIP_TLS_CLIENTS,
      ...(config.SIP_TLS_CA_FILE === '' ? {} : { caFile: config.SIP_TLS_CA_FILE }),
    },
  };
}

function webSockets(config: Config): object {
  const files = { certFile: config.SIP_TLS_CERT_FILE, keyFile: config.SIP_TLS_KEY_FILE };
  return {
    ...(config.SIP_WS_PORT === 0 ? {} : { ws: { port: config.SIP_WS_PORT } }),
    ...(config.SIP_WSS_PORT === 0 ? {} : { wss: { port: config.SIP_WSS_PORT, ...files } }),
  };
}

function external(config: Config): { externalHost?: string } {
  return config.EXTERNAL_ADDRESS === '' ? {} : { externalHost: config.EXTERNAL_ADDRESS };
}
