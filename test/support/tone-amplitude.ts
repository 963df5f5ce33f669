const SAMPLE_RATE_HZ = 8_000;

/** How strong a tone of this frequency is in samples at 8 kHz: the amplitude of its sine (Goertzel's algorithm). */
export function toneAmplitude(samples: Int16Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ);
  let before = 0;
  let beforeThat = 0;
  for (const sample of samples) {
    const now = sample + coefficient * before - beforeThat;
    beforeThat = before;
    before = now;
  }
  const power = before * before + beforeThat * beforeThat - coefficient * before * beforeThat;
  return (2 * Math.sqrt(Math.max(power, 0))) / samples.length;
}
