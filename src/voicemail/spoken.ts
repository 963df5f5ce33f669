/** 16-bit samples at 8 kHz, as the media server writes them. */
export const BYTES_A_SECOND = 16_000;
/** A frame of 20 ms whose mean magnitude is below this is silence (of 32,767): a quiet room on a telephone. */
const SILENCE_LEVEL = 200;
const FRAME_BYTES = 320;
/** Voice that makes a message, all frames of it together. */
const LEAST_VOICE_FRAMES = 10;
const PCM = 1;

/**
 * The samples of a WAV (16-bit, one channel, 8 kHz), null when it is none. A file whose writer died says a wrong length, or none: what is there is
 * taken.
 */
export function samplesOf(wav: Buffer): Buffer | null {
  if (wav.length < 12 || wav.toString('latin1', 0, 4) !== 'RIFF' || wav.toString('latin1', 8, 12) !== 'WAVE')
    return null;
  let isOurs = false;
  for (let at = 12; at + 8 <= wav.length; ) {
    const name = wav.toString('latin1', at, at + 4);
    const length = wav.readUInt32LE(at + 4);
    const body = at + 8;
    if (name === 'fmt ' && body + 16 <= wav.length)
      isOurs =
        wav.readUInt16LE(body) === PCM &&
        wav.readUInt16LE(body + 2) === 1 &&
        wav.readUInt32LE(body + 4) === BYTES_A_SECOND / 2 &&
        wav.readUInt16LE(body + 14) === 16;
    if (name === 'data') {
      const end = length === 0 ? wav.length : Math.min(wav.length, body + length);
      return isOurs ? wav.subarray(body, end - ((end - body) % 2)) : null;
    }
    at = body + length + (length % 2);
  }
  return null;
}

/** Whether somebody says something in these samples. */
export function hasVoice(samples: Buffer): boolean {
  let frames = 0;
  for (let at = 0; at + FRAME_BYTES <= samples.length; at += FRAME_BYTES) {
    let sum = 0;
    for (let byte = 0; byte < FRAME_BYTES; byte += 2) sum += Math.abs(samples.readInt16LE(at + byte));
    if (sum / (FRAME_BYTES / 2) >= SILENCE_LEVEL) frames += 1;
    if (frames >= LEAST_VOICE_FRAMES) return true;
  }
  return false;
}
