import type { Database } from '../../kernel/unit-of-work';
import type { RateDeck } from './decks-store';
import { inBand } from './in-band';
import type { PackedRates } from './packed-rates';
import type { Rate, RateLine, StoredRate } from './rate';
import { rateBookOf } from './rate-book';
import { rateCall } from './rate-call';
import { type DeckHead, findBandClock } from './rates-store';
import type { BandClock } from './time-bands';

/** Compared at a time: what a call may have to wait for. */
const RATES_PER_PART = 500;

/** Changes of price that a report lists, the largest first. */
const MAX_LISTED_CHANGES = 20;

/** Prices are compared by what a call of so long costs. */
const COMPARED_SECONDS = 180;

export type RateChange = {
  readonly prefix: string;
  readonly destination: string;
  /** What three minutes cost before and after. */
  readonly beforeMicros: number;
  readonly afterMicros: number;
  /** In hundredths of the price before; null when that was nothing. */
  readonly percent: number | null;
};

/** How a file's prices differ from those the deck has. */
export type RateDifference = {
  readonly new: number;
  readonly dearer: number;
  readonly cheaper: number;
  /** Of other terms at the same cost of three minutes. */
  readonly changed: number;
  /** The prefix has no price any more, or its price is given an end. */
  readonly ended: number;
  readonly unchanged: number;
  /** At most 20. */
  readonly largestChanges: readonly RateChange[];
};

/** A file beside the deck it is to go into. */
export type RatesInDeck = {
  readonly database: Database;
  readonly deck: RateDeck;
  readonly head: DeckHead;
  readonly rates: PackedRates;
  readonly nowMs: number;
};

/** Compares each price of the file with the one that counts in the deck at the moment the new one begins. Calls go on meanwhile. */
export async function compareWithDeck({
  database,
  deck,
  head,
  rates,
  nowMs,
}: RatesInDeck): Promise<RateDifference> {
  const compiled = await rateBookOf(database).load(head);
  const clock = await findBandClock(database.read, head);
  const counts = { new: 0, dearer: 0, cheaper: 0, changed: 0, ended: 0, unchanged: 0 };
  let largest: RateChange[] = [];
  for (let from = 0; from < rates.length; from += RATES_PER_PART) {
    for (const line of rates.slice(from, from + RATES_PER_PART)) {
      const atMs = Math.max(line.effectiveFromMs, nowMs);
      const found = compiled.find(line.prefix, atMs);
      const before = found?.prefix === line.prefix ? found : null;
      const after = inBand(inDeck(line, deck, head.version), clock, atMs);
      const kind = kindOf(before, after);
      counts[kind]++;
      if (before && (kind === 'dearer' || kind === 'cheaper')) largest.push(changeOf(before, after));
    }
    largest = largest.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, MAX_LISTED_CHANGES);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { ...counts, largestChanges: largest };
}

/** A file's rate as if it stood in the deck. */
export function inDeck(line: RateLine, deck: RateDeck, rateVersion: number): StoredRate {
  return {
    ...line,
    deckId: deck.id,
    rateVersion,
    currency: deck.currency,
    chargeDecimals: deck.chargeDecimals,
  };
}

/** What a number costs in a deck once all prices of a file count, whatever dates they begin on; null: nothing prices it. */
export function rateAfter(
  of: {
    readonly present: { find(digits: string, atMs: number): Rate | null };
    readonly rates: PackedRates;
    readonly deck: RateDeck;
    readonly clock: BandClock | null;
  },
  digits: string,
  atMs: number,
): Rate | null {
  for (let length = digits.length; length > 0; length--) {
    const prefix = digits.slice(0, length);
    const line = of.rates.of(prefix).toSorted((a, b) => b.effectiveFromMs - a.effectiveFromMs)[0];
    if (line) {
      // A price that ended leaves the number to the shorter prefix.
      if (isEnd(line)) continue;
      return inBand(inDeck(line, of.deck, 0), of.clock, atMs);
    }
    const before = of.present.find(prefix, atMs);
    if (before?.prefix === prefix) return before;
  }
  return null;
}

function isEnd({
  effectiveFromMs,
  effectiveUntilMs,
}: Pick<RateLine, 'effectiveFromMs' | 'effectiveUntilMs'>): boolean {
  return effectiveFromMs === effectiveUntilMs;
}

function kindOf(before: Rate | null, after: Rate): Exclude<keyof RateDifference, 'largestChanges'> {
  if (isEnd(after)) return before ? 'ended' : 'unchanged';
  if (!before) return 'new';
  const [was, is] = [costOf(before), costOf(after)];
  if (is !== was) return is > was ? 'dearer' : 'cheaper';
  if (after.effectiveUntilMs !== null && before.effectiveUntilMs === null) return 'ended';
  return termsOf(before) === termsOf(after) ? 'unchanged' : 'changed';
}

function termsOf({ rateVersion: _, effectiveFromMs: __, destination: ___, ...terms }: Rate): string {
  return JSON.stringify(terms);
}

function costOf(rate: Rate): bigint {
  return rateCall(rate, COMPARED_SECONDS).charge.amountMicros;
}

function changeOf(before: Rate, after: Rate): RateChange {
  const [was, is] = [Number(costOf(before)), Number(costOf(after))];
  const percent = was === 0 ? null : Math.round(((is - was) / was) * 100);
  return {
    prefix: after.prefix,
    destination: after.destination,
    beforeMicros: was,
    afterMicros: is,
    percent,
  };
}

/** A price that begins where there was none is the largest change of all. */
function sizeOf({ percent }: RateChange): number {
  return percent === null ? Number.MAX_SAFE_INTEGER : Math.abs(percent);
}
