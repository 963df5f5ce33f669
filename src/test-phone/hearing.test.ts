import { Hearing } from './hearing';

/** Feeds so many seconds of a sine in frames of 20 ms. */
function hear(hearing: Hearing, frequencyHz: number, amplitude: number, seconds: number): void {
  for (let frame = 0; frame < seconds * 50; frame++)
    hearing.take(
      Int16Array.from(
        { length: 160 },
        (_, n) => amplitude * Math.sin((2 * Math.PI * frequencyHz * (frame * 160 + n)) / 8_000),
      ),
    );
}

describe('hearing', () => {
  it('measures the amplitude of a tone, and none of another', () => {
    const hearing = new Hearing();
    hear(hearing, 440, 8_000, 2);
    expect(hearing.toneAmplitude(440, 1)).toBeCloseTo(8_000, -2);
    expect(hearing.toneAmplitude(1_000, 1)).toBeLessThan(50);
  });

  it('knows only the last seconds', () => {
    const hearing = new Hearing();
    hear(hearing, 440, 8_000, 3);
    hear(hearing, 0, 0, 2);
    expect(hearing.toneAmplitude(440, 1)).toBe(0);
    expect(new Hearing().toneAmplitude(440, 1)).toBe(0);
  });

  it('tells when somebody speaks, and when it is quiet', async () => {
    const hearing = new Hearing();
    const spoken = hearing.whenSpoken();
    hear(hearing, 300, 5_000, 0.2);
    await spoken;
    const quiet = hearing.whenQuiet();
    hear(hearing, 0, 0, 0.6);
    await expect(quiet).resolves.toBeUndefined();
  });
});
