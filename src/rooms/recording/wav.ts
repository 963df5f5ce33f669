import { AUDIO_BYTES_A_SECOND } from './recording';

/** WAVE_FORMAT_MULAW of RFC 2361. */
const MULAW = 7;

/** Head of a WAV file of `audioBytes` bytes of PCMU, one channel; a format other than PCM has a longer fmt part and a fact part. */
export function wavHead(audioBytes: number): Buffer {
  const head = Buffer.alloc(58);
  head.write('RIFF', 0, 'ascii');
  head.writeUInt32LE(head.length - 8 + audioBytes + (audioBytes % 2), 4);
  head.write('WAVEfmt ', 8, 'ascii');
  head.writeUInt32LE(18, 16);
  head.writeUInt16LE(MULAW, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(AUDIO_BYTES_A_SECOND, 24);
  head.writeUInt32LE(AUDIO_BYTES_A_SECOND, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.writeUInt16LE(0, 36);
  head.write('fact', 38, 'ascii');
  head.writeUInt32LE(4, 42);
  head.writeUInt32LE(audioBytes, 46);
  head.write('data', 50, 'ascii');
  head.writeUInt32LE(audioBytes, 54);
  return head;
}

/** A WAV file of some PCMU whose length is known beforehand; parts of an odd length end with a byte of padding. */
export async function* asWav(
  audioBytes: number,
  audio: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  yield wavHead(audioBytes);
  yield* audio;
  if (audioBytes % 2 === 1) yield Buffer.alloc(1);
}
