import { integer, type Row, type Sql, text, textOrNull } from '../kernel/unit-of-work';
import type { EventKind, StoredEvent } from './event';

/** Rows of one statement. */
const ROWS_TOGETHER = 200;

export async function insertEvents(sql: Sql, events: readonly StoredEvent[]): Promise<void> {
  for (let at = 0; at < events.length; at += ROWS_TOGETHER) {
    const some = events.slice(at, at + ROWS_TOGETHER);
    await sql.run(
      `INSERT INTO webhook_events (id, kind, object_key, account_id, facts, recorded_at_ms)
       VALUES ${some.map(() => '(?, ?, ?, ?, ?, ?)').join(', ')}`,
      some.flatMap((event) => [
        event.id,
        event.kind,
        event.objectKey,
        event.accountId,
        JSON.stringify(event.facts),
        event.recordedAtMs,
      ]),
    );
  }
}

/** Events by id, in no order. */
export async function readEvents(
  sql: Sql,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredEvent>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT * FROM webhook_events WHERE id IN (${ids.map(() => '?').join(', ')})`,
    ids,
  );
  return new Map(rows.map((row) => [text(row.id), toEvent(row)]));
}

/** A page of events, the oldest first, of those after one of them. */
export async function listEvents(
  sql: Sql,
  {
    afterId,
    fromMs,
    kinds,
    limit,
  }: {
    readonly afterId: string | null;
    readonly fromMs: number;
    /** Empty for all. */
    readonly kinds: readonly EventKind[];
    readonly limit: number;
  },
): Promise<readonly StoredEvent[]> {
  const ofKinds = kinds.length === 0 ? '' : `AND kind IN (${kinds.map(() => '?').join(', ')})`;
  const rows = await sql.all(
    `SELECT * FROM webhook_events WHERE id > ? AND recorded_at_ms >= ? ${ofKinds} ORDER BY id LIMIT ?`,
    [afterId ?? '', fromMs, ...kinds, limit],
  );
  return rows.map(toEvent);
}

/** Removes events recorded before a moment with their deliveries, at most `limit`; those that still wait stay. Gives their number. */
export async function forgetOldEvents(sql: Sql, beforeMs: number, limit: number): Promise<number> {
  const rows = await sql.all(
    `SELECT e.id FROM webhook_events e WHERE e.recorded_at_ms < ? AND NOT EXISTS
       (SELECT 1 FROM webhook_deliveries d WHERE d.event_id = e.id AND d.state = 'waiting')
     ORDER BY e.recorded_at_ms LIMIT ?`,
    [beforeMs, limit],
  );
  if (rows.length === 0) return 0;
  const ids = rows.map(({ id }) => text(id));
  const those = ids.map(() => '?').join(', ');
  await sql.run(`DELETE FROM webhook_deliveries WHERE event_id IN (${those})`, ids);
  return sql.run(`DELETE FROM webhook_events WHERE id IN (${those})`, ids);
}

function toEvent(row: Row): StoredEvent {
  return {
    id: text(row.id),
    kind: text(row.kind) as EventKind,
    objectKey: text(row.object_key),
    accountId: textOrNull(row.account_id),
    facts: JSON.parse(text(row.facts)) as StoredEvent['facts'],
    recordedAtMs: integer(row.recorded_at_ms),
  };
}
