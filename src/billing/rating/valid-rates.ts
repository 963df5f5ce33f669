import type { Currency } from '../../kernel/money';
import type { Sql } from '../../kernel/unit-of-work';
import { readDeck } from './decks-store';
import { inBand } from './in-band';
import type { Rate, StoredRate } from './rate';
import { findBandClock, findDeckHead, readRates, type RatePosition } from './rates-store';

/** Rates read at a time: what a call may have to wait for. */
const RATES_PER_PAGE = 500;

/** Each band comes again within a week; only holidays may keep it away for longer. */
const BANDS_AHEAD_MS = 8 * 86_400_000;

/** What carriers' routes are compared by, without what only a bill needs. */
export type ValidRate = {
  readonly prefix: string;
  readonly cost: Pick<
    Rate,
    | 'connectFeeMicros'
    | 'pricePerMinuteMicros'
    | 'firstIncrementSeconds'
    | 'nextIncrementSeconds'
    | 'minimumSeconds'
    | 'minimumChargeMicros'
  >;
};

/** A deck's rates as they are valid at one moment. */
export type ValidRates = {
  readonly version: number;
  readonly currency: Currency;
  readonly pages: AsyncIterable<readonly ValidRate[]>;
  /** When the next rate begins or ends, or the next time band begins; null: none waits. Known when the pages have been read. */
  readonly nextChangeAtMs: () => number | null;
};

/**
 * The rates of a deck that are valid at `atMs`, one a prefix (the latest that has begun, of those the latest import's; none when that one has
 * ended), in the order of the prefixes, with the price of the time band in force. Null for a deck that is not there.
 */
export async function validRates(sql: Sql, deckId: string, atMs: number): Promise<ValidRates | null> {
  const head = await findDeckHead(sql, deckId);
  if (!head) return null;
  const { currency } = await readDeck(sql, deckId);
  const clock = await findBandClock(sql, head);
  let nextChangeAtMs: number | null = null;
  const changesAt = (momentMs: number | null) => {
    if (momentMs !== null) nextChangeAtMs = Math.min(nextChangeAtMs ?? momentMs, momentMs);
  };
  /** Nothing of a rate that has ended. */
  const judge = (rate: StoredRate): readonly ValidRate[] => {
    if (rate.effectiveUntilMs !== null && rate.effectiveUntilMs <= atMs) return [];
    changesAt(rate.effectiveUntilMs);
    return [toValid(inBand(rate, clock, atMs))];
  };
  async function* pages() {
    changesAt(clock?.nextChangeMs(atMs, atMs + BANDS_AHEAD_MS) ?? null);
    let after: RatePosition | null = null;
    /** The prefix that the last page ended in may go on in the next. */
    let open: StoredRate | null = null;
    for (;;) {
      const part: readonly StoredRate[] = await readRates(sql, head as NonNullable<typeof head>, {
        after,
        limit: RATES_PER_PAGE,
      });
      const valid: ValidRate[] = [];
      for (const rate of part) {
        if (rate.effectiveFromMs > atMs) {
          changesAt(rate.effectiveFromMs);
          continue;
        }
        if (open && open.prefix !== rate.prefix) valid.push(...judge(open));
        open = rate;
      }
      if (part.length < RATES_PER_PAGE) {
        if (open) valid.push(...judge(open));
        yield valid;
        return;
      }
      yield valid;
      after = part.at(-1) ?? null;
    }
  }
  return { version: head.version, currency, pages: pages(), nextChangeAtMs: () => nextChangeAtMs };
}

function toValid(rate: Rate): ValidRate {
  return {
    prefix: rate.prefix,
    cost: {
      connectFeeMicros: rate.connectFeeMicros,
      pricePerMinuteMicros: rate.pricePerMinuteMicros,
      firstIncrementSeconds: rate.firstIncrementSeconds,
      nextIncrementSeconds: rate.nextIncrementSeconds,
      minimumSeconds: rate.minimumSeconds,
      minimumChargeMicros: rate.minimumChargeMicros,
    },
  };
}
