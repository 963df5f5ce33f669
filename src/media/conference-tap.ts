import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Clock, Timer } from '../kernel/clock';
import { randomId } from '../kernel/ids';
import type { Leg } from './leg';
import { readAudioPacket, silentPacket } from './rtp-packet';
import { FRAME_MS, TapTimeline } from './tap-timeline';

/** How often we send a packet of silence: far more often than any media server's time-out for silent callers. */
const KEEP_ALIVE_MS = 500;
const SAMPLES_PER_MS = 8;
/** Room in the socket for 10 s of packets while the process is busy. */
const SOCKET_BUFFER_BYTES = 512 * 1_024;

/** Our UDP socket for what a tap hears; the SDP that names it makes the media server send there. */
export class TapSocket {
  #from: RemoteInfo | null = null;

  private constructor(
    private readonly socket: Socket,
    readonly localSdp: string,
  ) {}

  /** Opens a socket on a free port of `address`. Rejects when the address is not this machine's. */
  static async open(address: string): Promise<TapSocket> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    socket.on('error', () => undefined);
    socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
    return new TapSocket(socket, listenerSdp(socket.address()));
  }

  /** Tells datagrams from the one sender whose port the media server named; others are dropped. */
  onDatagram(mediaServerPort: number, handler: (datagram: Buffer) => void): void {
    this.socket.on('message', (datagram, from) => {
      if (from.port !== mediaServerPort) return;
      this.#from ??= from;
      if (from.address === this.#from.address) handler(datagram);
    });
  }

  send(datagram: Buffer, port: number, address: string): void {
    this.socket.send(datagram, port, address, () => undefined);
  }

  close(): void {
    this.socket.close();
  }
}

function listenerSdp({ address, port, family }: { address: string; port: number; family: string }): string {
  const host = `IN ${family === 'IPv6' ? 'IP6' : 'IP4'} ${address}`;
  return [
    'v=0',
    `o=- 1 1 ${host}`,
    's=-',
    `c=${host}`,
    't=0 0',
    `m=audio ${port} RTP/AVP 0`,
    'a=rtpmap:0 PCMU/8000',
    'a=ptime:20',
    'a=sendrecv',
    '',
  ].join('\r\n');
}

/**
 * A silent ear of ours in a conference, which hears what a member that says nothing hears. It is not counted as a member, and speaks
 * to nobody.
 */
export class ConferenceTap {
  readonly #timeline: TapTimeline;
  readonly #ticking: Timer;
  readonly #keepingAlive: Timer;
  #onAudio: (frame: Buffer) => void = () => undefined;
  #onGone: () => void = () => undefined;
  #ended = false;
  #sequence = 0;

  /** `leg` is in the conference already, set up with the SDP of `socket`. */
  constructor(
    private readonly leg: Leg,
    private readonly socket: TapSocket,
    clock: Clock,
  ) {
    this.#timeline = new TapTimeline((frame) => this.#onAudio(frame));
    const { port, address } = mediaAddress(leg.localSdp);
    socket.onDatagram(port, (datagram) => {
      const packet = this.#ended ? null : readAudioPacket(datagram);
      if (packet) this.#timeline.take(packet, clock.monotonicMs());
    });
    this.#ticking = clock.every(FRAME_MS, () => this.#timeline.tick(clock.monotonicMs()));
    const ssrc = Number.parseInt(randomId().replaceAll('-', '').slice(0, 8), 16);
    const sayAlive = (): void => {
      this.#sequence += 1;
      const timestamp = this.#sequence * KEEP_ALIVE_MS * SAMPLES_PER_MS;
      socket.send(silentPacket({ sequence: this.#sequence, timestamp, ssrc }), port, address);
    };
    sayAlive();
    this.#keepingAlive = clock.every(KEEP_ALIVE_MS, sayAlive);
    leg.onGone(() => {
      this.#stop();
      this.#onGone();
    });
  }

  /** The channel of the tap on the media server. */
  get legId(): string {
    return this.leg.id;
  }

  /** Frames that were lost or came too late, since the beginning. */
  get missingFrames(): number {
    return this.#timeline.filledFrames;
  }

  /** Tells what the conference says from the next frame on: 160 bytes of PCMU every 20 ms without a gap. The handler must not throw. */
  onAudio(handler: (frame: Buffer) => void): void {
    this.#onAudio = handler;
  }

  /** Tells once that the tap hears nothing any more and we did not close it. */
  onGone(handler: () => void): void {
    this.#onGone = handler;
  }

  /** Ends the tap: gives the frames that still wait, then hangs up. Never throws. */
  async close(): Promise<void> {
    this.#stop();
    await this.leg.hangUp();
  }

  #stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ticking.cancel();
    this.#keepingAlive.cancel();
    this.#timeline.end();
    this.socket.close();
  }
}

/** Where the media server sends from and hears us. */
function mediaAddress(sdp: string): { port: number; address: string } {
  return {
    port: Number(/^m=audio (\d{1,5}) /m.exec(sdp)?.[1] ?? 0),
    address: /^c=IN IP[46] (\S+)/m.exec(sdp)?.[1] ?? '',
  };
}
