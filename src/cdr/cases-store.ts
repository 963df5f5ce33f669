import { Conflict, NotFound } from '../kernel/app-error';
import { newId } from '../kernel/ids';
import {
  type Database,
  integer,
  integerOrNull,
  type Row,
  type Sql,
  type SqlValue,
  text,
  textOrNull,
} from '../kernel/unit-of-work';
import type { Difference, DifferenceKind } from './reconcile';

/** Who closes a case that has answered itself. */
export const CLOSED_BY_ITSELF = 'reconciliation';

/** One difference between our record of a leg and the switch's, until somebody has looked at it. */
export type Case = {
  readonly id: string;
  readonly kind: DifferenceKind;
  readonly cdrId: string;
  readonly legId: string | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly state: 'open' | 'closed';
  readonly openedAtMs: number;
  readonly closedAtMs: number | null;
  readonly closedBy: string | null;
  readonly note: string | null;
};

/** The last row of a page; the next page begins behind it. */
export type CasePosition = { readonly openedAtMs: number; readonly id: string };

export type CaseSearch = {
  readonly state?: Case['state'];
  readonly kind?: DifferenceKind;
  readonly cdrId?: string;
  /** Opened at or after this. */
  readonly fromMs?: number;
  /** Opened before this. */
  readonly toMs?: number;
  readonly after: CasePosition | null;
  /** 1 to 200. */
  readonly limit: number;
};

const COLUMNS = 'id, kind, cdr_id, leg_id, details, state, opened_at_ms, closed_at_ms, closed_by, note';

/** Opens a case for a difference unless it had one, open or closed. True when it is new. */
export async function openCase(sql: Sql, difference: Difference, nowMs: number): Promise<boolean> {
  const { kind, cdrId, legId, facts } = difference;
  const key = [kind, cdrId, legId ?? ''] as const;
  const [known] = await sql.all(
    `SELECT id FROM reconciliation_cases WHERE kind = ? AND cdr_id = ? AND leg_id = ?${sql.forUpdate}`,
    key,
  );
  if (known) return false;
  await sql.run(
    "INSERT INTO reconciliation_cases (id, kind, cdr_id, leg_id, details, state, opened_at_ms) VALUES (?, ?, ?, ?, ?, 'open', ?)",
    [newId(nowMs), ...key, JSON.stringify(facts), nowMs],
  );
  return true;
}

/** Closes open cases of one kind whose missing half has come after all. */
export async function closeAnswered(
  sql: Sql,
  answered: {
    readonly kind: DifferenceKind;
    readonly cdrIds: readonly string[];
    readonly note: string;
    readonly nowMs: number;
  },
): Promise<void> {
  const { kind, cdrIds, note, nowMs } = answered;
  if (cdrIds.length === 0) return;
  await sql.run(
    `UPDATE reconciliation_cases SET state = 'closed', closed_at_ms = ?, closed_by = ?, note = ?
     WHERE kind = ? AND state = 'open' AND cdr_id IN (${cdrIds.map(() => '?').join(', ')})`,
    [nowMs, CLOSED_BY_ITSELF, note, kind, ...cdrIds],
  );
}

/** Closes a case with what was found out and by whom. @throws NotFound; Conflict when it was closed before */
export async function closeCase(
  database: Database,
  wanted: { readonly id: string; readonly note: string; readonly closedBy: string; readonly nowMs: number },
): Promise<Case> {
  return database.write(async (sql) => {
    const changed = await sql.run(
      "UPDATE reconciliation_cases SET state = 'closed', closed_at_ms = ?, closed_by = ?, note = ? WHERE id = ? AND state = 'open'",
      [wanted.nowMs, wanted.closedBy, wanted.note, wanted.id],
    );
    const [row] = await sql.all(`SELECT ${COLUMNS} FROM reconciliation_cases WHERE id = ?`, [wanted.id]);
    if (!row) throw new NotFound('case', wanted.id);
    if (changed === 0)
      throw new Conflict('the case is closed', {
        caseId: wanted.id,
        closedBy: textOrNull(row.closed_by) ?? '',
      });
    return toCase(row);
  });
}

/** One page of cases, the newest first. */
export async function listCases(
  sql: Sql,
  search: CaseSearch,
): Promise<{ readonly cases: readonly Case[]; readonly next: CasePosition | null }> {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const narrow = (condition: string, ...more: SqlValue[]) => {
    conditions.push(condition);
    values.push(...more);
  };
  if (search.state !== undefined) narrow('state = ?', search.state);
  if (search.kind !== undefined) narrow('kind = ?', search.kind);
  if (search.cdrId !== undefined) narrow('cdr_id = ?', search.cdrId);
  if (search.fromMs !== undefined) narrow('opened_at_ms >= ?', search.fromMs);
  if (search.toMs !== undefined) narrow('opened_at_ms < ?', search.toMs);
  const { after } = search;
  if (after)
    narrow(
      'opened_at_ms <= ? AND (opened_at_ms < ? OR id < ?)',
      after.openedAtMs,
      after.openedAtMs,
      after.id,
    );
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM reconciliation_cases ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
     ORDER BY opened_at_ms DESC, id DESC LIMIT ?`,
    [...values, search.limit + 1],
  );
  const cases = rows.slice(0, search.limit).map(toCase);
  const last = rows.length > search.limit ? cases.at(-1) : undefined;
  return { cases, next: last ? { openedAtMs: last.openedAtMs, id: last.id } : null };
}

function toCase(row: Row): Case {
  return {
    id: text(row.id),
    kind: text(row.kind) as DifferenceKind,
    cdrId: text(row.cdr_id),
    legId: text(row.leg_id) || null,
    details: JSON.parse(text(row.details)) as Readonly<Record<string, unknown>>,
    state: text(row.state) as Case['state'],
    openedAtMs: integer(row.opened_at_ms),
    closedAtMs: integerOrNull(row.closed_at_ms),
    closedBy: textOrNull(row.closed_by),
    note: textOrNull(row.note),
  };
}
