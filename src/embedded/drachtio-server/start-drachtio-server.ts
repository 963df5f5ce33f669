import { readFile } from 'node:fs/promises';
import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import { rfcTimers, type TimerConstants } from '../sip/client-transactions';
import { systemResolver } from '../transports/locate';
import type { TlsClients, TlsIdentity } from '../transports/tls';
import type { Protocol } from '../transports/transport';
import { openEndpoint } from '../user-agent/endpoint';
import { AdminServer } from './admin-server';
import { CdrSender } from './cdr';
import { ClientRegistry } from './clients';
import { ServerContext } from './context';
import { FlowCache } from './flows';
import { IncomingRequests } from './incoming-requests';
import { type ServerLimits, serverLimits } from './limits';

export type DrachtioServerOptions = {
  readonly adminHost: string;
  /** 0 picks a free port. */
  readonly adminPort: number;
  readonly secret: string;
  /** A concrete address: it stands in Via and Contact unless externalHost is given. */
  readonly sipHost: string;
  /** 0 picks a free port, the same for UDP and TCP. */
  readonly sipPort: number;
  readonly transports: readonly ('udp' | 'tcp')[];
  /** TLS too. */
  readonly tls?: TlsFiles;
  /** WebSocket for browsers; 0 picks a free port. */
  readonly ws?: { readonly port: number };
  /** The same over TLS. */
  readonly wss?: Pick<TlsFiles, 'port' | 'keyFile' | 'certFile'>;
  /** Address peers reach us under when it is not sipHost. */
  readonly externalHost?: string;
  /** RFC 3261 T1, T2, T4; tests shorten them. */
  readonly timers?: TimerConstants;
  readonly limits?: Partial<ServerLimits>;
  readonly clock: Clock;
  readonly log: Log;
};

/** Where TLS listens and the PEM files it needs. */
export type TlsFiles = {
  /** 0 picks a free port. */
  readonly port: number;
  readonly keyFile: string;
  readonly certFile: string;
  /** Authorities that are believed; the system's when left out. */
  readonly caFile?: string;
  readonly clients: TlsClients;
};

export type DrachtioServer = {
  readonly adminPort: number;
  readonly sipPorts: Readonly<Partial<Record<Protocol, number>>>;
  close(): Promise<void>;
};

/** A setting with which the server must not start. */
export class UnsafeSetting extends Error {
  override readonly name = 'UnsafeSetting';
}

/** The secret of drachtio's sample configuration, which everybody knows. */
const publishedSecret = 'cymru';

/** Starts the embedded SIP server; rejects with UnsafeSetting, or the system's error when an address cannot be had. */
export async function startDrachtioServer(options: DrachtioServerOptions): Promise<DrachtioServer> {
  refuseUnsafe(options);
  const { clock, log } = options;
  const limits: ServerLimits = { ...serverLimits, ...options.limits };
  const timers = options.timers ?? rfcTimers;
  const clients = new ClientRegistry();
  const context = new ServerContext({
    clients,
    cdr: new CdrSender(clients, clock),
    flows: new FlowCache(limits.maxFlows),
    clock,
    log,
    timers,
    limits,
  });
  const incoming = new IncomingRequests(context);
  const endpoint = await openEndpoint({
    host: options.sipHost,
    port: options.sipPort,
    protocols: options.transports,
    tls: options.tls && (await readTlsFiles(options.tls)),
    ws: options.ws,
    wss: options.wss && (await readTlsFiles({ ...options.wss, clients: 'any' })),
    advertisedHost: options.externalHost,
    clock,
    log,
    timers,
    resolver: systemResolver,
    maxTransactions: limits.maxTransactions,
    handlers: {
      admit: (request) => incoming.admit(request),
      request: (transaction) => incoming.request(transaction),
      ack: (ack, source) => incoming.ack(ack, source),
      tagOf: (invite) => incoming.tagOf(invite),
      cancelled: (invite, cancel) => incoming.cancelled(invite, cancel),
    },
  });
  context.attach(endpoint);
  const admin = new AdminServer(context, {
    host: options.adminHost,
    port: options.adminPort,
    secret: options.secret,
  });
  try {
    await admin.listen();
  } catch (error) {
    await endpoint.close();
    throw error;
  }
  return {
    adminPort: admin.port,
    sipPorts: Object.fromEntries(endpoint.transports.map(({ protocol, port }) => [protocol, port])),
    close: async () => {
      await admin.close();
      await endpoint.close();
    },
  };
}

async function readTlsFiles(files: TlsFiles): Promise<TlsIdentity & { port: number }> {
  const [key, cert] = await Promise.all([readFile(files.keyFile, 'utf8'), readFile(files.certFile, 'utf8')]);
  const ca = files.caFile === undefined ? undefined : await readFile(files.caFile, 'utf8');
  return { port: files.port, clients: files.clients, key, cert, ca };
}

function refuseUnsafe({ adminHost, secret }: DrachtioServerOptions): void {
  const loopback = adminHost === 'localhost' || adminHost === '::1' || adminHost.startsWith('127.');
  if (secret === '') throw new UnsafeSetting('secret: must not be empty');
  if (secret === publishedSecret && !loopback) {
    throw new UnsafeSetting(
      `secret: "${publishedSecret}" is published; set your own to listen on ${adminHost}`,
    );
  }
}
