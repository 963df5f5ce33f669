import { currency } from '../../kernel/money';
import { integer, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { MAX_PREFIX_DIGITS, type Rate } from './rate';

/** What a rating needs to know of a deck; `version` moves with every published import. */
export type DeckHead = { readonly deckId: string; readonly version: number };

const RATE_COLUMNS = `r.deck_id, r.prefix, r.effective_from_ms, r.version, r.destination, r.price_per_minute_micros,
  r.connect_fee_micros, r.first_increment_seconds, r.next_increment_seconds, r.minimum_seconds, r.minimum_charge_micros,
  d.currency, d.charge_decimals`;

/** The deck's published version, or null for a deck that is not there. */
export async function findDeckHead(sql: Sql, deckId: string): Promise<DeckHead | null> {
  const [row] = await sql.all('SELECT current_version FROM rate_decks WHERE id = ?', [deckId]);
  return row ? { deckId, version: integer(row.current_version) } : null;
}

/** Published versions of decks by deck id; decks that are not there are not in it. */
export async function findDeckHeads(
  sql: Sql,
  deckIds: readonly string[],
): Promise<ReadonlyMap<string, DeckHead>> {
  if (deckIds.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT id, current_version FROM rate_decks WHERE id IN (${deckIds.map(() => '?').join(', ')})`,
    deckIds,
  );
  return new Map(
    rows.map((row) => [text(row.id), { deckId: text(row.id), version: integer(row.current_version) }]),
  );
}

/**
 * The rate of the longest prefix of `digits` that was valid at `atMs`, asked of the database: some 100 µs, always right, also
 * while a compiled deck is still being built. Of two rates for one prefix and moment the later import counts.
 */
export async function findStoredRate(
  sql: Sql,
  head: DeckHead,
  { digits, atMs }: { readonly digits: string; readonly atMs: number },
): Promise<Rate | null> {
  const prefixes = Array.from({ length: Math.min(digits.length, MAX_PREFIX_DIGITS) }, (_, n) =>
    digits.slice(0, n + 1),
  );
  if (prefixes.length === 0) return null;
  const [row] = await sql.all(
    `SELECT ${RATE_COLUMNS} FROM rates r JOIN rate_decks d ON d.id = r.deck_id
     WHERE r.deck_id = ? AND r.prefix IN (${prefixes.map(() => '?').join(', ')}) AND r.effective_from_ms <= ? AND r.version <= ?
     ORDER BY LENGTH(r.prefix) DESC, r.effective_from_ms DESC, r.version DESC LIMIT 1`,
    [head.deckId, ...prefixes, atMs, head.version],
  );
  return row ? toRate(row) : null;
}

/** How many rates a published version of a deck has. */
export async function countRates(sql: Sql, head: DeckHead): Promise<number> {
  const [row] = await sql.all('SELECT COUNT(*) AS n FROM rates WHERE deck_id = ? AND version <= ?', [
    head.deckId,
    head.version,
  ]);
  return integer(row?.n);
}

/** Where a page of rates ends; the next one begins behind it. */
export type RatePosition = {
  readonly prefix: string;
  readonly effectiveFromMs: number;
  readonly rateVersion: number;
};

/** Published rates of a deck in the order of prefix, effective date and version, from behind `after` on. */
export async function readRates(
  sql: Sql,
  head: DeckHead,
  page: { readonly after: RatePosition | null; readonly limit: number },
): Promise<readonly Rate[]> {
  const after = page.after;
  const behind = after
    ? `AND r.prefix >= ? AND (r.prefix > ? OR r.effective_from_ms > ? OR (r.effective_from_ms = ? AND r.version > ?))`
    : '';
  const position = after
    ? [after.prefix, after.prefix, after.effectiveFromMs, after.effectiveFromMs, after.rateVersion]
    : [];
  const rows = await sql.all(
    `SELECT ${RATE_COLUMNS} FROM rates r JOIN rate_decks d ON d.id = r.deck_id
     WHERE r.deck_id = ? AND r.version <= ? ${behind}
     ORDER BY r.prefix, r.effective_from_ms, r.version LIMIT ?`,
    [head.deckId, head.version, ...position, page.limit],
  );
  return rows.map(toRate);
}

function toRate(row: Row): Rate {
  return {
    deckId: text(row.deck_id),
    rateVersion: integer(row.version),
    currency: currency(text(row.currency)),
    prefix: text(row.prefix),
    destination: text(row.destination),
    effectiveFromMs: integer(row.effective_from_ms),
    pricePerMinuteMicros: integer(row.price_per_minute_micros),
    connectFeeMicros: integer(row.connect_fee_micros),
    firstIncrementSeconds: integer(row.first_increment_seconds),
    nextIncrementSeconds: integer(row.next_increment_seconds),
    minimumSeconds: integer(row.minimum_seconds),
    minimumChargeMicros: integer(row.minimum_charge_micros),
    chargeDecimals: integer(row.charge_decimals),
  };
}
