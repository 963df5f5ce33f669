import type { Server, Socket } from 'node:net';
import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import { createStreamFramer, type StreamFramer } from './stream-framing';
import type { Destination, Flow, Protocol, Receive, SendFailed, Source, Transport } from './transport';

/** What connections may cost us. */
export type StreamLimits = {
  readonly maxConnections: number;
  /** A connection without any byte for so long is closed. */
  readonly idleMs: number;
  /** A message must be complete so long after its first byte. */
  readonly messageMs: number;
  /** A peer that leaves so many bytes unread is cut off. */
  readonly maxUnsentBytes: number;
  readonly connectMs: number;
};

/** Messages that wait for one connection to come up. */
const heldMax = 1_000;

export const streamLimits: StreamLimits = {
  maxConnections: 10_000,
  idleMs: 900_000,
  messageMs: 32_000,
  maxUnsentBytes: 1_048_576,
  connectMs: 5_000,
};

export type StreamOptions = {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly receive: Receive;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: StreamLimits;
};

/** Begins a connection of the transport's kind; what is written before it is up waits. */
export type Dial = (to: Destination) => Socket;

type Peer = Pick<Destination, 'address' | 'port' | 'name'>;

type Connection = {
  readonly socket: Socket;
  readonly framer: StreamFramer;
  readonly source: Source;
  lastByteAtMs: number;
  /** When the unfinished message began; undefined between messages. */
  messageSinceMs: number | undefined;
};

/** The connections of one stream transport, found again by the peer's address. */
export class StreamConnections {
  private readonly limits: StreamLimits;
  private readonly connections = new Set<Connection>();
  private readonly byPeer = new Map<string, Connection>();
  private readonly sweep: { cancel(): void };

  constructor(
    private readonly protocol: Protocol,
    private readonly options: StreamOptions,
    private readonly dialTo: Dial,
  ) {
    this.limits = options.limits ?? streamLimits;
    const periodMs = Math.max(10, Math.min(this.limits.idleMs, this.limits.messageMs) / 4);
    this.sweep = options.clock.every(periodMs, () => this.closeStale());
  }

  private get upEvent(): string {
    return this.protocol === 'tls' ? 'secureConnect' : 'connect';
  }

  accept(socket: Socket): void {
    if (this.connections.size >= this.limits.maxConnections) {
      this.options.log.warn('sip connection refused, too many', { limit: this.limits.maxConnections });
      socket.destroy();
      return;
    }
    this.adopt(socket, { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }, true);
  }

  send(text: string, to: Destination, failed: SendFailed): void {
    if (to.flow?.open) {
      to.flow.send(text, failed);
      return;
    }
    const connection = this.byPeer.get(peerKey(to)) ?? this.dial(to);
    if (connection === undefined) queueMicrotask(() => failed('no connection to be had'));
    else connection.source.flow?.send(text, failed);
  }

  close(): void {
    this.sweep.cancel();
    for (const { socket } of this.connections) socket.destroy();
  }

  private dial(to: Destination): Connection | undefined {
    if (this.connections.size >= this.limits.maxConnections) return undefined;
    try {
      const socket = this.dialTo(to);
      const timer = this.options.clock.after(this.limits.connectMs, () => {
        socket.destroy(new Error('connect timed out'));
      });
      socket.once(this.upEvent, () => timer.cancel());
      socket.once('close', () => timer.cancel());
      return this.adopt(socket, to, false);
    } catch {
      return undefined;
    }
  }

  private adopt(socket: Socket, peer: Peer, up: boolean): Connection {
    const { address, port } = peer;
    const nowMs = this.options.clock.monotonicMs();
    const source: Source = { protocol: this.protocol, address, port, flow: this.flowOf(socket, up) };
    const framer = createStreamFramer();
    const connection: Connection = { socket, framer, source, lastByteAtMs: nowMs, messageSinceMs: undefined };
    this.connections.add(connection);
    const key = peerKey(peer);
    this.byPeer.set(key, connection);
    socket.on('data', (data) => this.onData(connection, data));
    socket.on('error', (error) =>
      this.options.log.debug('sip connection error', { address, error: error.message }),
    );
    socket.on('close', () => {
      this.connections.delete(connection);
      if (this.byPeer.get(key) === connection) this.byPeer.delete(key);
    });
    return connection;
  }

  private flowOf(socket: Socket, up: boolean): Flow {
    const { maxUnsentBytes } = this.limits;
    const unsent = new Set<SendFailed>();
    const held: (() => void)[] = [];
    let isUp = up;
    socket.once(this.upEvent, () => {
      isUp = true;
      for (const write of held.splice(0)) write();
    });
    socket.once('close', () => {
      for (const failed of unsent) failed('connection is lost');
      unsent.clear();
    });
    return {
      get open() {
        return !socket.destroyed && socket.writable;
      },
      send(text, failed) {
        if (socket.destroyed || !socket.writable) {
          queueMicrotask(() => failed('connection is closed'));
          return;
        }
        if (socket.writableLength > maxUnsentBytes || held.length >= heldMax) {
          socket.destroy();
          queueMicrotask(() => failed('peer does not read'));
          return;
        }
        unsent.add(failed);
        const write = (): void => {
          socket.write(text, 'latin1', (error) => {
            if (unsent.delete(failed) && error) failed(error.message);
          });
        };
        // Before a TLS server has proved its name it gets nothing to read.
        if (isUp) write();
        else held.push(write);
      },
    };
  }

  private onData(connection: Connection, data: Buffer | string): void {
    const { clock, log, receive } = this.options;
    const nowMs = clock.monotonicMs();
    connection.lastByteAtMs = nowMs;
    const bytes = typeof data === 'string' ? data : data.toString('latin1');
    for (const framed of connection.framer.push(bytes)) {
      connection.messageSinceMs = undefined;
      if (framed.kind === 'ping') {
        connection.source.flow?.send('\r\n', () => {});
        continue;
      }
      try {
        receive(framed.text, connection.source);
      } catch (error) {
        log.error('sip message handler failed', { protocol: this.protocol, error: String(error) });
      }
      if (framed.kind === 'broken') connection.socket.end();
    }
    if (!connection.framer.pending) connection.messageSinceMs = undefined;
    else connection.messageSinceMs ??= nowMs;
  }

  private closeStale(): void {
    const nowMs = this.options.clock.monotonicMs();
    for (const connection of this.connections) {
      const idle = nowMs - connection.lastByteAtMs > this.limits.idleMs;
      const sinceMs = connection.messageSinceMs;
      const slow = sinceMs !== undefined && nowMs - sinceMs > this.limits.messageMs;
      if (idle || slow) connection.socket.destroy();
    }
  }
}

/** A connection is used again for the name it was made for alone: with TLS, another name would need another certificate. */
function peerKey({ address, port, name = '' }: Peer): string {
  return `${address}|${port}|${name}`;
}

/** Makes a transport of a server and its connections; rejects with the system's error when the address cannot be had. */
export function listen(
  protocol: Protocol,
  server: Server,
  connections: StreamConnections,
  options: StreamOptions,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      connections.close();
      reject(error);
    });
    server.listen(options.port, options.host, () => {
      server.removeAllListeners('error');
      server.on('error', (error) =>
        options.log.warn('sip listener error', { protocol, error: error.message }),
      );
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : options.port;
      resolve({
        protocol,
        host: options.host,
        port,
        send: (text, to, failed) => connections.send(text, to, failed),
        close: () => closeAll(server, connections),
      });
    });
  });
}

function closeAll(server: Server, connections: StreamConnections): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    connections.close();
  });
}
