/** Telephone audio: every leg, file and mix inside the engine has this rate. */
export const samplesPerSecond = 8_000;
/** One slot of the shared tick. */
export const frameMs = 20;
/** Samples in one slot. */
export const samplesPerFrame = (samplesPerSecond * frameMs) / 1_000;

/** Something that can fill a leg's outgoing audio slot by slot: a file, a tone, the other leg of a bridge, a conference. */
export interface FrameSource {
  /** Fills all of `into` with one slot of audio; false when nothing is left and `into` was not touched. */
  read(into: Int16Array): boolean;
  /** The same for a source that can encode its slot more cheaply than by way of samples; `table` is one of `encodeTables`. */
  readEncoded?(table: Uint8Array, into: Uint8Array, offset: number): boolean;
}

/** Holds a sum of samples inside 16 bits. */
export function clipSample(value: number): number {
  if (value > 32_767) return 32_767;
  return value < -32_768 ? -32_768 : value;
}

const magnitudeStep = 4;

/** Mean magnitude of a slot, by which speech is told from silence; every fourth sample says enough. */
export function meanMagnitude(frame: Int16Array): number {
  let sum = 0;
  for (let at = 0; at < samplesPerFrame; at += magnitudeStep) sum += Math.abs(frame[at] as number);
  return (sum * magnitudeStep) / samplesPerFrame;
}
