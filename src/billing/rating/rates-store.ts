import { currency } from '../../kernel/money';
import {
  integer,
  integerOrNull,
  type Row,
  type Sql,
  type SqlValue,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import { inBand } from './in-band';
import { type BandPrices, MAX_PREFIX_DIGITS, type Rate, type StoredRate } from './rate';
import { BandClock, type BandCalendar } from './time-bands';

/** What a rating needs to know of a deck. */
export type DeckHead = {
  readonly deckId: string;
  /** Moves with everything that changes what is valid. */
  readonly version: number;
  /** Versions up to it whose rates do not count: not published yet, or taken back. */
  readonly hidden: readonly number[];
};

const RATE_COLUMNS = `r.deck_id, r.prefix, r.effective_from_ms, r.effective_until_ms, r.version, r.destination, r.price_per_minute_micros,
  r.band_prices, r.connect_fee_micros, r.first_increment_seconds, r.next_increment_seconds, r.minimum_seconds, r.grace_seconds,
  r.minimum_charge_micros, r.maximum_charge_micros, d.currency, d.charge_decimals`;

/** The deck as it is now, or null for one that is not there. */
export async function findDeckHead(sql: Sql, deckId: string): Promise<DeckHead | null> {
  return (await findDeckHeads(sql, [deckId])).get(deckId) ?? null;
}

/** Decks as they are now by deck id; decks that are not there are not in it. One question for all. */
export async function findDeckHeads(
  sql: Sql,
  deckIds: readonly string[],
): Promise<ReadonlyMap<string, DeckHead>> {
  if (deckIds.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT d.id, d.current_version, v.version AS hidden FROM rate_decks d
     LEFT JOIN rate_versions v ON v.deck_id = d.id AND (v.published_as IS NULL OR v.withdrawn_as IS NOT NULL)
     WHERE d.id IN (${deckIds.map(() => '?').join(', ')})`,
    deckIds,
  );
  const heads = new Map<string, DeckHead & { readonly hidden: number[] }>();
  for (const row of rows) {
    const deckId = text(row.id);
    const head = heads.get(deckId) ?? { deckId, version: integer(row.current_version), hidden: [] };
    const hidden = integerOrNull(row.hidden);
    if (hidden !== null) head.hidden.push(hidden);
    heads.set(deckId, head);
  }
  return heads;
}

/** The deck as it was when `version` was the latest change of it. */
export async function deckHeadAt(sql: Sql, deckId: string, version: number): Promise<DeckHead> {
  const rows = await sql.all(
    `SELECT version FROM rate_versions
     WHERE deck_id = ? AND (published_as IS NULL OR published_as > ? OR withdrawn_as <= ?)`,
    [deckId, version, version],
  );
  return { deckId, version, hidden: rows.map((row) => integer(row.version)) };
}

/** The time bands that count in a deck, ready to be asked; null when it has none. */
export async function findBandClock(sql: Sql, head: DeckHead): Promise<BandClock | null> {
  const calendar = await findCalendar(sql, head);
  return calendar && new BandClock(calendar);
}

/** What the latest version that says something of time bands says, or null. */
export async function findCalendar(sql: Sql, head: DeckHead): Promise<BandCalendar | null> {
  const [row] = await sql.all(
    `SELECT calendar FROM rate_versions WHERE deck_id = ? AND calendar IS NOT NULL AND published_as <= ?
       AND (withdrawn_as IS NULL OR withdrawn_as > ?) ORDER BY published_as DESC LIMIT 1`,
    [head.deckId, head.version, head.version],
  );
  return row ? (JSON.parse(text(row.calendar)) as BandCalendar) : null;
}

/** Of the rates r those that count in this state of the deck. */
function counting({ deckId, version, hidden }: DeckHead): { sql: string; values: SqlValue[] } {
  const shown = hidden.length === 0 ? '' : ` AND r.version NOT IN (${hidden.map(() => '?').join(', ')})`;
  return { sql: `r.deck_id = ? AND r.version <= ?${shown}`, values: [deckId, version, ...hidden] };
}

/**
 * The rate of the longest prefix of `digits` that was valid at `atMs`, asked of the database: some 100 µs, always right, also
 * while a compiled deck is still being built. Of two rates for one prefix and moment the later import counts; a prefix whose latest rate has
 * ended has none.
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
  const shown = counting(head);
  const rows = await sql.all(
    `SELECT ${RATE_COLUMNS} FROM rates r JOIN rate_decks d ON d.id = r.deck_id
     WHERE ${shown.sql} AND r.prefix IN (${prefixes.map(() => '?').join(', ')}) AND r.effective_from_ms <= ?
     ORDER BY LENGTH(r.prefix) DESC, r.effective_from_ms DESC, r.version DESC`,
    [...shown.values, ...prefixes, atMs],
  );
  const found = rows.find((row, place) => {
    const untilMs = integerOrNull(row.effective_until_ms);
    return rows[place - 1]?.prefix !== row.prefix && (untilMs === null || untilMs > atMs);
  });
  if (!found) return null;
  const stored = toRate(found);
  return inBand(stored, stored.bandPrices && (await findBandClock(sql, head)), atMs);
}

/** How many rates count in a deck. */
export async function countRates(sql: Sql, head: DeckHead): Promise<number> {
  const shown = counting(head);
  const [row] = await sql.all(`SELECT COUNT(*) AS n FROM rates r WHERE ${shown.sql}`, shown.values);
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
): Promise<readonly StoredRate[]> {
  const shown = counting(head);
  const after = page.after;
  const behind = after
    ? `AND r.prefix >= ? AND (r.prefix > ? OR r.effective_from_ms > ? OR (r.effective_from_ms = ? AND r.version > ?))`
    : '';
  const position = after
    ? [after.prefix, after.prefix, after.effectiveFromMs, after.effectiveFromMs, after.rateVersion]
    : [];
  const rows = await sql.all(
    `SELECT ${RATE_COLUMNS} FROM rates r JOIN rate_decks d ON d.id = r.deck_id
     WHERE ${shown.sql} ${behind}
     ORDER BY r.prefix, r.effective_from_ms, r.version LIMIT ?`,
    [...shown.values, ...position, page.limit],
  );
  return rows.map(toRate);
}

function toRate(row: Row): StoredRate {
  const bandPrices = textOrNull(row.band_prices);
  return {
    deckId: text(row.deck_id),
    rateVersion: integer(row.version),
    currency: currency(text(row.currency)),
    prefix: text(row.prefix),
    destination: text(row.destination),
    effectiveFromMs: integer(row.effective_from_ms),
    effectiveUntilMs: integerOrNull(row.effective_until_ms),
    pricePerMinuteMicros: integer(row.price_per_minute_micros),
    bandPrices: bandPrices === null ? null : (JSON.parse(bandPrices) as BandPrices),
    connectFeeMicros: integer(row.connect_fee_micros),
    firstIncrementSeconds: integer(row.first_increment_seconds),
    nextIncrementSeconds: integer(row.next_increment_seconds),
    minimumSeconds: integer(row.minimum_seconds),
    graceSeconds: integer(row.grace_seconds),
    minimumChargeMicros: integer(row.minimum_charge_micros),
    maximumChargeMicros: integerOrNull(row.maximum_charge_micros),
    chargeDecimals: integer(row.charge_decimals),
  };
}
