import { NotFound } from '../../kernel/app-error';
import { digitsOf, type E164 } from '../../kernel/phone-number';
import type { Sql } from '../../kernel/unit-of-work';
import type { Rate } from './rate';
import { findDeckHead, findStoredRate } from './rates-store';

export type RateSought = { readonly deckId: string; readonly number: E164; readonly atMs: number };

/** The rate that prices a call to `number` begun at `atMs`: longest prefix valid then; null when the deck has none. @throws NotFound for an unknown deck */
export async function findRate(sql: Sql, sought: RateSought): Promise<Rate | null> {
  const head = await findDeckHead(sql, sought.deckId);
  if (!head) throw new NotFound('rate deck', sought.deckId);
  return findStoredRate(sql, head, { digits: digitsOf(sought.number), atMs: sought.atMs });
}
