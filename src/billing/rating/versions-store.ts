import { integer, integerOrNull, type Row, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import type { BandCalendar } from './time-bands';

/** What a version did: brought rates, set the time bands, or took another version back. */
export type VersionKind = 'import' | 'calendar' | 'return';

/** `staging`: being stored. `scheduled`: waits for its moment. `cancelled`: never came to count. */
export type VersionState = 'staging' | 'scheduled' | 'published' | 'withdrawn' | 'cancelled';

/** One change of a deck. */
export type DeckVersion = {
  readonly version: number;
  readonly kind: VersionKind;
  readonly state: VersionState;
  /** For people: a file's name, or what was done. */
  readonly sourceName: string;
  readonly rateCount: number;
  readonly calendar: BandCalendar | null;
  readonly startedAtMs: number;
  /** The moment it waits for; null when it does not wait. */
  readonly publishAtMs: number | null;
  readonly publishedAtMs: number | null;
  /** The deck's version from which on it counts, and from which on no more. */
  readonly publishedAs: number | null;
  readonly withdrawnAs: number | null;
};

const COLUMNS = `version, kind, state, source_name, rate_count, calendar, started_at_ms, publish_at_ms, published_at_ms, published_as,
  withdrawn_as`;

/** Versions of a deck, the newest first, from before `before` on (null: from the newest). */
export async function listVersions(
  sql: Sql,
  deckId: string,
  page: { readonly before: number | null; readonly limit: number },
): Promise<readonly DeckVersion[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM rate_versions WHERE deck_id = ?${page.before === null ? '' : ' AND version < ?'}
     ORDER BY version DESC LIMIT ?`,
    [deckId, ...(page.before === null ? [] : [page.before]), page.limit],
  );
  return rows.map(toVersion);
}

/** One version of a deck, or null. */
export async function findVersion(sql: Sql, deckId: string, version: number): Promise<DeckVersion | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM rate_versions WHERE deck_id = ? AND version = ?`, [
    deckId,
    version,
  ]);
  return row ? toVersion(row) : null;
}

function toVersion(row: Row): DeckVersion {
  const calendar = textOrNull(row.calendar);
  return {
    version: integer(row.version),
    kind: text(row.kind) as VersionKind,
    state: text(row.state) as VersionState,
    sourceName: text(row.source_name),
    rateCount: integer(row.rate_count),
    calendar: calendar === null ? null : (JSON.parse(calendar) as BandCalendar),
    startedAtMs: integer(row.started_at_ms),
    publishAtMs: integerOrNull(row.publish_at_ms),
    publishedAtMs: integerOrNull(row.published_at_ms),
    publishedAs: integerOrNull(row.published_as),
    withdrawnAs: integerOrNull(row.withdrawn_as),
  };
}
