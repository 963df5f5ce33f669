import { readAccount } from '../../accounts/accounts-store';
import { Conflict, InvalidInput, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { currency, type Money, money } from '../../kernel/money';
import {
  type Database,
  integer,
  integerOrNull,
  micros,
  type Row,
  type Sql,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import { lockBalance, openHouseAccounts } from './ledger-accounts';
import { SecondPersonNeeded } from './ledger-errors';
import { adjustment, type Movement, writeOff } from './movements';
import { postEntries } from './post-entries';

export type AdjustmentKind = 'adjustment' | 'write-off';
export type AdjustmentState = 'waiting' | 'posted' | 'rejected';

/** Who does something: `id` tells people apart, `name` is shown. */
export type Person = { readonly id: string; readonly name: string };

/** A correction of an account's balance that staff asked for. */
export type Adjustment = {
  readonly id: string;
  readonly accountId: string;
  readonly kind: AdjustmentKind;
  /** Given (positive) or taken (negative); a write-off is always given. */
  readonly amount: Money;
  readonly reason: string;
  readonly state: AdjustmentState;
  readonly askedBy: Person;
  readonly askedAtMs: number;
  readonly decidedBy: Person | null;
  readonly decidedAtMs: number | null;
  readonly transactionId: string | null;
};

export type AdjustmentWanted = {
  readonly accountId: string;
  readonly kind: AdjustmentKind;
  readonly amount: Money;
  readonly reason: string;
  readonly by: Person;
  /** Beyond this, either way, a second person must approve. In the account's currency. */
  readonly approvalAboveMicros: bigint;
  readonly nowMs: number;
};

/**
 * Corrects a balance at once, or, above the limit, stores the wish until another person approves it.
 * @throws InvalidInput, NotFound (account), InsufficientCredit when taking more than is there, Conflict for a write-off beyond the debt
 */
export async function askAdjustment(database: Database, wanted: AdjustmentWanted): Promise<Adjustment> {
  const account = await readAccount(database.read, wanted.accountId);
  if (wanted.amount.currency !== account.currency)
    throw new InvalidInput('amount', `is in ${wanted.amount.currency}`, `give it in ${account.currency}`);
  const asked: Adjustment = {
    id: newId(wanted.nowMs),
    accountId: account.id,
    kind: wanted.kind,
    amount: wanted.amount,
    reason: wanted.reason.trim(),
    state: 'waiting',
    askedBy: wanted.by,
    askedAtMs: wanted.nowMs,
    decidedBy: null,
    decidedAtMs: null,
    transactionId: null,
  };
  // Refuses a wrong wish now and not when somebody approves it.
  movementOf(asked);
  const { amountMicros } = wanted.amount;
  const absolute = amountMicros < 0n ? -amountMicros : amountMicros;
  return database.write(async (sql) => {
    await insertAdjustment(sql, asked);
    if (absolute > wanted.approvalAboveMicros) return asked;
    return postAdjustment(sql, asked, { by: wanted.by, nowMs: wanted.nowMs });
  });
}

/**
 * Posts what was asked for, once. @throws NotFound, SecondPersonNeeded when the same person asked for it, Conflict when it was decided before,
 * InsufficientCredit when the credit is not there any more (then it goes on waiting)
 */
export function approveAdjustment(
  database: Database,
  adjustmentId: string,
  decision: { readonly by: Person; readonly nowMs: number },
): Promise<Adjustment> {
  return database.write(async (sql) => {
    const asked = await lockWaiting(sql, adjustmentId);
    if (asked.askedBy.id === decision.by.id) throw new SecondPersonNeeded(adjustmentId);
    return postAdjustment(sql, asked, decision);
  });
}

/** Lays a wish aside for good; whoever asked may do so too. @throws NotFound, Conflict when it was decided before */
export function rejectAdjustment(
  database: Database,
  adjustmentId: string,
  decision: { readonly by: Person; readonly nowMs: number },
): Promise<Adjustment> {
  return database.write(async (sql) => {
    const asked = await lockWaiting(sql, adjustmentId);
    return decide(sql, asked, { ...decision, state: 'rejected', transactionId: null });
  });
}

async function postAdjustment(
  sql: Sql,
  asked: Adjustment,
  decision: { readonly by: Person; readonly nowMs: number },
): Promise<Adjustment> {
  await openHouseAccounts(sql, asked.amount.currency, decision.nowMs);
  if (asked.kind === 'write-off') {
    const { balance } = await lockBalance(sql, asked.accountId);
    if (balance.amountMicros + asked.amount.amountMicros > 0n)
      throw new Conflict('the account owes less than is to be written off', { accountId: asked.accountId });
  }
  const { transactionId } = await postEntries(sql, movementOf(asked), decision.nowMs);
  return decide(sql, asked, { ...decision, state: 'posted', transactionId });
}

function movementOf({ id, accountId, kind, amount, reason }: Adjustment): Movement {
  const of = { accountId, amount, reason, reference: id };
  return kind === 'write-off' ? writeOff(of) : adjustment(of);
}

async function decide(
  sql: Sql,
  asked: Adjustment,
  decision: {
    readonly state: 'posted' | 'rejected';
    readonly by: Person;
    readonly nowMs: number;
    readonly transactionId: string | null;
  },
): Promise<Adjustment> {
  const { state, by, nowMs, transactionId } = decision;
  const decided = await sql.run(
    `UPDATE ledger_adjustments SET state = ?, decided_by = ?, decided_by_name = ?, decided_at_ms = ?, transaction_id = ?
     WHERE id = ? AND state = 'waiting'`,
    [state, by.id, by.name, nowMs, transactionId, asked.id],
  );
  if (decided === 0) throw new Conflict('this was decided before', { adjustmentId: asked.id });
  return { ...asked, state, decidedBy: by, decidedAtMs: nowMs, transactionId };
}

async function lockWaiting(sql: Sql, adjustmentId: string): Promise<Adjustment> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM ledger_adjustments WHERE id = ?${sql.forUpdate}`, [
    adjustmentId,
  ]);
  if (!row) throw new NotFound('adjustment', adjustmentId);
  const found = toAdjustment(row);
  if (found.state !== 'waiting')
    throw new Conflict(`this was ${found.state} before`, { adjustmentId, state: found.state });
  return found;
}

const COLUMNS = `id, account_id, kind, currency, amount_micros, reason, state, asked_by, asked_by_name, asked_at_ms, decided_by, decided_by_name,
  decided_at_ms, transaction_id`;

async function insertAdjustment(sql: Sql, asked: Adjustment): Promise<void> {
  await sql.run(
    `INSERT INTO ledger_adjustments (id, account_id, kind, currency, amount_micros, reason, state, asked_by, asked_by_name, asked_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      asked.id,
      asked.accountId,
      asked.kind,
      asked.amount.currency,
      asked.amount.amountMicros,
      asked.reason,
      asked.state,
      asked.askedBy.id,
      asked.askedBy.name,
      asked.askedAtMs,
    ],
  );
}

