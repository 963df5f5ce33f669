import { samplesPerFrame } from './audio-frame';
import { readWav, SampleSource, UnreadableWav, wavHeader, writeWav } from './wav';

function wavOf(options: {
  tag: number;
  rate: number;
  bits: number;
  channels?: number;
  body: Buffer;
}): Buffer {
  const header = wavHeader(0);
  header.writeUInt16LE(options.tag, 20);
  header.writeUInt16LE(options.channels ?? 1, 22);
  header.writeUInt32LE(options.rate, 24);
  header.writeUInt16LE(options.bits, 34);
  header.writeUInt32LE(options.body.length, 40);
  return Buffer.concat([header, options.body]);
}

/** A tenth of a second of one frequency at 16 kHz. */
function wideTone(hertz: number): Buffer {
  const body = Buffer.alloc(3_200);
  for (let at = 0; at < 1_600; at += 1) {
    body.writeInt16LE(Math.round(10_000 * Math.sin((2 * Math.PI * hertz * at) / 16_000)), at * 2);
  }
  return wavOf({ tag: 1, rate: 16_000, bits: 16, body });
}

function peakOf(samples: Int16Array): number {
  return Math.max(...samples.slice(20, -20).map(Math.abs));
}

describe('WAV files', () => {
  it('gives written samples back', () => {
    const samples = Int16Array.from({ length: 1_000 }, (_, index) => (index * 37) % 30_000);
    expect(readWav(writeWav(samples))).toEqual(samples);
  });

  it('reads mu-law', () => {
    const samples = readWav(wavOf({ tag: 7, rate: 8_000, bits: 8, body: Buffer.from([0x00, 0xff, 0x80]) }));
    expect(Array.from(samples, (sample) => sample + 0)).toEqual([-32_124, 0, 32_124]);
  });

  it('halves 16 kHz, keeps speech frequencies and takes out what would fold back', () => {
    expect(readWav(wideTone(1_000))).toHaveLength(800);
    expect(peakOf(readWav(wideTone(1_000)))).toBeGreaterThan(9_500);
    expect(peakOf(readWav(wideTone(7_500)))).toBeLessThan(1_000);
  });

  it('skips chunks it does not know', () => {
    const whole = writeWav(Int16Array.of(1, 2, 3));
    const list = Buffer.from('LIST\x05\0\0\0abcde\0', 'latin1');
    expect([...readWav(Buffer.concat([whole.subarray(0, 36), list, whole.subarray(36)]))]).toEqual([1, 2, 3]);
  });

  it('plays what is there of a file that was cut off', () => {
    expect(readWav(writeWav(new Int16Array(100)).subarray(0, 44 + 50))).toHaveLength(25);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('this is not a sound at all')],
    ['a header alone', Buffer.from('RIFF\0\0\0\0WAVE', 'latin1')],
    ['stereo', wavOf({ tag: 1, rate: 8_000, bits: 16, channels: 2, body: Buffer.alloc(8) })],
    ['44.1 kHz', wavOf({ tag: 1, rate: 44_100, bits: 16, body: Buffer.alloc(8) })],
    ['24 bits', wavOf({ tag: 1, rate: 8_000, bits: 24, body: Buffer.alloc(9) })],
  ])('refuses %s', (_, file) => {
    expect(() => readWav(file)).toThrow(UnreadableWav);
  });
});

describe('playing samples', () => {
  it('fills the last slot up with silence and then ends', () => {
    const source = new SampleSource(new Int16Array(samplesPerFrame + 10).fill(7));
    const frame = new Int16Array(samplesPerFrame);
    expect(source.read(frame)).toBe(true);
    expect(source.read(frame)).toBe(true);
    expect([frame[9], frame[10]]).toEqual([7, 0]);
    expect(source.read(frame)).toBe(false);
  });

  it('starts at an offset', () => {
    const source = new SampleSource(
      Int16Array.from({ length: 400 }, (_, index) => index),
      200,
    );
    const frame = new Int16Array(samplesPerFrame);
    source.read(frame);
    expect(frame[0]).toBe(200);
    expect(source.position).toBe(360);
  });
});
