import { Conflict, InvalidInput, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { type Currency, currency } from '../../kernel/money';
import { DuplicateKey, integer, type Row, type Sql, text } from '../../kernel/unit-of-work';

/** A price list in one currency. `currentVersion` moves with everything that changes what is valid; 0: nothing has been published yet. */
export type RateDeck = {
  readonly id: string;
  readonly name: string;
  readonly currency: Currency;
  /** Decimals that charges are rounded to, half up. */
  readonly chargeDecimals: number;
  readonly currentVersion: number;
  readonly createdAtMs: number;
};

const COLUMNS = 'id, name, currency, charge_decimals, current_version, created_at_ms';

const LONGEST_NAME = 100;

/** Decks that one page may hold. */
export const MAX_DECKS_PER_PAGE = 200;

export type NewDeck = {
  readonly name: string;
  readonly currency: Currency;
  /** 0 to 6; charges are rounded to it, half up. */
  readonly chargeDecimals: number;
  readonly nowMs: number;
};

/** Makes a deck without rates. @throws InvalidInput, Conflict when a deck has this name */
export async function createDeck(sql: Sql, wanted: NewDeck): Promise<RateDeck> {
  const name = wanted.name.trim();
  if (name === '' || name.length > LONGEST_NAME)
    throw new InvalidInput('deck', `the name has ${name.length} characters`, `use 1 to ${LONGEST_NAME}`);
  const { chargeDecimals } = wanted;
  if (!Number.isInteger(chargeDecimals) || chargeDecimals < 0 || chargeDecimals > 6)
    throw new InvalidInput('chargeDecimals', `is ${chargeDecimals}`, 'give a whole number from 0 to 6');
  const deck: RateDeck = {
    id: newId(wanted.nowMs),
    name,
    currency: wanted.currency,
    chargeDecimals,
    currentVersion: 0,
    createdAtMs: wanted.nowMs,
  };
  try {
    await sql.run(`INSERT INTO rate_decks (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`, [
      deck.id,
      deck.name,
      deck.currency,
      deck.chargeDecimals,
      deck.currentVersion,
      deck.createdAtMs,
    ]);
  } catch (error) {
    if (error instanceof DuplicateKey) throw new Conflict(`there is a deck named ${name}`, { name });
    throw error;
  }
  return deck;
}

/** The deck of this name, or null. */
export async function findDeckByName(sql: Sql, name: string): Promise<RateDeck | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM rate_decks WHERE name = ?`, [name.trim()]);
  return row ? toDeck(row) : null;
}

/** @throws NotFound */
export async function readDeck(sql: Sql, deckId: string): Promise<RateDeck> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM rate_decks WHERE id = ?`, [deckId]);
  if (!row) throw new NotFound('rate deck', deckId);
  return toDeck(row);
}

export type DecksPage = { readonly decks: readonly RateDeck[]; readonly nextAfterId: string | null };

/** Decks in the order they were made, from after `afterId` on (null: from the first). @throws InvalidInput for a limit beyond the page bound */
export async function listDecks(
  sql: Sql,
  page: { readonly afterId: string | null; readonly limit: number },
): Promise<DecksPage> {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > MAX_DECKS_PER_PAGE)
    throw new InvalidInput('limit', `is ${page.limit}`, `ask for 1 to ${MAX_DECKS_PER_PAGE}`);
  const rows = await sql.all(`SELECT ${COLUMNS} FROM rate_decks WHERE id > ? ORDER BY id LIMIT ?`, [
    page.afterId ?? '',
    page.limit + 1,
  ]);
  const decks = rows.slice(0, page.limit).map(toDeck);
  const last = rows.length > page.limit ? decks.at(-1) : undefined;
  return { decks, nextAfterId: last?.id ?? null };
}

function toDeck(row: Row): RateDeck {
  return {
    id: text(row.id),
    name: text(row.name),
    currency: currency(text(row.currency)),
    chargeDecimals: integer(row.charge_decimals),
    currentVersion: integer(row.current_version),
    createdAtMs: integer(row.created_at_ms),
  };
}