export type AdjustmentsWanted = {
  readonly state: AdjustmentState | null;
  readonly accountId: string | null;
  /** The last of the page before, or null. */
  readonly beforeId: string | null;
  readonly limit: number;
};

/** Corrections, the newest first. */
export async function listAdjustments(sql: Sql, wanted: AdjustmentsWanted): Promise<readonly Adjustment[]> {
  const conditions: string[] = [];
  const values: string[] = [];
  for (const [condition, value] of [
    ['state = ?', wanted.state],
    ['account_id = ?', wanted.accountId],
    ['id < ?', wanted.beforeId],
  ] as const)
    if (value !== null) {
      conditions.push(condition);
      values.push(value);
    }
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM ledger_adjustments ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
     ORDER BY id DESC LIMIT ?`,
    [...values, wanted.limit],
  );
  return rows.map(toAdjustment);
}

function toAdjustment(row: Row): Adjustment {
  const decidedBy = textOrNull(row.decided_by);
  return {
    id: text(row.id),
    accountId: text(row.account_id),
    kind: text(row.kind) as AdjustmentKind,
    amount: money(micros(row.amount_micros), currency(text(row.currency))),
    reason: text(row.reason),
    state: text(row.state) as AdjustmentState,
    askedBy: { id: text(row.asked_by), name: text(row.asked_by_name) },
    askedAtMs: integer(row.asked_at_ms),
    decidedBy: decidedBy === null ? null : { id: decidedBy, name: textOrNull(row.decided_by_name) ?? '' },
    decidedAtMs: integerOrNull(row.decided_at_ms),
    transactionId: textOrNull(row.transaction_id),
  };
}
