/* oxlint-disable no-underscore-dangle -- so the compiled library names what it gives. */
import loadOpus, { type OpusHandler, type OpusNative } from 'opusscript/build/opusscript_native_wasm.js';
import { samplesPerSecond } from './audio-frame';

/** Enough for speech at telephone bandwidth. */
const bitsPerSecond = 24_000;
/** Longest packet that RFC 6716 knows for one frame, bytes. */
export const opusBytesMax = 1_275;
/** RFC 7587 section 4.1: RTP counts 48,000 a second, whatever is spoken. */
export const opusClockHz = 48_000;
/** One packet holds 120 ms at most (RFC 6716 section 3.2). */
const samplesMax = (samplesPerSecond * 120) / 1_000;

const applicationVoip = 2_048;
const setBitrate = 4_002;
const setComplexity = 4_010;
/** Of 0 to 10: half the work of the default, and nobody hears it at this bandwidth. */
const complexity = 4;

/** What all legs share: the library and room for one packet each way, since each call of it is done when it returns. */
type Library = { readonly native: OpusNative; readonly pcm: number; readonly packet: number };

let library: Library | undefined;

function loaded(): Library {
  if (library === undefined) {
    const native = loadOpus();
    // It wants one byte of PCM in each 16 bits.
    library = { native, pcm: native._malloc(samplesMax * 4), packet: native._malloc(opusBytesMax + 1) };
  }
  return library;
}

/**
 * Opus of one leg at 8,000 samples a second: the codec itself goes from and to the rate of its peer, so that rooms and G.711 legs need no
 * resampling. Costs one encoder and one decoder; `close` gives them back.
 */
export class OpusVoice {
  private readonly handler: OpusHandler;
  private closed = false;

  constructor() {
    this.handler = new (loaded().native.OpusScriptHandler)(samplesPerSecond, 1, applicationVoip);
    this.handler._encoder_ctl(setBitrate, bitsPerSecond);
    this.handler._encoder_ctl(setComplexity, complexity);
  }

  /** Encodes one slot into `into` from `offset` on; gives the bytes written, 0 when it cannot. */
  encode(samples: Int16Array, into: Buffer, offset: number): number {
    const { native, pcm, packet } = loaded();
    // Asked for each time: the views go stale when the memory grows.
    const cells = native.HEAPU16;
    let cell = pcm >> 1;
    for (const sample of samples) {
      cells[cell++] = sample & 0xff;
      cells[cell++] = (sample >> 8) & 0xff;
    }
    const length = this.handler._encode(pcm, samples.length * 2, packet, samples.length);
    if (length <= 0) return 0;
    into.set(native.HEAPU8.subarray(packet, packet + length), offset);
    return length;
  }

  /** Decodes one packet, which may hold up to 120 ms, into `into`; gives the samples, 0 when it is no Opus. */
  decode(bytes: Buffer, start: number, end: number, into: Int16Array): number {
    const length = end - start;
    if (length <= 0 || length > opusBytesMax) return 0;
    const { native, pcm, packet } = loaded();
    native.HEAPU8.set(bytes.subarray(start, end), packet);
    const samples = this.handler._decode(packet, length, pcm);
    if (samples <= 0 || samples > into.length) return 0;
    const cells = native.HEAPU16;
    let cell = pcm >> 1;
    for (let at = 0; at < samples; at += 1) {
      const low = cells[cell++] as number;
      into[at] = low | ((cells[cell++] as number) << 8);
    }
    return samples;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    loaded().native.OpusScriptHandler.destroy_handler(this.handler);
  }
}

/** Room for the longest packet. */
export const opusSamplesMax = samplesMax;
