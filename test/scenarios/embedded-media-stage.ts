import { once } from 'node:events';
import Srf from 'drachtio-srf';
import { startDrachtioServer } from '../../src/embedded/drachtio-server/start-drachtio-server';
import { startFreeswitch } from '../../src/embedded/freeswitch/start-freeswitch';
import { systemClock, within } from '../../src/kernel/clock';
import { silentLog } from '../../src/kernel/log';
import type { Leg } from '../../src/media/leg';
import { MediaServers } from '../../src/media/media-servers';
import { bedPassword, RtpPhone } from './embedded-media-bed';

/** The application's media half on a SIP and a media server: ours, or the real ones when the environment names them. */
export type Stage = { media: MediaServers; close(): Promise<void> };

export const stageNode = 'stage';
/** After how much silence a leg is taken for dead; the real media server has it from the same variable. */
export const rtpTimeoutMs = Number(process.env.RTP_TIMEOUT_MS ?? 4_000);

/** Starts it; the servers of the environment are those of docs/real-engines.md. */
export async function startStage(): Promise<Stage> {
  const engines = process.env.FREESWITCH_HOST ? realEngines() : await embeddedEngines();
  const srf = new Srf();
  srf.on('error', () => {});
  srf.connect(engines.drachtio);
  await once(srf, 'connect');
  const address = {
    ...engines.freeswitch,
    profile: 'drachtio_mrf',
    listenAddress: '127.0.0.1',
    nodeId: stageNode,
  };
  const media = new MediaServers(srf, address, systemClock, silentLog);
  media.start();
  const close = async (): Promise<void> => {
    media.stop();
    srf.disconnect();
    await engines.close();
  };
  try {
    await within(systemClock, 10_000, 'the media server', media.whenReady());
    return { media, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Engines = {
  drachtio: { host: string; port: number; secret: string };
  freeswitch: { host: string; port: number; secret: string };
  close(): Promise<void>;
};

function realEngines(): Engines {
  const { env } = process;
  const named = (name: string) => ({
    host: env[`${name}_HOST`] ?? '127.0.0.1',
    port: Number(env[`${name}_PORT`]),
    secret: env[`${name}_SECRET`] ?? '',
  });
  return { drachtio: named('DRACHTIO'), freeswitch: named('FREESWITCH'), close: () => Promise.resolve() };
}

async function embeddedEngines(): Promise<Engines> {
  const host = '127.0.0.1';
  const common = { sipHost: host, sipPort: 0, clock: systemClock, log: silentLog };
  const rtp = { rtpHost: host, rtpPortMin: 32_000, rtpPortMax: 32_998, rtpTimeoutMs };
  const eventSocket = { eventSocketHost: host, eventSocketPort: 0, password: bedPassword };
  const freeswitch = await startFreeswitch({ ...common, ...rtp, ...eventSocket });
  const drachtio = await startDrachtioServer({
    ...common,
    adminHost: host,
    adminPort: 0,
    secret: 'test',
    transports: ['udp'],
  });
  return {
    drachtio: { host, port: drachtio.adminPort, secret: 'test' },
    freeswitch: { host, port: freeswitch.eventSocketPort, secret: bedPassword },
    async close() {
      await freeswitch.close();
      await drachtio.close();
    },
  };
}

/** A telephone with a leg of its own, audio both ways. */
export async function aCallerOn(
  stage: Stage,
  headers: Record<string, string> = {},
): Promise<{ phone: RtpPhone; leg: Leg }> {
  const phone = await RtpPhone.open();
  const leg = await stage.media.createLeg(phone.offer(), headers);
  phone.follow(leg.localSdp);
  return { phone, leg };
}
