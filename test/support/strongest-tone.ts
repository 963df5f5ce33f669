import { Hearing } from '../../src/test-phone/hearing';

/** The strongest a tone ever was in a recording, second by second. */
export function strongestTone(samples: Int16Array, toneHz: number): number {
  const hearing = new Hearing();
  let strongest = 0;
  for (let at = 0; at + 160 <= samples.length; at += 160) {
    hearing.take(samples.subarray(at, at + 160));
    if (at % 8_000 === 0) strongest = Math.max(strongest, hearing.toneAmplitude(toneHz, 1));
  }
  return strongest;
}
