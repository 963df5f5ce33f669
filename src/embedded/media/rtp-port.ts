import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Log } from '../../kernel/log';

/** Pairs tried before opening gives up. */
const pairsTriedMax = 200;
/** Kernel buffers of one leg, bytes: a second of audio, so that a stall of ours loses nothing. */
const socketBufferBytes = 32_768;

/** No pair of ports in the range could be opened. */
export class NoFreePort extends Error {
  constructor(portMin: number, portMax: number) {
    super(`no free RTP port between ${portMin} and ${portMax}`);
    this.name = 'NoFreePort';
  }
}

/** Takes every datagram, true when it came to the RTCP port. Must not throw. */
export type DatagramHandler = (datagram: Buffer, from: RemoteInfo, onRtcpPort: boolean) => void;

/** What a leg sends through: its two sockets, or a test's stand-in. */
export interface PacketPort {
  readonly port: number;
  sendRtp(datagram: Buffer, address: string, port: number): void;
  sendRtcp(datagram: Buffer, address: string, port: number): void;
  /** From now on the kernel takes RTP from this address alone and sends there without looking the way up again. */
  pin(address: string, port: number): void;
  unpin(): void;
  close(): void;
}

/** The two sockets of one leg: RTP on an even port, RTCP on the next (RFC 3550 section 11). */
export class RtpPort implements PacketPort {
  private pinned = false;

  constructor(
    readonly port: number,
    private readonly rtp: Socket,
    private readonly rtcp: Socket,
    private readonly release: () => void,
  ) {}

  /** Sends from the RTP port; losing it is no fault. */
  sendRtp(datagram: Buffer, address: string, port: number): void {
    if (this.pinned) this.rtp.send(datagram);
    else this.rtp.send(datagram, port, address);
  }

  pin(address: string, port: number): void {
    if (this.pinned) return;
    try {
      // Connecting needs no resolver (see `bind`), so it is done when this returns.
      this.rtp.connect(port, address);
      this.rtp.remoteAddress();
      this.pinned = true;
    } catch {
      // Not connected: sending with an address goes on working.
    }
  }

  unpin(): void {
    if (!this.pinned) return;
    this.pinned = false;
    this.rtp.disconnect();
  }

  /** Sends from the RTCP port. */
  sendRtcp(datagram: Buffer, address: string, port: number): void {
    this.rtcp.send(datagram, port, address);
  }

  /** Closes both sockets and gives the ports back. */
  close(): void {
    this.rtp.close();
    this.rtcp.close();
    this.release();
  }
}

/** Hands out port pairs of one host, going round so that a port is not used again at once. */
export class RtpPortRange {
  private readonly used = new Set<number>();
  private cursor: number;
  private readonly firstPort: number;

  constructor(
    private readonly host: string,
    portMin: number,
    private readonly portMax: number,
    private readonly log: Log,
  ) {
    this.firstPort = portMin + (portMin % 2);
    this.cursor = this.firstPort;
  }

  /** Pairs in use now. */
  get open(): number {
    return this.used.size;
  }

  /** Opens a pair. Rejects with NoFreePort. */
  async take(onDatagram: DatagramHandler): Promise<RtpPort> {
    for (let tries = 0; tries < pairsTriedMax; tries += 1) {
      const port = this.nextPort();
      if (port === undefined) break;
      this.used.add(port);
      const pair = await this.openPair(port, onDatagram);
      if (pair) return pair;
      this.used.delete(port);
    }
    throw new NoFreePort(this.firstPort, this.portMax);
  }

  private nextPort(): number | undefined {
    const pairs = Math.floor((this.portMax - this.firstPort + 1) / 2);
    for (let step = 0; step < pairs; step += 1) {
      const port = this.cursor;
      this.cursor = port + 3 > this.portMax ? this.firstPort : port + 2;
      if (!this.used.has(port)) return port;
    }
    return undefined;
  }

  private async openPair(port: number, onDatagram: DatagramHandler): Promise<RtpPort | undefined> {
    const rtp = await this.bind(port, onDatagram, false);
    if (!rtp) return undefined;
    const rtcp = await this.bind(port + 1, onDatagram, true);
    if (rtcp) return new RtpPort(port, rtp, rtcp, () => this.used.delete(port));
    rtp.close();
    return undefined;
  }

  private bind(port: number, onDatagram: DatagramHandler, isRtcp: boolean): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      // The address is always an IP address: asking a resolver for each packet would cost more than sending it.
      const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
      socket.once('error', () => {
        socket.close();
        resolve(undefined);
      });
      socket.bind(port, this.host, () => {
        socket.removeAllListeners('error');
        socket.on('error', (error) => this.log.debug('rtp socket error', { port, error: error.message }));
        socket.on('message', (datagram, from) => onDatagram(datagram, from, isRtcp));
        trySetBuffers(socket);
        resolve(socket);
      });
    });
  }
}

function trySetBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(socketBufferBytes);
  } catch {
    // Sandboxes may forbid it; the default serves too.
  }
}
