import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Srf from 'drachtio-srf';
import {
  type DrachtioServer,
  type DrachtioServerOptions,
  startDrachtioServer,
} from '../../src/embedded/drachtio-server/start-drachtio-server';
import { sleep, systemClock } from '../../src/kernel/clock';
import { silentLog } from '../../src/kernel/log';

/** The embedded SIP server with real SIPp programs and real drachtio-srf applications around it, all on 127.0.0.1. */

export const secret = 'stage-secret';
export const sdp =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=sendrecv\r\n';
/** RFC 3261 timers at a tenth, so that a missing ACK ends a call in 3.2 s. */
export const quickTimers = { t1Ms: 50, t2Ms: 400, t4Ms: 500 };

export type Stage = {
  readonly server: DrachtioServer;
  readonly sipPort: number;
  app(): Promise<Srf>;
  /** A raw peer that is closed with the stage. */
  peer(): Promise<RawPeer>;
  close(): Promise<void>;
};

/** Starts a server on free ports; `app()` connects an application to it. */
export async function setStage(options: Partial<DrachtioServerOptions> = {}): Promise<Stage> {
  const server = await startDrachtioServer({
    adminHost: '127.0.0.1',
    adminPort: 0,
    secret,
    sipHost: '127.0.0.1',
    sipPort: 0,
    transports: ['udp', 'tcp'],
    timers: quickTimers,
    clock: systemClock,
    log: silentLog,
    ...options,
  });
  const { adminPort, sipPorts } = server;
  const around = stageAround({ adminPort, sipPort: sipPorts.udp ?? 0, key: secret });
  return {
    ...around,
    server,
    close: async () => {
      await around.close();
      await server.close();
    },
  };
}

function stageAround(at: { adminPort: number; sipPort: number; key: string }): Omit<Stage, 'server'> {
  const apps: Srf[] = [];
  const peers: RawPeer[] = [];
  return {
    sipPort: at.sipPort,
    app: async () => {
      const app = await connectApp(at.adminPort, at.key);
      apps.push(app);
      return app;
    },
    peer: async () => {
      const peer = await rawPeer();
      peers.push(peer);
      return peer;
    },
    close: async () => {
      for (const app of apps) disconnect(app);
      for (const peer of peers) peer.close();
      await sleep(systemClock, 50);
    },
  };
}

/**
 * The same around the server that the environment names (docs/real-engines.md), or else around the embedded one: for stories that both must
 * tell. Only one of them may run at a time on a real server, which shares requests out among all its applications.
 */
export async function setStageOnEither(): Promise<Omit<Stage, 'server'>> {
  const { DRACHTIO_HOST, DRACHTIO_PORT, DRACHTIO_SECRET, SIP_PORT } = process.env;
  if (!DRACHTIO_HOST) return setStage();
  return stageAround({
    adminPort: Number(DRACHTIO_PORT),
    sipPort: Number(SIP_PORT),
    key: DRACHTIO_SECRET ?? '',
  });
}

/** srf throws when its connection is already gone. */
function disconnect(app: Srf): void {
  try {
    app.disconnect();
  } catch {
    return;
  }
}

function connectApp(port: number, key: string): Promise<Srf> {
  const app = new Srf();
  return new Promise((resolve, reject) => {
    app.on('error', () => {});
    app.on('connect', (error: Error | null) => (error ? reject(error) : resolve(app)));
    app.connect({ host: '127.0.0.1', port, secret: key });
  });
}

/** A port free for UDP and TCP now. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const datagrams = createSocket('udp4');
  const free = await new Promise<boolean>((resolve) => {
    datagrams.once('error', () => resolve(false));
    datagrams.bind(port, '127.0.0.1', () => resolve(true));
  });
  if (free) datagrams.close();
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return free ? port : freePort();
}

export type Sipp = {
  /** Resolves with SIPp's exit code: 0 when every call went as its scenario says. */
  readonly done: Promise<number>;
  /** What SIPp complained about; '' when nothing. */
  complaints(): string;
  stop(): void;
};

export type SippOptions = {
  /** A scenario as XML, or the name of a built-in one. */
  readonly scenario: string;
  /** Where to call; undefined for a scenario that waits for calls. */
  readonly remotePort?: number;
  readonly localPort: number;
  readonly transport?: 'u1' | 't1';
  readonly calls?: number;
  readonly more?: readonly string[];
};

