import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Clock, Timer } from '../kernel/clock';
import { randomId } from '../kernel/ids';
import { audioSdp, mediaAddress } from './audio-sdp';
import { silentPacket } from './rtp-packet';
import { unusedBrowserLines, withoutVoice } from './browser-audio';
import { unusedCryptoLine } from './secure-audio';

/** How often a packet of silence is sent: far more often than any media server's time-out for silent callers. */
const KEEP_ALIVE_MS = 500;
const SAMPLES_PER_MS = 8;
/** Room in the socket for 10 s of packets while the process is busy. */
const SOCKET_BUFFER_BYTES = 512 * 1_024;

/** How a far end speaks: RTP, SRTP with keys in the SDP (RFC 4568), or as a browser does (ICE and DTLS-SRTP). */
export type Protection = 'plain' | 'srtp' | 'browser';

/**
 * The far end of a leg that has none: a UDP socket of ours that says a packet of silence now and then, so that the media server does
 * not take the leg for dead.
 */
export class SilentPeer {
  #from: RemoteInfo | null = null;
  #port = 0;
  #speaking: Timer | null = null;
  #closed = false;

  private constructor(
    private readonly socket: Socket,
    private readonly payloadTypes: readonly number[],
    private readonly clock: Clock,
  ) {}

  /** Opens a socket on a free port of `address`, an IPv4 address of this machine. Rejects when it is not. */
  static async open(address: string, payloadTypes: readonly number[], clock: Clock): Promise<SilentPeer> {
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    socket.on('error', () => undefined);
    socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
    return new SilentPeer(socket, payloadTypes, clock);
  }

  /** The SDP that makes the media server send here. */
  get sdp(): string {
    return audioSdp({ ...this.socket.address(), payloadTypes: this.payloadTypes });
  }

  /**
   * The same for a far end that speaks so. We speak neither SRTP nor DTLS, so the media server is also told to wait for nothing: FreeSWITCH
   * takes that from `recvonly` before the first m line, while the m line itself goes on being two-way.
   */
  sdpOf(speaks: Protection): string {
    if (speaks === 'plain') return this.sdp;
    const { address, port } = this.socket.address();
    const candidate = `a=candidate:1 1 UDP 2130706431 ${address} ${port} typ host`;
    const sdp = audioSdp({
      address,
      port,
      payloadTypes: this.payloadTypes,
      cryptoLine: speaks === 'srtp' ? unusedCryptoLine() : null,
      browserLines: speaks === 'browser' ? [...unusedBrowserLines(), candidate] : null,
    });
    const told = sdp.replace(/^m=/m, 'a=recvonly\r\nm=');
    return speaks === 'browser' ? withoutVoice(told) : told;
  }

  /** Begins to speak to the address of the media server's SDP. */
  speakTo(mediaServerSdp: string): void {
    const { address, port } = mediaAddress(mediaServerSdp);
    const ssrc = Number.parseInt(randomId().slice(0, 8), 16);
    let sequence = 0;
    const speak = (): void => {
      if (this.#closed) return;
      sequence += 1;
      const timestamp = sequence * KEEP_ALIVE_MS * SAMPLES_PER_MS;
      this.socket.send(silentPacket({ sequence, timestamp, ssrc }), port, address, () => undefined);
    };
    this.#port = port;
    this.#speaking = this.clock.every(KEEP_ALIVE_MS, speak);
    speak();
  }

  /** Tells datagrams of the one sender whose port the media server named; others are dropped. */
  onDatagram(handler: (datagram: Buffer) => void): void {
    this.socket.on('message', (datagram, from) => {
      if (from.port !== this.#port) return;
      this.#from ??= from;
      if (from.address === this.#from.address) handler(datagram);
    });
  }

  /** Closes the socket, once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#speaking?.cancel();
    this.socket.close();
  }
}
