import { samplesPerFrame, samplesPerSecond, type FrameSource } from './audio-frame';
import { decodeG711 } from './g711';

const chunksMax = 64;
const wavHeaderBytes = 44;

/** A file is not a WAV we can play. */
export class UnreadableWav extends Error {
  constructor(reason: string) {
    super(`not a playable WAV: ${reason}`);
    this.name = 'UnreadableWav';
  }
}

/**
 * Reads a mono WAV of 8 or 16 kHz, 16-bit PCM, mu-law or A-law (RIFF formats 1, 7, 6), and gives 8 kHz samples.
 * Throws UnreadableWav; a data chunk longer than the file is cut, as writers that were killed leave it.
 */
export function readWav(file: Buffer): Int16Array {
  if (
    file.length < 12 ||
    file.toString('latin1', 0, 4) !== 'RIFF' ||
    file.toString('latin1', 8, 12) !== 'WAVE'
  ) {
    throw new UnreadableWav('no RIFF/WAVE header');
  }
  let format: { tag: number; channels: number; rate: number; bits: number } | undefined;
  for (let at = 12, count = 0; at + 8 <= file.length && count < chunksMax; count += 1) {
    const name = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const body = file.subarray(at + 8, Math.min(at + 8 + size, file.length));
    if (name === 'fmt ') format = readFormat(body);
    if (name === 'data' && format) return toTelephoneRate(decodeSamples(body, format), format.rate);
    at += 8 + size + (size % 2);
  }
  throw new UnreadableWav(format ? 'no data chunk' : 'no fmt chunk before the data');
}

function readFormat(body: Buffer): { tag: number; channels: number; rate: number; bits: number } {
  if (body.length < 16) throw new UnreadableWav('short fmt chunk');
  const tag = body.readUInt16LE(0);
  return { tag, channels: body.readUInt16LE(2), rate: body.readUInt32LE(4), bits: body.readUInt16LE(14) };
}

function decodeSamples(
  body: Buffer,
  format: { tag: number; channels: number; rate: number; bits: number },
): Int16Array {
  if (format.channels !== 1) throw new UnreadableWav(`${format.channels} channels, only mono is played`);
  if (format.rate !== 8_000 && format.rate !== 16_000)
    throw new UnreadableWav(`${format.rate} Hz, only 8000 and 16000 are played`);
  if (format.tag === 7 && format.bits === 8) return decodeG711('PCMU', body);
  if (format.tag === 6 && format.bits === 8) return decodeG711('PCMA', body);
  if (format.tag !== 1 || format.bits !== 16)
    throw new UnreadableWav(`format ${format.tag} with ${format.bits} bits`);
  const samples = new Int16Array(Math.floor(body.length / 2));
  for (let at = 0; at < samples.length; at += 1) samples[at] = body.readInt16LE(at * 2);
  return samples;
}

/** Halves 16 kHz after a seven-tap half-band low pass, which keeps what lies above 4 kHz from folding back. */
function toTelephoneRate(samples: Int16Array, rate: number): Int16Array {
  if (rate === samplesPerSecond) return samples;
  const halved = new Int16Array(Math.ceil(samples.length / 2));
  for (let at = 0; at < halved.length; at += 1) {
    const middle = at * 2;
    const near = (samples[middle - 1] ?? 0) + (samples[middle + 1] ?? 0);
    const far = (samples[middle - 3] ?? 0) + (samples[middle + 3] ?? 0);
    halved[at] = Math.max(
      -32_768,
      Math.min(32_767, (16 * (samples[middle] as number) + 9 * near - far) / 32),
    );
  }
  return halved;
}

/** The 44 bytes before 16-bit mono PCM at 8 kHz. */
export function wavHeader(sampleCount: number): Buffer {
  const dataBytes = sampleCount * 2;
  const header = Buffer.alloc(wavHeaderBytes);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + dataBytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(samplesPerSecond, 24);
  header.writeUInt32LE(samplesPerSecond * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataBytes, 40);
  return header;
}

/** A whole WAV file of 16-bit mono PCM at 8 kHz. */
export function writeWav(samples: Int16Array): Buffer {
  const body = Buffer.alloc(samples.length * 2);
  for (let at = 0; at < samples.length; at += 1) body.writeInt16LE(samples[at] as number, at * 2);
  return Buffer.concat([wavHeader(samples.length), body]);
}

/** Plays samples from `startSample` on; the last slot is filled up with silence. */
export class SampleSource implements FrameSource {
  private at: number;

  constructor(
    private readonly samples: Int16Array,
    startSample = 0,
  ) {
    this.at = Math.min(Math.max(0, startSample), samples.length);
  }

  /** Samples played so far, counted from the start of the file. */
  get position(): number {
    return this.at;
  }

  read(into: Int16Array): boolean {
    if (this.at >= this.samples.length) return false;
    const piece = this.samples.subarray(this.at, this.at + samplesPerFrame);
    into.set(piece);
    if (piece.length < samplesPerFrame) into.fill(0, piece.length);
    this.at += piece.length;
    return true;
  }
}
