import { Conflict, NotFound } from '../../kernel/app-error';
import { type Database, integer, type Sql } from '../../kernel/unit-of-work';
import { enqueue } from '../../jobs/jobs-store';
import { type BandCalendar, checkCalendar } from './time-bands';
import { findVersion, type VersionKind } from './versions-store';

/** The kind of the job that publishes a version at its moment; its payload is `{ deckId, version }`. */
export const PUBLISH_RATES = 'publish-rates';

type OfDeck = { readonly deckId: string; readonly nowMs: number };

/** Gives the deck's next number, with the deck's row locked until the unit of work ends. @throws NotFound */
export async function nextVersion(sql: Sql, deckId: string): Promise<number> {
  const [row] = await sql.all(`SELECT last_version FROM rate_decks WHERE id = ?${sql.forUpdate}`, [deckId]);
  if (!row) throw new NotFound('rate deck', deckId);
  const version = integer(row.last_version) + 1;
  await sql.run('UPDATE rate_decks SET last_version = ? WHERE id = ?', [version, deckId]);
  return version;
}

/**
 * Lets a version that is stored count from now on: before this no rating sees any of its rates, after it every rating sees all. Gives the deck's
 * new version. @throws Conflict when it was published or cancelled, or another import took its place
 */
export async function publishVersion(
  sql: Sql,
  of: OfDeck & { readonly version: number; readonly token: string | null; readonly rateCount: number },
): Promise<number> {
  const { deckId, version, token, nowMs } = of;
  const [row] = await sql.all(`SELECT last_version FROM rate_decks WHERE id = ?${sql.forUpdate}`, [deckId]);
  // What was published while this one was being stored must not make it count before its turn.
  const publishedAs = integer(row?.last_version) === version ? version : await nextVersion(sql, deckId);
  const moved = await sql.run(
    `UPDATE rate_versions SET state = 'published', rate_count = ?, staging_token = NULL, published_at_ms = ?, published_as = ?
     WHERE deck_id = ? AND version = ? AND ${token === null ? "state = 'scheduled'" : "state = 'staging' AND staging_token = ?"}`,
    [of.rateCount, nowMs, publishedAs, deckId, version, ...(token === null ? [] : [token])],
  );
  if (moved === 0)
    throw new Conflict('the version was published or cancelled meanwhile, or another import took its place', {
      deckId,
      version,
    });
  await sql.run('UPDATE rate_decks SET current_version = ? WHERE id = ?', [publishedAs, deckId]);
  return publishedAs;
}

/** Lets a stored version wait for its moment; a job publishes it then. @throws Conflict as publishVersion */
export async function scheduleVersion(
  sql: Sql,
  of: OfDeck & {
    readonly version: number;
    readonly token: string;
    readonly rateCount: number;
    readonly publishAtMs: number;
  },
): Promise<void> {
  const { deckId, version, publishAtMs, nowMs } = of;
  const moved = await sql.run(
    `UPDATE rate_versions SET state = 'scheduled', rate_count = ?, staging_token = NULL, publish_at_ms = ?
     WHERE deck_id = ? AND version = ? AND state = 'staging' AND staging_token = ?`,
    [of.rateCount, publishAtMs, deckId, version, of.token],
  );
  if (moved === 0) throw new Conflict('another import took its place', { deckId, version });
  const uniqueKey = `${deckId}:${version}`;
  await enqueue(sql, {
    kind: PUBLISH_RATES,
    uniqueKey,
    payload: { deckId, version },
    runAtMs: publishAtMs,
    nowMs,
  });
}

/** Publishes a version whose moment has come. One that was published or cancelled stays as it is. */
export function publishScheduled(
  database: Database,
  { deckId, version, nowMs }: OfDeck & { readonly version: number },
): Promise<void> {
  return database.write(async (sql) => {
    const waiting = await findVersion(sql, deckId, version);
    if (waiting?.state !== 'scheduled' || (waiting.publishAtMs ?? 0) > nowMs) return;
    await publishVersion(sql, { deckId, version, token: null, rateCount: waiting.rateCount, nowMs });
  });
}

