import { samplesPerFrame } from './audio-frame';
import { decodeTables, encodeTables } from './g711';
import { JitterBuffer } from './jitter-buffer';

/** A packet whose samples all carry one level, so that what comes out can be told apart. */
function packetOf(level: number, samples = samplesPerFrame): Uint8Array {
  return new Uint8Array(samples).fill(encodeTables.PCMU[level & 0xffff] as number);
}

function levelOf(level: number): number {
  return decodeTables.PCMU[encodeTables.PCMU[level & 0xffff] as number] as number;
}

function put(buffer: JitterBuffer, timestamp: number, level: number, samples = samplesPerFrame): void {
  const bytes = packetOf(level, samples);
  buffer.insert(timestamp >>> 0, false, bytes, 0, bytes.length, decodeTables.PCMU);
}

/** Reads `slots` slots; the level of each, 0 for silence. */
function readLevels(buffer: JitterBuffer, slots: number): number[] {
  const frame = new Int16Array(samplesPerFrame);
  return Array.from({ length: slots }, () => (buffer.read(frame, 1) ? (frame[80] as number) : 0));
}

const levels = Array.from({ length: 12 }, (_, index) => 1_000 + index * 500);

describe('jitter buffer', () => {
  it('gives audio back in order, 40 ms after the first packet', () => {
    const buffer = new JitterBuffer();
    const heard: number[] = [];
    levels.forEach((level, index) => {
      put(buffer, index * samplesPerFrame, level);
      heard.push(...readLevels(buffer, 1));
    });
    expect(heard).toEqual([0, 0, ...levels.slice(0, -2).map(levelOf)]);
  });

  it('puts packets that come out of order back in order', () => {
    const buffer = new JitterBuffer();
    for (const index of [0, 2, 1]) put(buffer, index * samplesPerFrame, levels[index] as number);
    expect(readLevels(buffer, 5)).toEqual([0, 0, ...levels.slice(0, 3).map(levelOf)]);
  });

  it('works across the wrap-around of the timestamp', () => {
    const buffer = new JitterBuffer();
    const start = 2 ** 32 - 3 * samplesPerFrame;
    const heard: number[] = [];
    levels.forEach((level, index) => {
      put(buffer, start + index * samplesPerFrame, level);
      heard.push(...readLevels(buffer, 1));
    });
    expect(heard).toEqual([0, 0, ...levels.slice(0, -2).map(levelOf)]);
    expect(buffer.resyncs).toBe(0);
  });

  it('fills a lost packet by repeating the last one, more softly each time, then silence', () => {
    const buffer = new JitterBuffer();
    put(buffer, 0, 8_000);
    const [, , first, second, third, fourth, fifth] = readLevels(buffer, 7);
    const whole = levelOf(8_000);
    expect(first).toBe(whole);
    expect([second, third, fourth, fifth]).toEqual([whole >> 1, whole >> 2, whole >> 3, 0]);
    expect(buffer.concealedSlots).toBe(3);
  });

  it('takes packets of 10, 30 and 60 ms alike', () => {
    for (const samples of [80, 240, 480]) {
      const buffer = new JitterBuffer();
      for (let at = 0; at < 480; at += samples) put(buffer, at, 4_000, samples);
      expect(readLevels(buffer, 5)).toEqual([0, 0, levelOf(4_000), levelOf(4_000), levelOf(4_000)]);
    }
  });

  it('counts a doubled packet and plays it once', () => {
    const buffer = new JitterBuffer();
    put(buffer, 0, 4_000);
    put(buffer, 0, 4_000);
    put(buffer, samplesPerFrame, 5_000);
    expect(readLevels(buffer, 4)).toEqual([0, 0, levelOf(4_000), levelOf(5_000)]);
    expect(buffer.duplicatePackets).toBe(1);
  });

  it('drops a packet that comes after its turn and waits longer from then on', () => {
    const buffer = new JitterBuffer();
    put(buffer, 0, 4_000);
    readLevels(buffer, 5);
    put(buffer, samplesPerFrame, 5_000);
    expect(buffer.latePackets).toBe(1);
    expect(buffer.delayMs()).toBeGreaterThan(40);
  });

  it('starts anew when timestamps jump', () => {
    const buffer = new JitterBuffer();
    put(buffer, 0, 4_000);
    readLevels(buffer, 4);
    put(buffer, 1_000_000, 6_000);
    expect(buffer.resyncs).toBe(1);
    expect(readLevels(buffer, 3).at(-1)).toBe(levelOf(6_000));
  });

  it('gives delay back when the sender runs ahead for long', () => {
    const buffer = new JitterBuffer();
    for (let index = 0; index < 8; index += 1) put(buffer, index * samplesPerFrame, 4_000);
    let timestamp = 8 * samplesPerFrame;
    let skippedOnce = false;
    const frame = new Int16Array(samplesPerFrame);
    for (let slot = 0; slot < 1_500; slot += 1) {
      buffer.read(frame, 1);
      put(buffer, timestamp, 4_000);
      timestamp += samplesPerFrame;
      skippedOnce ||= slot > 1_000 && buffer.concealedSlots === 0;
    }
    readLevels(buffer, 3);
    // Only what is needed is left: three slots later nothing new is there.
    expect(readLevels(buffer, 2)).not.toEqual([levelOf(4_000), levelOf(4_000)]);
    expect(skippedOnce).toBe(true);
  });

  it('loses what a stall missed and goes on in time', () => {
    const buffer = new JitterBuffer();
    for (const [index, level] of levels.entries()) put(buffer, index * samplesPerFrame, level);
    const frame = new Int16Array(samplesPerFrame);
    readLevels(buffer, 2);
    buffer.read(frame, 1);
    expect(frame[80]).toBe(levelOf(levels[0] as number));
    buffer.read(frame, 5);
    expect(frame[80]).toBe(levelOf(levels[5] as number));
  });

  it('survives any packet, whatever its length and timestamp', () => {
    const buffer = new JitterBuffer();
    const frame = new Int16Array(samplesPerFrame);
    for (let round = 0; round < 20_000; round += 1) {
      const bytes = new Uint8Array((round * 7_919) % 2_048);
      buffer.insert(
        (round * 2_654_435_761) >>> 0,
        round % 3 === 0,
        bytes,
        0,
        bytes.length,
        decodeTables.PCMA,
      );
      if (round % 2 === 0) buffer.read(frame, 1 + (round % 4));
    }
    expect(frame).toHaveLength(samplesPerFrame);
  });
});
