import { raiseHouseAlert } from '../alerts/alerts-store';
import { newId } from '../kernel/ids';
import { type Database, DuplicateKey, integer, integerOrNull, type Sql } from '../kernel/unit-of-work';
import { MAX_RANGES_PER_ALERT, type NumberRange } from './sequence-gaps';

/** The kind of the alert that names lost numbers; its details are `{ nodeId, count, ranges: [[first, last], …] }`. */
export const CDR_GAP = 'cdr-gap';

/** Up to which number a node's sequence was found whole, or its gaps were alarmed; 0 for none. */
export async function checkedThrough(sql: Sql, nodeId: string): Promise<number> {
  const [row] = await sql.all('SELECT checked_through FROM node_sequences WHERE node_id = ?', [nodeId]);
  return integerOrNull(row?.checked_through) ?? 0;
}

/** Moves the mark on, never back. */
export async function storeCheckedThrough(
  database: Database,
  nodeId: string,
  through: number,
): Promise<void> {
  await database.write(async (sql) => {
    const moved = await sql.run(
      'UPDATE node_sequences SET checked_through = ? WHERE node_id = ? AND checked_through < ?',
      [through, nodeId, through],
    );
    if (moved > 0) return;
    const [row] = await sql.all('SELECT node_id FROM node_sequences WHERE node_id = ?', [nodeId]);
    if (!row)
      await sql.run('INSERT INTO node_sequences (node_id, checked_through) VALUES (?, ?)', [nodeId, through]);
  });
}

export async function countNumbers(sql: Sql, nodeId: string, { first, last }: NumberRange): Promise<number> {
  const [row] = await sql.all(
    'SELECT COUNT(*) AS n FROM cdrs WHERE node_id = ? AND node_sequence >= ? AND node_sequence <= ?',
    [nodeId, first, last],
  );
  return integer(row?.n);
}

/** The numbers of a range that have a CDR. */
export async function presentNumbers(
  sql: Sql,
  nodeId: string,
  { first, last }: NumberRange,
): Promise<ReadonlySet<number>> {
  const rows = await sql.all(
    'SELECT node_sequence FROM cdrs WHERE node_id = ? AND node_sequence >= ? AND node_sequence <= ?',
    [nodeId, first, last],
  );
  return new Set(rows.map((row) => integer(row.node_sequence)));
}

/** Gaps alarmed before that touch a range. */
export async function notedGaps(
  sql: Sql,
  nodeId: string,
  { first, last }: NumberRange,
): Promise<readonly NumberRange[]> {
  const rows = await sql.all(
    'SELECT first_missing, last_missing FROM node_sequence_gaps WHERE node_id = ? AND last_missing >= ? AND first_missing <= ?',
    [nodeId, first, last],
  );
  return rows.map((row) => ({ first: integer(row.first_missing), last: integer(row.last_missing) }));
}

/** Alarms gaps, each once: the ranges are noted with their alert in one transaction. */
export async function alarmGaps(
  database: Database,
  nodeId: string,
  ranges: readonly NumberRange[],
  nowMs: number,
): Promise<void> {
  for (let at = 0; at < ranges.length; at += MAX_RANGES_PER_ALERT) {
    const named = ranges.slice(at, at + MAX_RANGES_PER_ALERT);
    try {
      await database.write((sql) => alarm(sql, nodeId, named, nowMs));
    } catch (error) {
      // Noted by an earlier check whose answer was lost: the next check leaves it out.
      if (!(error instanceof DuplicateKey)) throw error;
    }
  }
}

async function alarm(sql: Sql, nodeId: string, ranges: readonly NumberRange[], nowMs: number): Promise<void> {
  const id = newId(nowMs);
  await raiseHouseAlert(sql, {
    id,
    kind: CDR_GAP,
    details: {
      nodeId,
      count: ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0),
      ranges: ranges.map(({ first, last }) => [first, last]),
    },
    raisedAtMs: nowMs,
  });
  for (const { first, last } of ranges)
    await sql.run(
      'INSERT INTO node_sequence_gaps (node_id, first_missing, last_missing, alert_id) VALUES (?, ?, ?, ?)',
      [nodeId, first, last, id],
    );
}