/** Calls off a version that waits for its moment. @throws NotFound, Conflict when it does not wait */
export function cancelScheduled(
  database: Database,
  { deckId, version }: { readonly deckId: string; readonly version: number },
): Promise<void> {
  return database.write(async (sql) => {
    if (!(await findVersion(sql, deckId, version))) throw new NotFound('version', String(version));
    const changed = await sql.run(
      "UPDATE rate_versions SET state = 'cancelled' WHERE deck_id = ? AND version = ? AND state = 'scheduled'",
      [deckId, version],
    );
    if (changed === 0)
      throw new Conflict(
        'the version does not wait for its moment any more; return to the one before instead',
        {
          deckId,
          version,
        },
      );
  });
}

/** Sets when calls cost what, as a version of its own; gives its number. @throws NotFound, InvalidInput for a calendar that cannot be */
export function setCalendar(
  database: Database,
  of: OfDeck & { readonly calendar: BandCalendar },
): Promise<number> {
  const calendar = checkCalendar(of.calendar);
  return database.write((sql) =>
    addPublished(sql, {
      ...of,
      kind: 'calendar',
      sourceName: `time bands of ${calendar.timeZone}`,
      calendar: JSON.stringify(calendar),
    }),
  );
}

export type Returned = {
  /** The deck's version from now on. */
  readonly version: number;
  /** The one that counts no more. */
  readonly withdrawn: number;
};

/**
 * Takes the latest version of a deck back, in one step: what counted before it counts again. Done once more it takes back the one before that.
 * Calls that go on keep the price they were promised.
 * `expected` names the version to be taken back, so that two who press at once take back one. @throws NotFound, Conflict when there is none to return to, or another one is the latest
 */
export function returnToFormer(
  database: Database,
  { deckId, nowMs, expected }: OfDeck & { readonly expected: number | null },
): Promise<Returned> {
  return database.write(async (sql) => {
    const version = await nextVersion(sql, deckId);
    const counting = await sql.all(
      `SELECT version FROM rate_versions WHERE deck_id = ? AND state = 'published' AND kind <> 'return'
       ORDER BY published_as DESC LIMIT 2`,
      [deckId],
    );
    const [latest, former] = counting.map((row) => integer(row.version));
    if (latest === undefined || former === undefined)
      throw new Conflict('the deck has no former version to return to', { deckId });
    if (expected !== null && latest !== expected)
      throw new Conflict(`the latest version is ${latest}, not ${expected}`, { deckId, latest });
    await sql.run(
      "UPDATE rate_versions SET state = 'withdrawn', withdrawn_as = ? WHERE deck_id = ? AND version = ?",
      [version, deckId, latest],
    );
    await insertPublished(sql, version, {
      deckId,
      nowMs,
      kind: 'return',
      sourceName: `version ${latest} was taken back`,
      calendar: null,
    });
    return { version, withdrawn: latest };
  });
}

type Addition = OfDeck & {
  readonly kind: VersionKind;
  readonly sourceName: string;
  readonly calendar: string | null;
};

async function addPublished(sql: Sql, of: Addition): Promise<number> {
  const version = await nextVersion(sql, of.deckId);
  await insertPublished(sql, version, of);
  return version;
}

async function insertPublished(sql: Sql, version: number, of: Addition): Promise<void> {
  await sql.run(
    `INSERT INTO rate_versions (deck_id, version, kind, state, source_name, rate_count, calendar, started_at_ms, published_at_ms, published_as)
     VALUES (?, ?, ?, 'published', ?, 0, ?, ?, ?, ?)`,
    [of.deckId, version, of.kind, of.sourceName, of.calendar, of.nowMs, of.nowMs, version],
  );
  await sql.run('UPDATE rate_decks SET current_version = ? WHERE id = ?', [version, of.deckId]);
}
