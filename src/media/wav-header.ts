const SAMPLE_RATE_HZ = 8_000;
const BYTES_PER_SAMPLE = 2;
/** What is said instead of a length when the end is not known. */
const NO_LENGTH = 0xffff_ffff;

/** Header of a WAV of 16-bit mono samples at 8 kHz; `bytes` of samples follow. */
export function wavHeader(bytes: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(Math.min(36 + bytes, NO_LENGTH), 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE_HZ, 24);
  header.writeUInt32LE(SAMPLE_RATE_HZ * BYTES_PER_SAMPLE, 28);
  header.writeUInt16LE(BYTES_PER_SAMPLE, 32);
  header.writeUInt16LE(8 * BYTES_PER_SAMPLE, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(Math.min(bytes, NO_LENGTH), 40);
  return header;
}

/** Header of a WAV that goes on until the connection ends. */
export const STREAM_HEADER = wavHeader(NO_LENGTH);
