import { isUtf8 } from 'node:buffer';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { parseLimits } from '../sip/parse';
import { type StreamLimits, streamLimits, type StreamOptions } from './stream-connections';
import type { TlsIdentity } from './tls';
import type { Flow, SendFailed, Source, Transport } from './transport';

/** RFC 7118 section 4: both sides name it, or there is no connection. */
const subprotocol = 'sip';
/** A browser that answers no ping within this time is gone: no packet tells of a laptop that was closed. */
const pingMs = 20_000;
/** An HTTP request must be complete so long after its first byte. */
const upgradeMs = 10_000;
const longestMessageBytes = parseLimits.headBytes + parseLimits.bodyBytes;
const goingAway = 1001;

/** With a certificate it is WSS; whoever has no WebSocket but a browser shows none of its own. */
export type WsOptions = StreamOptions & { readonly tls?: Pick<TlsIdentity, 'key' | 'cert'> | undefined };

type Connection = {
  readonly socket: WebSocket;
  readonly source: Source;
  readonly sinceMs: number;
  /** A connection counts as idle only until it said something of SIP: from then on its pongs keep it. */
  spoke: boolean;
  answered: boolean;
};

/** SIP over WebSocket, as a server alone: nobody can be connected to. Opened by `openWs`. */
class WsTransport implements Transport {
  readonly protocol: 'ws' | 'wss';
  readonly host: string;
  private readonly limits: StreamLimits;
  private readonly server: Server;
  private readonly sockets: WebSocketServer;
  private readonly connections = new Set<Connection>();
  private readonly sweep: { cancel(): void };
  private readonly raw = new Set<Duplex>();

  constructor(private readonly options: WsOptions) {
    const { tls, clock, log } = options;
    this.protocol = tls === undefined ? 'ws' : 'wss';
    this.host = options.host;
    this.limits = options.limits ?? streamLimits;
    const times = { headersTimeout: upgradeMs, requestTimeout: upgradeMs, keepAliveTimeout: 1 };
    this.server =
      tls === undefined
        ? createHttpServer(times)
        : createHttpsServer({ ...times, key: tls.key, cert: tls.cert, minVersion: 'TLSv1.2' });
    this.server.maxConnections = this.limits.maxConnections;
    this.server.on('request', (_request, response) => {
      response.writeHead(426, { Upgrade: 'websocket', Connection: 'close' }).end();
    });
    this.server.on('connection', (socket: Duplex) => {
      this.raw.add(socket);
      socket.on('close', () => this.raw.delete(socket));
    });
    this.sockets = new WebSocketServer({
      noServer: true,
      maxPayload: longestMessageBytes,
      perMessageDeflate: false,
      handleProtocols: () => subprotocol,
    });
    this.server.on('upgrade', (request, socket, head) => {
      socket.on('error', (error) => log.debug('websocket error', { error: error.message }));
      const asked = (request.headers['sec-websocket-protocol'] ?? '').split(',');
      if (!asked.some((name) => name.trim().toLowerCase() === subprotocol)) {
        socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      // Origin is not looked at: whoever is no browser writes what he likes, and a page of others has no password.
      const { remoteAddress = '', remotePort = 0 } = request.socket;
      this.sockets.handleUpgrade(request, socket, head, (opened) =>
        this.adopt(opened, remoteAddress, remotePort),
      );
    });
    this.sweep = clock.every(Math.min(pingMs, this.limits.messageMs), () => this.pingAll());
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : this.options.port;
  }

  listen(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.server.once('error', (error) => {
        this.sweep.cancel();
        reject(error);
      });
      this.server.listen(this.options.port, this.options.host, () => {
        this.server.removeAllListeners('error');
        this.server.on('error', (error) =>
          this.options.log.warn('sip listener error', { protocol: this.protocol, error: error.message }),
        );
        resolve(this);
      });
    });
  }

  send(text: string, to: { readonly flow?: Flow | undefined }, failed: SendFailed): void {
    if (to.flow === undefined) queueMicrotask(() => failed('a browser can only be reached while connected'));
    else to.flow.send(text, failed);
  }

  close(): Promise<void> {
    this.sweep.cancel();
    for (const { socket } of this.connections) socket.close(goingAway);
    return new Promise((done) => {
      this.server.close(() => done());
      for (const socket of this.raw) socket.destroy();
    });
  }

  private adopt(socket: WebSocket, address: string, port: number): void {
    const { clock, log } = this.options;
    const source: Source = { protocol: this.protocol, address, port, flow: this.flowOf(socket) };
    const connection: Connection = {
      socket,
      source,
      sinceMs: clock.monotonicMs(),
      spoke: false,
      answered: true,
    };
    this.connections.add(connection);
    socket.on('message', (data) => this.onMessage(connection, data));
    socket.on('pong', () => {
      connection.answered = true;
    });
    // Too long a message, a broken frame: ws ends the connection with the code that says so.
    socket.on('error', (error) => log.debug('websocket error', { address, error: error.message }));
    socket.on('close', () => this.connections.delete(connection));
  }

  private flowOf(socket: WebSocket): Flow {
    const { maxUnsentBytes } = this.limits;
    return {
      get open() {
        return socket.readyState === socket.OPEN;
      },
      send(text, failed) {
        if (socket.readyState !== socket.OPEN) {
          queueMicrotask(() => failed('connection is closed'));
          return;
        }
        if (socket.bufferedAmount > maxUnsentBytes) {
          socket.terminate();
          queueMicrotask(() => failed('peer does not read'));
          return;
        }
        const bytes = Buffer.from(text, 'latin1');
        // A text frame that is not UTF-8 makes a browser close the connection (RFC 6455 8.1).
        socket.send(bytes, { binary: !isUtf8(bytes) }, (error) => {
          if (error) failed(error.message);
        });
      },
    };
  }

  private onMessage(connection: Connection, data: RawData): void {
    const text = bytesOf(data).toString('latin1');
    connection.answered = true;
    if (/^[\r\n]*$/.test(text)) {
      if (text.startsWith('\r\n\r\n')) connection.source.flow?.send('\r\n', () => {});
      return;
    }
    connection.spoke = true;
    try {
      this.options.receive(text, connection.source);
    } catch (error) {
      this.options.log.error('sip message handler failed', { protocol: this.protocol, error: String(error) });
    }
  }

  private pingAll(): void {
    const nowMs = this.options.clock.monotonicMs();
    for (const connection of this.connections) {
      const silent = !connection.spoke && nowMs - connection.sinceMs > this.limits.messageMs;
      if (silent || !connection.answered) connection.socket.terminate();
      else {
        connection.answered = false;
        connection.socket.ping();
      }
    }
  }
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

/**
 * Opens a WebSocket transport (RFC 7118), WSS with a certificate: one SIP message a frame, text or binary. Rejects with the system's error
 * when the address cannot be had, or OpenSSL's for a key or certificate it cannot use.
 */
export async function openWs(options: WsOptions): Promise<Transport> {
  return new WsTransport(options).listen();
}
