import { Conflict } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { type Database, DuplicateKey, integer, type Sql, text } from '../../kernel/unit-of-work';
import type { RateDeck } from './decks-store';
import type { Rate } from './rate';

/** A rate as a deck's file states it. */
export type RateLine = Omit<Rate, 'deckId' | 'rateVersion' | 'currency' | 'chargeDecimals'>;

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
  readonly onRowsStored: (count: number) => void;
};

/**
 * Stores the rates as the deck's next version in many short transactions, so that calls go on meanwhile, and then publishes the
 * version in one: before that no rating sees any of them, after it every rating sees all. Gives the new version.
 * @throws Conflict when another import of the deck is under way
 */
export async function publishRates(database: Database, rates: RateParts, staging: Staging): Promise<number> {
  const { deck, nowMs } = staging;
  const token = newId(nowMs);
  const version = await database.write((sql) => beginVersion(sql, staging, token));
  try {
    await clearVersion(database, deck.id, version);
    for (let from = 0; from < rates.length; from += ROWS_PER_STATEMENT) {
      const part = rates.slice(from, from + ROWS_PER_STATEMENT);
      await database.write((sql) => insertRates(sql, deck.id, version, part));
      staging.onRowsStored(part.length);
    }
    await database.write((sql) => publish(sql, { deckId: deck.id, version, token, rateCount: rates.length }));
  } catch (error) {
    await database.write((sql) =>
      sql.run(
        "DELETE FROM rate_imports WHERE deck_id = ? AND version = ? AND staging_token = ? AND state = 'staging'",
        [deck.id, version, token],
      ),
    );
    throw error;
  }
  return version;
}

async function beginVersion(sql: Sql, { deck, sourceName, nowMs }: Staging, token: string): Promise<number> {
  const [row] = await sql.all(`SELECT current_version FROM rate_decks WHERE id = ?${sql.forUpdate}`, [
    deck.id,
  ]);
  const version = integer(row?.current_version) + 1;
  await sql.run(
    "DELETE FROM rate_imports WHERE deck_id = ? AND version = ? AND state = 'staging' AND started_at_ms < ?",
    [deck.id, version, nowMs - STAGING_LIMIT_MS],
  );
  try {
    await sql.run(
      `INSERT INTO rate_imports (deck_id, version, source_name, state, rate_count, staging_token, started_at_ms)
       VALUES (?, ?, ?, 'staging', 0, ?, ?)`,
      [deck.id, version, sourceName.slice(0, 255), token, nowMs],
    );
  } catch (error) {
    if (error instanceof DuplicateKey)
      throw new Conflict(`another import of the deck ${deck.name} is under way`, {
        deckId: deck.id,
        version,
      });
    throw error;
  }
  return version;
}

/** Rates of an import that was broken off under this version. */
async function clearVersion(database: Database, deckId: string, version: number): Promise<void> {
  for (;;) {
    const left = await database.read.all(
      'SELECT prefix, effective_from_ms FROM rates WHERE deck_id = ? AND version = ? LIMIT ?',
      [deckId, version, ROWS_PER_STATEMENT],
    );
    if (left.length === 0) return;
    await database.write(async (sql) => {
      for (const row of left)
        await sql.run(
          'DELETE FROM rates WHERE deck_id = ? AND prefix = ? AND effective_from_ms = ? AND version = ?',
          [deckId, text(row.prefix), integer(row.effective_from_ms), version],
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
    `INSERT INTO rates (deck_id, version, prefix, effective_from_ms, destination, price_per_minute_micros, connect_fee_micros,
       first_increment_seconds, next_increment_seconds, minimum_seconds, minimum_charge_micros)
     VALUES ${rates.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
    rates.flatMap((rate) => [
      deckId,
      version,
      rate.prefix,
      rate.effectiveFromMs,
      rate.destination,
      rate.pricePerMinuteMicros,
      rate.connectFeeMicros,
      rate.firstIncrementSeconds,
      rate.nextIncrementSeconds,
      rate.minimumSeconds,
      rate.minimumChargeMicros,
    ]),
  );
}

async function publish(
  sql: Sql,
  version: {
    readonly deckId: string;
    readonly version: number;
    readonly token: string;
    readonly rateCount: number;
  },
): Promise<void> {
  const moved = await sql.run(
    `UPDATE rate_decks SET current_version = ? WHERE id = ? AND current_version = ?
     AND EXISTS (SELECT 1 FROM rate_imports WHERE deck_id = ? AND version = ? AND staging_token = ?)`,
    [version.version, version.deckId, version.version - 1, version.deckId, version.version, version.token],
  );
  if (moved === 0)
    throw new Conflict('the import took so long that another one took its place', {
      deckId: version.deckId,
      version: version.version,
    });
  await sql.run(
    "UPDATE rate_imports SET state = 'published', rate_count = ? WHERE deck_id = ? AND version = ?",
    [version.rateCount, version.deckId, version.version],
  );
}
