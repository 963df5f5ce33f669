import { raiseHouseAlert } from '../../alerts/alerts-store';
import { Conflict, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import {
  type Database,
  DuplicateKey,
  integer,
  integerOrNull,
  type Row,
  type Sql,
  text,
  textOrNull,
  whereOf,
} from '../../kernel/unit-of-work';

/** Why money is not credited until a person has looked. */
export type QuarantineReason =
  | 'unknown-payment'
  | 'other-amount'
  | 'other-currency'
  | 'other-customer'
  | 'other-mode'
  | 'paid-twice'
  | 'refund-undone'
  | 'returned-too-much';

export type Quarantined = {
  readonly id: string;
  readonly reason: QuarantineReason;
  readonly details: Readonly<Record<string, unknown>>;
  readonly state: 'open' | 'closed';
  readonly raisedAtMs: number;
  readonly closedBy: string | null;
  readonly closedNote: string | null;
  readonly closedAtMs: number | null;
};

/** Keeps something apart and tells the operator, once for a key. */
export async function quarantine(
  sql: Sql,
  {
    key,
    reason,
    details,
    nowMs,
  }: {
    readonly key: string;
    readonly reason: QuarantineReason;
    readonly details: Readonly<Record<string, unknown>>;
    readonly nowMs: number;
  },
): Promise<void> {
  const id = newId(nowMs);
  try {
    await sql.run(
      `INSERT INTO payment_quarantine (id, unique_key, reason, details, state, raised_at_ms) VALUES (?, ?, ?, ?, 'open', ?)`,
      [id, `${reason}:${key}`, reason, JSON.stringify(details), nowMs],
    );
  } catch (error) {
    if (error instanceof DuplicateKey) return;
    throw error;
  }
  await raiseHouseAlert(sql, {
    id: newId(nowMs),
    kind: 'payment-quarantined',
    details: { quarantineId: id, reason, ...details },
    raisedAtMs: nowMs,
  });
}

/** Notes what a person did about it. @throws NotFound, Conflict when it was closed before */
export function closeQuarantined(
  database: Database,
  id: string,
  by: { readonly name: string; readonly note: string; readonly nowMs: number },
): Promise<Quarantined> {
  return database.write(async (sql) => {
    const closed = await sql.run(
      `UPDATE payment_quarantine SET state = 'closed', closed_by = ?, closed_note = ?, closed_at_ms = ? WHERE id = ? AND state = 'open'`,
      [by.name, by.note, by.nowMs, id],
    );
    const [row] = await sql.all(`SELECT ${COLUMNS} FROM payment_quarantine WHERE id = ?`, [id]);
    if (!row) throw new NotFound('quarantined payment', id);
    if (closed === 0) throw new Conflict('this was closed before', { id });
    return toQuarantined(row);
  });
}

/** What is kept apart, the newest first. */
export async function listQuarantined(
  sql: Sql,
  wanted: {
    readonly state: 'open' | 'closed' | null;
    readonly beforeId: string | null;
    readonly limit: number;
  },
): Promise<readonly Quarantined[]> {
  const { where, values } = whereOf([
    ['state = ?', wanted.state],
    ['id < ?', wanted.beforeId],
  ]);
  const rows = await sql.all(`SELECT ${COLUMNS} FROM payment_quarantine ${where} ORDER BY id DESC LIMIT ?`, [
    ...values,
    wanted.limit,
  ]);
  return rows.map(toQuarantined);
}

const COLUMNS = 'id, reason, details, state, raised_at_ms, closed_by, closed_note, closed_at_ms';

function toQuarantined(row: Row): Quarantined {
  return {
    id: text(row.id),
    reason: text(row.reason) as QuarantineReason,
    details: JSON.parse(text(row.details)) as Readonly<Record<string, unknown>>,
    state: text(row.state) as Quarantined['state'],
    raisedAtMs: integer(row.raised_at_ms),
    closedBy: textOrNull(row.closed_by),
    closedNote: textOrNull(row.closed_note),
    closedAtMs: integerOrNull(row.closed_at_ms),
  };
}