/** Runs SIPp; its files live in a directory that is removed when it ends. */
export function runSipp(options: SippOptions): Sipp {
  const { scenario, remotePort, localPort, transport = 'u1', calls = 1, more = [] } = options;
  const directory = mkdtempSync(join(tmpdir(), 'sipp-'));
  const builtIn = !scenario.includes('<');
  if (!builtIn) writeFileSync(join(directory, 'scenario.xml'), scenario);
  const where = remotePort === undefined ? [] : [`127.0.0.1:${remotePort}`];
  const what = builtIn ? ['-sn', scenario] : ['-sf', 'scenario.xml'];
  const local = ['-i', '127.0.0.1', '-p', String(localPort), '-t', transport];
  const bounds = [
    '-m',
    String(calls),
    '-nostdin',
    '-timeout',
    '30',
    '-timeout_error',
    '-recv_timeout',
    '20000',
  ];
  const child = spawn('sipp', [...where, ...what, ...local, ...bounds, ...more], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const done = new Promise<number>((resolve) => {
    child.once('exit', (code) => {
      rmSync(directory, { recursive: true, force: true });
      resolve(code ?? -1);
    });
  });
  return { done, complaints: () => errors, stop: () => child.kill('SIGUSR1') };
}

/** Waits up to `limitMs` for a condition to hold; false when it never did. */
export async function holdsWithin(limitMs: number, condition: () => boolean): Promise<boolean> {
  for (let passedMs = 0; passedMs < limitMs; passedMs += 10) {
    if (condition()) return true;
    await sleep(systemClock, 10);
  }
  return condition();
}

/** A peer that speaks raw SIP over UDP, for what SIPp cannot say. */
export type RawPeer = {
  readonly port: number;
  readonly received: string[];
  /** The first message that starts so and was not given out yet; rejects after 3 s. */
  next(start: string): Promise<string>;
  send(text: string, port: number): void;
  close(): void;
};

export async function rawPeer(): Promise<RawPeer> {
  const socket = createSocket('udp4');
  const received: string[] = [];
  socket.on('message', (data) => received.push(data.toString('latin1')));
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  const given = new Set<number>();
  const unseen = (start: string): number =>
    received.findIndex((text, at) => text.startsWith(start) && !given.has(at));
  return {
    port: socket.address().port,
    received,
    next: async (start) => {
      if (!(await holdsWithin(3_000, () => unseen(start) !== -1))) throw new Error(`no ${start} came`);
      const at = unseen(start);
      given.add(at);
      return received[at] ?? '';
    },
    send: (text, port) => socket.send(Buffer.from(text, 'latin1'), port, '127.0.0.1'),
    close: () => socket.close(),
  };
}

/** A request as the raw peer writes it. */
export function rawRequest(
  peer: RawPeer,
  method: string,
  more: {
    to?: string;
    cseq?: number;
    branch?: string;
    callId?: string;
    lines?: string[];
    body?: string;
  } = {},
): string {
  const {
    to = '<sip:bob@127.0.0.1>',
    cseq = 1,
    branch = `z9hG4bK${method}${cseq}`,
    callId = `raw-${peer.port}`,
    lines = [],
    body = '',
  } = more;
  return [
    `${method} sip:bob@127.0.0.1 SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${peer.port};branch=${branch}`,
    `From: <sip:alice@127.0.0.1>;tag=raw${peer.port}`,
    `To: ${to}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:alice@127.0.0.1:${peer.port}>`,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    ...lines,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** Value of a header of a raw message. */
export function headerOf(text: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
}

/** The raw peer's response to a request it got. */
export function rawResponse(peer: RawPeer, request: string, status: string, body = ''): string {
  const to = headerOf(request, 'To');
  return [
    `SIP/2.0 ${status}`,
    ...['Via', 'From', 'Call-ID', 'CSeq'].map((name) => `${name}: ${headerOf(request, name)}`),
    `To: ${to.includes(';tag=') ? to : `${to};tag=raw${peer.port}`}`,
    `Contact: <sip:callee@127.0.0.1:${peer.port}>`,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}
