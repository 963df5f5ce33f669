import { maskNumber } from '../kernel/phone-number';
import { integer, type Row, type Sql, type SqlValue, text, textOrNull } from '../kernel/unit-of-work';
import type { Alert, HouseAlert } from './alert';

/** Rows one page may have. */
export const MAX_ALERTS_PER_PAGE = 200;

/** The last row of a page; the next page begins behind it. */
export type AlertPosition = { readonly raisedAtMs: number; readonly id: string };

export type AlertSearch = {
  readonly ownerAccountId?: string;
  readonly kind?: string;
  /** Raised at or after this. */
  readonly fromMs?: number;
  /** Raised before this. */
  readonly toMs?: number;
  readonly after: AlertPosition | null;
  /** 1 to MAX_ALERTS_PER_PAGE. */
  readonly limit: number;
  readonly numbers: 'full' | 'masked';
};

/** Raises an alert for the operator, in the unit of work of its cause. */
export async function raiseHouseAlert(sql: Sql, alert: HouseAlert): Promise<void> {
  await sql.run('INSERT INTO alerts (id, kind, details, raised_at_ms) VALUES (?, ?, ?, ?)', [
    alert.id,
    alert.kind,
    JSON.stringify(alert.details),
    alert.raisedAtMs,
  ]);
}

/** Raises an alert for the owner of an account, in the unit of work of its cause. */
export async function raiseAccountAlert(
  sql: Sql,
  alert: HouseAlert & { readonly ownerAccountId: string },
): Promise<void> {
  await sql.run(
    'INSERT INTO alerts (id, kind, owner_account_id, details, raised_at_ms) VALUES (?, ?, ?, ?, ?)',
    [alert.id, alert.kind, alert.ownerAccountId, JSON.stringify(alert.details), alert.raisedAtMs],
  );
}

/** One page of alerts, the newest first. */
export async function listAlerts(
  sql: Sql,
  search: AlertSearch,
): Promise<{ readonly alerts: readonly Alert[]; readonly next: AlertPosition | null }> {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const narrow = (condition: string, ...more: SqlValue[]) => {
    conditions.push(condition);
    values.push(...more);
  };
  if (search.ownerAccountId !== undefined) narrow('owner_account_id = ?', search.ownerAccountId);
  if (search.kind !== undefined) narrow('kind = ?', search.kind);
  if (search.fromMs !== undefined) narrow('raised_at_ms >= ?', search.fromMs);
  if (search.toMs !== undefined) narrow('raised_at_ms < ?', search.toMs);
  if (search.after)
    narrow(
      'raised_at_ms <= ? AND (raised_at_ms < ? OR id < ?)',
      search.after.raisedAtMs,
      search.after.raisedAtMs,
      search.after.id,
    );
  const rows = await sql.all(
    `SELECT id, kind, owner_account_id, room_id, caller_number, trunk_id, details, raised_at_ms FROM alerts
     ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY raised_at_ms DESC, id DESC LIMIT ?`,
    [...values, search.limit + 1],
  );
  const alerts = rows.slice(0, search.limit).map((row) => toAlert(row, search.numbers));
  const last = rows.length > search.limit ? alerts.at(-1) : undefined;
  return { alerts, next: last ? { raisedAtMs: last.raisedAtMs, id: last.id } : null };
}

function toAlert(row: Row, numbers: AlertSearch['numbers']): Alert {
  const caller = textOrNull(row.caller_number);
  const details = textOrNull(row.details);
  return {
    id: text(row.id),
    kind: text(row.kind),
    ownerAccountId: textOrNull(row.owner_account_id),
    roomId: textOrNull(row.room_id),
    callerNumber: caller !== null && numbers === 'masked' ? maskNumber(caller) : caller,
    trunkId: textOrNull(row.trunk_id),
    details: details === null ? null : (JSON.parse(details) as Readonly<Record<string, unknown>>),
    raisedAtMs: integer(row.raised_at_ms),
  };
}
