import {
  type Database,
  DuplicateKey,
  integer,
  integerOrNull,
  type Row,
  type Sql,
  text,
} from '../kernel/unit-of-work';
import type { SwitchLeg } from './switch-leg';

const COLUMNS = 'leg_id, cdr_id, started_at_ms, answered_at_ms, ended_at_ms, bill_ms, hangup_cause';

/** Stores what the switch said of a leg, once: the second time nothing changes. */
export async function storeSwitchLeg(database: Database, nodeId: string, leg: SwitchLeg): Promise<void> {
  try {
    await database.write((sql) =>
      sql.run(`INSERT INTO switch_legs (${COLUMNS}, node_id, judged) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`, [
        leg.legId.slice(0, 64),
        leg.cdrId.slice(0, 64),
        leg.startedAtMs,
        leg.answeredAtMs,
        leg.endedAtMs,
        leg.billMs,
        leg.hangupCause.slice(0, 64),
        nodeId,
      ]),
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
}

/** The switch's legs of these CDRs, judged before or not. */
export async function switchLegsOf(sql: Sql, cdrIds: readonly string[]): Promise<readonly SwitchLeg[]> {
  if (cdrIds.length === 0) return [];
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM switch_legs WHERE cdr_id IN (${marks(cdrIds)}) ORDER BY ended_at_ms, leg_id`,
    cdrIds,
  );
  return rows.map(toSwitchLeg);
}

/** Legs of a node that ended before `beforeMs` and were not judged yet, the oldest first, behind `after`. */
export async function unjudgedLegs(
  sql: Sql,
  wanted: {
    readonly nodeId: string;
    readonly beforeMs: number;
    readonly after: Pick<SwitchLeg, 'endedAtMs' | 'legId'> | null;
    readonly limit: number;
  },
): Promise<readonly SwitchLeg[]> {
  const after = wanted.after ?? { endedAtMs: -1, legId: '' };
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM switch_legs WHERE node_id = ? AND judged = 0 AND ended_at_ms < ?
       AND ended_at_ms >= ? AND (ended_at_ms > ? OR leg_id > ?)
     ORDER BY ended_at_ms, leg_id LIMIT ?`,
    [wanted.nodeId, wanted.beforeMs, after.endedAtMs, after.endedAtMs, after.legId, wanted.limit],
  );
  return rows.map(toSwitchLeg);
}

export async function markJudged(sql: Sql, cdrIds: readonly string[]): Promise<void> {
  if (cdrIds.length === 0) return;
  await sql.run(`UPDATE switch_legs SET judged = 1 WHERE cdr_id IN (${marks(cdrIds)})`, cdrIds);
}

/** Notes that a node has heard everything the switch said from one moment to another; a window that grows keeps its beginning. */
export async function storeListening(
  database: Database,
  nodeId: string,
  window: { readonly fromMs: number; readonly untilMs: number },
): Promise<void> {
  await database.write(async (sql) => {
    const grown = await sql.run(
      'UPDATE switch_listening SET until_ms = ? WHERE node_id = ? AND from_ms = ? AND until_ms <= ?',
      [window.untilMs, nodeId, window.fromMs, window.untilMs],
    );
    if (grown > 0) return;
    const [row] = await sql.all('SELECT from_ms FROM switch_listening WHERE node_id = ? AND from_ms = ?', [
      nodeId,
      window.fromMs,
    ]);
    if (!row)
      await sql.run('INSERT INTO switch_listening (node_id, from_ms, until_ms) VALUES (?, ?, ?)', [
        nodeId,
        window.fromMs,
        window.untilMs,
      ]);
  });
}

/** Windows of a node that touch a stretch of time. */
export async function listeningWindows(
  sql: Sql,
  nodeId: string,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Promise<readonly { readonly fromMs: number; readonly untilMs: number }[]> {
  const rows = await sql.all(
    'SELECT from_ms, until_ms FROM switch_listening WHERE node_id = ? AND until_ms >= ? AND from_ms <= ?',
    [nodeId, fromMs, untilMs],
  );
  return rows.map((row) => ({ fromMs: integer(row.from_ms), untilMs: integer(row.until_ms) }));
}

/** Removes at most `limit` judged legs, and all windows, that ended before a moment. */
export async function forgetSwitchLegs(database: Database, beforeMs: number, limit: number): Promise<void> {
  const rows = await database.read.all(
    'SELECT leg_id FROM switch_legs WHERE judged = 1 AND ended_at_ms < ? ORDER BY ended_at_ms LIMIT ?',
    [beforeMs, limit],
  );
  const ids = rows.map((row) => text(row.leg_id));
  await database.write(async (sql) => {
    if (ids.length > 0) await sql.run(`DELETE FROM switch_legs WHERE leg_id IN (${marks(ids)})`, ids);
    await sql.run('DELETE FROM switch_listening WHERE until_ms < ?', [beforeMs]);
  });
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

function toSwitchLeg(row: Row): SwitchLeg {
  return {
    legId: text(row.leg_id),
    cdrId: text(row.cdr_id),
    startedAtMs: integer(row.started_at_ms),
    answeredAtMs: integerOrNull(row.answered_at_ms),
    endedAtMs: integer(row.ended_at_ms),
    billMs: integer(row.bill_ms),
    hangupCause: text(row.hangup_cause),
  };
}
