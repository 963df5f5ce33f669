import { createSocket, type Socket } from 'node:dgram';
import { decodeG711, encodeG711, encodeTables } from '../../src/embedded/media/g711';
import { Hearing } from '../../src/test-phone/hearing';
import { PromptEar } from './tone-prompts';

const FRAME_SAMPLES = 160;
const FRAME_MS = 20;
const HEADER_BYTES = 12;
const AMPLITUDE = 8_000;

/** The RTP side of a telephone of a test: it says a tone while it speaks, and writes down what it hears. PCMU alone. */
export class DeviceSound {
  readonly ear = new PromptEar();
  readonly hearing = new Hearing();
  /** Packets that came. */
  received = 0;
  /** Whether packets are sent; their sound is the tone. */
  isSpeaking = true;
  /** Sees every frame that came. */
  onFrame: ((frame: Int16Array) => void) | null = null;
  #toneHz = 0;
  #peer: { readonly host: string; readonly port: number } | null = null;
  #sample = 0;
  #sequence = 1;
  readonly #beat: NodeJS.Timeout;

  private constructor(private readonly socket: Socket) {
    socket.on('message', (packet) => this.#take(packet));
    socket.on('error', () => undefined);
    this.#beat = setInterval(() => this.#send(), FRAME_MS);
  }

  /** Takes a port that the system gives. */
  static async open(host: string): Promise<DeviceSound> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, host, resolve));
    return new DeviceSound(socket);
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** What is said from now on; 0 is silence. */
  say(toneHz: number): void {
    this.#toneHz = toneHz;
  }

  /** Where it goes, by the other side's SDP. */
  sendTo(sdp: string): void {
    const host = /^c=IN IP4 (\S+)/m.exec(sdp)?.[1];
    const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0);
    if (host && port > 0) this.#peer = { host, port };
  }

  close(): void {
    clearInterval(this.#beat);
    this.socket.close();
  }

  #send(): void {
    if (!this.isSpeaking || !this.#peer) return;
    const samples = new Int16Array(FRAME_SAMPLES);
    for (let n = 0; n < FRAME_SAMPLES; n++)
      samples[n] =
        this.#toneHz === 0
          ? 0
          : AMPLITUDE * Math.sin((2 * Math.PI * this.#toneHz * (this.#sample + n)) / 8_000);
    const packet = Buffer.alloc(HEADER_BYTES + FRAME_SAMPLES);
    packet[0] = 0x80;
    packet.writeUInt16BE(this.#sequence & 0xffff, 2);
    packet.writeUInt32BE(this.#sample >>> 0, 4);
    packet.writeUInt32BE(0x5eed, 8);
    encodeG711(encodeTables.PCMU, samples, packet, HEADER_BYTES);
    this.#sequence += 1;
    this.#sample += FRAME_SAMPLES;
    this.socket.send(packet, this.#peer.port, this.#peer.host);
  }

  #take(packet: Buffer): void {
    if (packet.length !== HEADER_BYTES + FRAME_SAMPLES || ((packet[1] ?? 0) & 0x7f) !== 0) return;
    this.received += 1;
    const frame = decodeG711('PCMU', packet.subarray(HEADER_BYTES));
    this.ear.take(frame);
    this.hearing.take(frame);
    this.onFrame?.(frame);
  }
}
