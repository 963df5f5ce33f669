import { connect, createServer, type Server, type Socket } from 'node:net';
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

export const streamLimits: StreamLimits = {
  maxConnections: 10_000,
  idleMs: 900_000,
  messageMs: 32_000,
  maxUnsentBytes: 1_048_576,
  connectMs: 5_000,
};

export type TcpOptions = {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly receive: Receive;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: StreamLimits;
};

type Connection = {
  readonly socket: Socket;
  readonly framer: StreamFramer;
  readonly source: Source;
  lastByteAtMs: number;
  /** When the unfinished message began; undefined between messages. */
  messageSinceMs: number | undefined;
};

/** Opens a TCP transport; rejects with the system's error when the address cannot be had. */
export function openTcp(options: TcpOptions): Promise<Transport> {
  const connections = new StreamConnections('tcp', options);
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => connections.accept(socket));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      server.on('error', (error) => options.log.warn('tcp listener error', { error: error.message }));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : options.port;
      resolve({
        protocol: 'tcp',
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

/** The connections of one stream transport, found again by the peer's address. */
class StreamConnections {
  private readonly limits: StreamLimits;
  private readonly connections = new Set<Connection>();
  private readonly byPeer = new Map<string, Connection>();
  private readonly sweep: { cancel(): void };

  constructor(
    private readonly protocol: Protocol,
    private readonly options: TcpOptions,
  ) {
    this.limits = options.limits ?? streamLimits;
    const periodMs = Math.max(10, Math.min(this.limits.idleMs, this.limits.messageMs) / 4);
    this.sweep = options.clock.every(periodMs, () => this.closeStale());
  }

  accept(socket: Socket): void {
    if (this.connections.size >= this.limits.maxConnections) {
      this.options.log.warn('sip connection refused, too many', { limit: this.limits.maxConnections });
      socket.destroy();
      return;
    }
    this.adopt(socket, socket.remoteAddress ?? '', socket.remotePort ?? 0);
  }

  send(text: string, to: Destination, failed: SendFailed): void {
    if (to.flow?.open) {
      to.flow.send(text, failed);
      return;
    }
    const connection = this.byPeer.get(`${to.address}|${to.port}`) ?? this.dial(to);
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
      const socket = connect({ host: to.address, port: to.port, noDelay: true, keepAlive: true });
      const timer = this.options.clock.after(this.limits.connectMs, () => {
        if (socket.connecting) socket.destroy(new Error('connect timed out'));
      });
      socket.once('connect', () => timer.cancel());
      socket.once('close', () => timer.cancel());
      return this.adopt(socket, to.address, to.port);
    } catch {
      return undefined;
    }
  }

  private adopt(socket: Socket, address: string, port: number): Connection {
    const nowMs = this.options.clock.monotonicMs();
    const source: Source = { protocol: this.protocol, address, port, flow: this.flowOf(socket) };
    const framer = createStreamFramer();
    const connection: Connection = { socket, framer, source, lastByteAtMs: nowMs, messageSinceMs: undefined };
    this.connections.add(connection);
    const key = `${address}|${port}`;
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

  private flowOf(socket: Socket): Flow {
    const { maxUnsentBytes } = this.limits;
    return {
      get open() {
        return !socket.destroyed && socket.writable;
      },
      send(text, failed) {
        if (socket.destroyed || !socket.writable) {
          queueMicrotask(() => failed('connection is closed'));
          return;
        }
        if (socket.writableLength > maxUnsentBytes) {
          socket.destroy();
          queueMicrotask(() => failed('peer does not read'));
          return;
        }
        socket.write(text, 'latin1', (error) => {
          if (error) failed(error.message);
        });
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
