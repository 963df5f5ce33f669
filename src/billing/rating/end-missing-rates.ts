import type { Sql } from '../../kernel/unit-of-work';
import type { PackedRates } from './packed-rates';
import type { RateLine, StoredRate } from './rate';
import { type DeckHead, readRates, type RatePosition } from './rates-store';

const RATES_PER_PAGE = 500;

/**
 * Makes a file take the place of all a deck has: adds, for each price of the deck that the file does not name, its end at `atMs` (or at its
 * beginning, when that comes later), and for prices that wait for a later day than the file's, the file's price of that day.
 */
export async function endMissingRates(
  sql: Sql,
  head: DeckHead,
  { rates, atMs }: { readonly rates: PackedRates; readonly atMs: number },
): Promise<void> {
  let after: RatePosition | null = null;
  for (;;) {
    const page: readonly StoredRate[] = await readRates(sql, head, { after, limit: RATES_PER_PAGE });
    for (const rate of page) {
      const momentMs = Math.max(atMs, rate.effectiveFromMs);
      const line = replacement(rate, rates.of(rate.prefix), momentMs);
      // Its own earlier addition for this moment says the same.
      if (line) rates.add(line, 0);
    }
    if (page.length < RATES_PER_PAGE) return;
    after = page.at(-1) ?? null;
  }
}

function replacement(rate: StoredRate, lines: readonly RateLine[], momentMs: number): RateLine | null {
  const isPast = rate.effectiveFromMs < momentMs;
  const begun = lines
    .filter(({ effectiveFromMs }) => effectiveFromMs <= momentMs)
    .toSorted((a, b) => b.effectiveFromMs - a.effectiveFromMs)[0];
  if (begun?.effectiveFromMs === momentMs) return null;
  if (begun) return isPast ? null : { ...begun, effectiveFromMs: momentMs };
  // A prefix whose price the file lets begin later keeps its present one until then.
  if (lines.length > 0) return null;
  const { deckId: _, rateVersion: __, currency: ___, chargeDecimals: ____, ...line } = rate;
  return { ...line, effectiveFromMs: momentMs, effectiveUntilMs: momentMs };
}
