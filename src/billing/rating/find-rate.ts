import { NotFound } from '../../kernel/app-error';
import { digitsOf, type E164 } from '../../kernel/phone-number';
import type { Database } from '../../kernel/unit-of-work';
import type { Rate } from './rate';
import { rateBookOf } from './rate-book';
import { type RatedCall, rateCall } from './rate-call';
import { findDeckHead, findDeckHeads } from './rates-store';

export type RateSought = { readonly deckId: string; readonly number: E164; readonly atMs: number };

/**
 * The rate that prices a call to `number` begun at `atMs`: longest prefix valid then, null when the deck has none.
 * @throws NotFound for an unknown deck
 */
export async function findRate(database: Database, sought: RateSought): Promise<Rate | null> {
  const head = await findDeckHead(database.read, sought.deckId);
  if (!head) throw new NotFound('rate deck', sought.deckId);
  return rateBookOf(database).find(head, digitsOf(sought.number), sought.atMs);
}

/** The same for many calls, in their order; null for a deck that is not there, too. One question for all decks. */
export async function findRates(
  database: Database,
  sought: readonly RateSought[],
): Promise<readonly (Rate | null)[]> {
  const heads = await findDeckHeads(database.read, [...new Set(sought.map(({ deckId }) => deckId))]);
  const book = rateBookOf(database);
  return Promise.all(
    sought.map(async ({ deckId, number, atMs }) => {
      const head = heads.get(deckId);
      return head ? book.find(head, digitsOf(number), atMs) : null;
    }),
  );
}

/** What a call of `talkSeconds` would cost, by the same function that will bill it; null when the deck has no rate. @throws NotFound, InvalidInput */
export async function quoteCall(
  database: Database,
  call: RateSought & { readonly talkSeconds: number },
): Promise<RatedCall | null> {
  const rate = await findRate(database, call);
  return rate && rateCall(rate, call.talkSeconds);
}
