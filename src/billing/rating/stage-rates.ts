import { Conflict } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { type Database, integer, type Sql, text } from '../../kernel/unit-of-work';
import type { RateDeck } from './decks-store';
import { nextVersion, publishVersion, scheduleVersion } from './publish-version';
import type { RateLine } from './rate';

/** Rates to be stored, given part by part: a list of them, or one that is packed. */
export type RateParts = {
  readonly length: number;
  slice(from: number, to: number): readonly RateLine[];
};

/** Rates one statement inserts; small enough that no call's reservation waits long for SQLite's one writer. */
const ROWS_PER_STATEMENT = 100;

/** An import that did not publish within this time was broken off; the next one clears it away. */
const STAGING_LIMIT_MS = 60 * 60_000;

export type Staging = {
  readonly deck: RateDeck;
  readonly sourceName: string;
  readonly nowMs: number;
  /** The version waits for this moment; left out or past, it counts at once. */
  readonly publishAtMs?: number | null;
  readonly onRowsStored: (count: number) => void;
};

/**
 * Stores the rates as the deck's next version in many short transactions, so that calls go on meanwhile, and then publishes the
 * version in one, or leaves it to wait for its moment: before that no rating sees any of them, after it every rating sees all. Gives the new
 * version.
 * @throws Conflict when another import of the deck is under way
 */
export async function publishRates(database: Database, rates: RateParts, staging: Staging): Promise<number> {
  const { deck, nowMs } = staging;
  const token = newId(nowMs);
  const { version, brokenOff } = await database.write((sql) => beginVersion(sql, staging, token));
  for (const old of brokenOff) await clearVersion(database, deck.id, old);
  try {
    for (let from = 0; from < rates.length; from += ROWS_PER_STATEMENT) {
      const part = rates.slice(from, from + ROWS_PER_STATEMENT);
      await database.write((sql) => insertRates(sql, deck.id, version, part));
      staging.onRowsStored(part.length);
    }
    const publishAtMs = staging.publishAtMs ?? 0;
    const stored = { deckId: deck.id, version, token, rateCount: rates.length, nowMs };
    await database.write(async (sql) => {
      if (publishAtMs > nowMs) await scheduleVersion(sql, { ...stored, publishAtMs });
      else await publishVersion(sql, stored);
    });
  } catch (error) {
    // A version that was published after all, though its commit was not heard of, keeps its rates.
    if ((await database.write((sql) => endStaging(sql, deck.id, version))) > 0)
      await clearVersion(database, deck.id, version);
    throw error;
  }
  return version;
}

/** Gives the new version, and those of imports that were broken off: their rates are to be cleared away. */
async function beginVersion(
  sql: Sql,
  { deck, sourceName, nowMs }: Staging,
  token: string,
): Promise<{ readonly version: number; readonly brokenOff: readonly number[] }> {
  const version = await nextVersion(sql, deck.id);
  const open = await sql.all(
    "SELECT version, started_at_ms FROM rate_versions WHERE deck_id = ? AND state = 'staging'",
    [deck.id],
  );
  if (open.some((row) => integer(row.started_at_ms) >= nowMs - STAGING_LIMIT_MS))
    throw new Conflict(`another import of the deck ${deck.name} is under way`, { deckId: deck.id });
  const brokenOff = open.map((row) => integer(row.version));
  for (const old of brokenOff) await endStaging(sql, deck.id, old);
  await sql.run(
    `INSERT INTO rate_versions (deck_id, version, kind, state, source_name, rate_count, staging_token, started_at_ms)
     VALUES (?, ?, 'import', 'staging', ?, 0, ?, ?)`,
    [deck.id, version, sourceName.slice(0, 255), token, nowMs],
  );
  return { version, brokenOff };
}

function endStaging(sql: Sql, deckId: string, version: number): Promise<number> {
  return sql.run(
    "UPDATE rate_versions SET state = 'cancelled', staging_token = NULL WHERE deck_id = ? AND version = ? AND state = 'staging'",
    [deckId, version],
  );
}

/** Deletes the rates of a version that never came to count. */
async function clearVersion(database: Database, deckId: string, version: number): Promise<void> {
  for (;;) {
    const left = await database.read.all(
      'SELECT prefix, effective_from_ms FROM rates WHERE deck_id = ? AND version = ? LIMIT ?',
      [deckId, version, ROWS_PER_STATEMENT],
    );
    if (left.length === 0) return;
    await database.write(async (sql) => {
      await sql.run(
        `DELETE FROM rates WHERE deck_id = ? AND version = ? AND (${left.map(() => '(prefix = ? AND effective_from_ms = ?)').join(' OR ')})`,
        [deckId, version, ...left.flatMap((row) => [text(row.prefix), integer(row.effective_from_ms)])],
      );
    });
  }
}

async function insertRates(
  sql: Sql,
  deckId: string,
  version: number,
  rates: readonly RateLine[],
): Promise<void> {
  await sql.run(
    `INSERT INTO rates (deck_id, version, prefix, effective_from_ms, effective_until_ms, destination, price_per_minute_micros, band_prices,
       connect_fee_micros, first_increment_seconds, next_increment_seconds, minimum_seconds, grace_seconds, minimum_charge_micros,
       maximum_charge_micros)
     VALUES ${rates.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
    rates.flatMap((rate) => [
      deckId,
      version,
      rate.prefix,
      rate.effectiveFromMs,
      rate.effectiveUntilMs,
      rate.destination,
      rate.pricePerMinuteMicros,
      rate.bandPrices === null ? null : JSON.stringify(rate.bandPrices),
      rate.connectFeeMicros,
      rate.firstIncrementSeconds,
      rate.nextIncrementSeconds,
      rate.minimumSeconds,
      rate.graceSeconds,
      rate.minimumChargeMicros,
      rate.maximumChargeMicros,
    ]),
  );
}
