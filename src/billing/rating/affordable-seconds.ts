import type { Rate } from './rate';
import { billedSecondsOf, chargeMicrosOf, MAX_TALK_SECONDS } from './rate-call';

/** What a hold pays for when longer talk costs nothing more. */
export const UNLIMITED_TALK_SECONDS = Number.MAX_SAFE_INTEGER;

/**
 * The longest talk, in whole seconds, that costs no more than `amountMicros` beside the seconds that bundles pay: always a full number
 * of blocks. 0 when even the first block costs more; UNLIMITED_TALK_SECONDS when more than a year of talk is paid.
 */
export function affordableSeconds(rate: Rate, amountMicros: bigint, includedSeconds = 0): number {
  const pays = (talkSeconds: number) =>
    chargeMicrosOf(rate, billedSecondsOf(rate, talkSeconds), includedSeconds) <= amountMicros;
  if (!pays(1)) return 0;
  if (pays(MAX_TALK_SECONDS)) return UNLIMITED_TALK_SECONDS;
  let paid = 1;
  let unpaid = MAX_TALK_SECONDS;
  // Cost never falls as talk grows, so halving the gap finds the edge in 25 steps.
  while (unpaid - paid > 1) {
    const middle = paid + Math.floor((unpaid - paid) / 2);
    if (pays(middle)) paid = middle;
    else unpaid = middle;
  }
  return paid;
}
