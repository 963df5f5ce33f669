import { type Database, integer, type Sql, text } from '../kernel/unit-of-work';

export type TracedMessage = {
  readonly id: string;
  readonly sipCallId: string;
  readonly seenAtMs: number;
  readonly way: 'in' | 'out';
  readonly transport: string;
  readonly peer: string;
  readonly message: string;
};

/** Most messages of one leg that are shown and kept. */
export const MAX_MESSAGES_OF_LEG = 300;

/** Stores messages in one statement. */
export async function insertMessages(database: Database, messages: readonly TracedMessage[]): Promise<void> {
  if (messages.length === 0) return;
  await database.write((sql) =>
    sql.run(
      `INSERT INTO sip_messages (id, sip_call_id, seen_at_ms, way, transport, peer, message)
       VALUES ${messages.map(() => '(?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
      messages.flatMap((one) => [
        one.id,
        one.sipCallId,
        one.seenAtMs,
        one.way,
        one.transport,
        one.peer,
        one.message,
      ]),
    ),
  );
}

/** The messages of a leg in the order they were seen. */
export async function messagesOf(sql: Sql, sipCallId: string): Promise<readonly TracedMessage[]> {
  const rows = await sql.all(
    `SELECT id, sip_call_id, seen_at_ms, way, transport, peer, message FROM sip_messages
     WHERE sip_call_id = ? ORDER BY id LIMIT ?`,
    [sipCallId, MAX_MESSAGES_OF_LEG],
  );
  return rows.map((row) => ({
    id: text(row.id),
    sipCallId: text(row.sip_call_id),
    seenAtMs: integer(row.seen_at_ms),
    way: text(row.way) === 'in' ? 'in' : 'out',
    transport: text(row.transport),
    peer: text(row.peer),
    message: text(row.message),
  }));
}

/** Rows deleted by one statement, and statements of one clearing: what is left goes with the next. */
const FORGOTTEN_BY_STATEMENT = 2_000;
const MOST_STATEMENTS = 500;

/** Deletes messages seen before a moment. */
export async function forgetMessages(database: Database, beforeMs: number): Promise<void> {
  for (let n = 0; n < MOST_STATEMENTS; n++) {
    const rows = await database.read.all(
      'SELECT id FROM sip_messages WHERE seen_at_ms < ? ORDER BY seen_at_ms LIMIT ?',
      [beforeMs, FORGOTTEN_BY_STATEMENT],
    );
    if (rows.length === 0) return;
    const ids = rows.map(({ id }) => text(id));
    await database.write((sql) =>
      sql.run(`DELETE FROM sip_messages WHERE id IN (${ids.map(() => '?').join(', ')})`, ids),
    );
  }
}
