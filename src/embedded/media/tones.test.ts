import { samplesPerFrame } from './audio-frame';
import { parseTones, SilenceSource, ToneSource } from './tones';

function samplesOf(script: string): number[] {
  const source = new ToneSource(parseTones(script) ?? { parts: [], loops: 1 });
  const frame = new Int16Array(samplesPerFrame);
  const samples: number[] = [];
  while (source.read(frame) && samples.length < 80_000) samples.push(...frame);
  return samples;
}

/** Energy at one frequency (Goertzel), relative to full scale. */
function energyAt(samples: readonly number[], hertz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / 8_000);
  let [before, last] = [0, 0];
  for (const sample of samples) [before, last] = [last, sample / 32_768 + turn * last - before];
  return Math.sqrt(before ** 2 + last ** 2 - turn * before * last) / (samples.length / 2);
}

describe('tone scripts', () => {
  it('reads on and off times, frequencies and the loops of a ringing tone', () => {
    expect(parseTones('%(2000,4000,440,480);loops=3')).toEqual({
      parts: [{ onMs: 2_000, offMs: 4_000, frequencies: [440, 480], volumeDb: -7, repeats: 1 }],
      loops: 3,
    });
  });

  it('reads volume, L= and parts after one another', () => {
    const script = parseTones('v=-20;L=2;%(100,0,500)%(200,50,600)');
    expect(script?.loops).toBe(2);
    expect(script?.parts.map((part) => [part.onMs, part.volumeDb])).toEqual([
      [100, -20],
      [200, -20],
    ]);
  });

  it('reads keys with their two frequencies and given times', () => {
    const script = parseTones('d=100;w=50;15#');
    expect(script?.parts.map((part) => part.frequencies)).toEqual([
      [697, 1_209],
      [770, 1_336],
      [941, 1_477],
    ]);
    expect(script?.parts[0]).toMatchObject({ onMs: 100, offMs: 50 });
  });

  it('loops for ever with loops=-1', () => {
    expect(parseTones('%(100,100,440);loops=-1')?.loops).toBe(-1);
  });

  it('gives nothing for a script without sound or length', () => {
    expect(parseTones('')).toBeUndefined();
    expect(parseTones('v=-7')).toBeUndefined();
    expect(parseTones('%(0,0,440);loops=-1')).toBeUndefined();
  });

  it('plays exactly the frequencies named, for the time named, as often as named', () => {
    const samples = samplesOf('%(100,100,440,1000);loops=2');
    expect(samples).toHaveLength(3_200);
    const on = samples.slice(0, 800);
    expect(energyAt(on, 440)).toBeGreaterThan(0.1);
    expect(energyAt(on, 1_000)).toBeGreaterThan(0.1);
    expect(energyAt(on, 700)).toBeLessThan(0.02);
    expect(Math.max(...samples.slice(800, 1_600).map(Math.abs))).toBe(0);
    expect(samples.slice(1_600, 2_400)).toEqual(on);
  });

  it('bounds a script that asks for more than anybody needs', () => {
    expect(parseTones('%(10,10,440)'.repeat(5_000))?.parts.length).toBeLessThanOrEqual(256);
    expect(parseTones('%(99999999999,0,440)')?.parts[0]?.onMs).toBe(3_600_000);
  });
});

describe('silence stream', () => {
  it('lasts its milliseconds', () => {
    const source = new SilenceSource(100);
    const frame = new Int16Array(samplesPerFrame);
    const slots = Array.from({ length: 7 }, () => source.read(frame));
    expect(slots).toEqual([true, true, true, true, true, false, false]);
  });
});
