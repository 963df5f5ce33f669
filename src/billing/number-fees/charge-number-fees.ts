import { AppError } from '../../kernel/app-error';
import { currency, money } from '../../kernel/money';
import {
  type Database,
  DuplicateKey,
  integer,
  micros,
  type Row,
  type Sql,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import { openHouseAccounts } from '../ledger/ledger-accounts';
import { numberFee } from '../ledger/movements';
import { postEntries } from '../ledger/post-entries';
import { type Fee, type FeeBearingNumber, type FeeBearingNumbers, feesOf } from './fee-bearing-number';

/** Rows read at a time, of assignments and of what is due. */
const PAGE = 200;

/** A fee as it is kept. */
export type NumberFee = {
  readonly number: string;
  readonly accountId: string;
  readonly period: string;
  readonly amountMicros: bigint;
  readonly currency: string;
  readonly state: 'due' | 'posted';
  readonly dueAtMs: number;
  readonly postedAtMs: number | null;
  readonly ledgerTransactionId: string | null;
};

/** What one run did: fees that came due, that were posted, and that their accounts could not pay. */
export type FeeRun = { readonly cameDue: number; readonly posted: number; readonly stillDue: number };

/**
 * Charges what numbers cost: notes what has come due since, missed months too, and posts what is due, the oldest first. A fee that the
 * account cannot pay within its credit limit stays due whole, is posted by the first run after a top-up, and never overdraws. However
 * often and by however many nodes it is run, each fee is posted once.
 */
export async function chargeNumberFees(
  database: Database,
  { numbers, nowMs }: { readonly numbers: FeeBearingNumbers; readonly nowMs: number },
): Promise<FeeRun> {
  const cameDue = await noteDueFees(database, numbers, nowMs);
  return { cameDue, ...(await postDueFees(database, nowMs)) };
}

async function noteDueFees(database: Database, numbers: FeeBearingNumbers, nowMs: number): Promise<number> {
  let cameDue = 0;
  for (let afterNumber: string | null = null; ; ) {
    const page: readonly FeeBearingNumber[] = await numbers(afterNumber, PAGE);
    for (const assignment of page) cameDue += await noteFees(database, assignment, nowMs);
    const last = page.at(-1);
    if (!last) return cameDue;
    afterNumber = last.number;
  }
}

async function noteFees(database: Database, assignment: FeeBearingNumber, nowMs: number): Promise<number> {
  const rows = await database.read.all('SELECT period FROM number_fees WHERE number = ? AND account_id = ?', [
    assignment.number,
    assignment.accountId,
  ]);
  const noted = new Set(rows.map((row) => text(row.period)));
  const missing = feesOf(assignment, nowMs).filter(({ period }) => !noted.has(period));
  if (missing.length === 0) return 0;
  return database.write(async (sql) => {
    let inserted = 0;
    for (const fee of missing) if (await insertDue(sql, assignment, fee)) inserted++;
    return inserted;
  });
}

async function insertDue(sql: Sql, assignment: FeeBearingNumber, fee: Fee): Promise<boolean> {
  try {
    await sql.run(
      `INSERT INTO number_fees (number, account_id, period, currency, amount_micros, state, due_at_ms)
       VALUES (?, ?, ?, ?, ?, 'due', ?)`,
      [
        assignment.number,
        assignment.accountId,
        fee.period,
        assignment.currency,
        fee.amountMicros,
        fee.dueAtMs,
      ],
    );
    return true;
  } catch (error) {
    if (error instanceof DuplicateKey) return false;
    throw error;
  }
}

async function postDueFees(
  database: Database,
  nowMs: number,
): Promise<{ readonly posted: number; readonly stillDue: number }> {
  let posted = 0;
  let stillDue = 0;
  for (let after: NumberFee | null = null; ; ) {
    const page: readonly NumberFee[] = await duePage(database.read, after);
    for (const fee of page) {
      const outcome = await postFee(database, fee, nowMs);
      if (outcome === 'posted') posted++;
      if (outcome === 'still-due') stillDue++;
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return { posted, stillDue };
    after = last;
  }
}

/** One fee and its state in one unit of work. Refused by the ledger, whatever the reason, it stays due. */
async function postFee(
  database: Database,
  fee: NumberFee,
  nowMs: number,
): Promise<'posted' | 'still-due' | 'posted-elsewhere'> {
  const key = [fee.number, fee.accountId, fee.period];
  const unit = currency(fee.currency);
  const movement = numberFee({
    accountId: fee.accountId,
    key: `number-fee:${key.join(':')}`,
    fee: money(fee.amountMicros, unit),
    note: `number ${fee.number}, ${fee.period.startsWith('setup') ? 'setup' : fee.period}`,
  });
  try {
    return await database.write(async (sql) => {
      const changed = await sql.run(
        `UPDATE number_fees SET state = 'posted', posted_at_ms = ?
         WHERE number = ? AND account_id = ? AND period = ? AND state = 'due'`,
        [nowMs, ...key],
      );
      if (changed === 0) return 'posted-elsewhere';
      await openHouseAccounts(sql, unit, nowMs);
      const { transactionId } = await postEntries(sql, movement, nowMs);
      await sql.run(
        'UPDATE number_fees SET ledger_transaction_id = ? WHERE number = ? AND account_id = ? AND period = ?',
        [transactionId, ...key],
      );
      return 'posted';
    });
  } catch (error) {
    if (error instanceof AppError) return 'still-due';
    throw error;
  }
}

const COLUMNS =
  'number, account_id, period, currency, amount_micros, state, due_at_ms, posted_at_ms, ledger_transaction_id';

async function duePage(sql: Sql, after: NumberFee | null): Promise<readonly NumberFee[]> {
  const behind = after
    ? 'AND due_at_ms >= ? AND (due_at_ms > ? OR (number, account_id, period) > (?, ?, ?))'
    : '';
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM number_fees WHERE state = 'due' ${behind}
     ORDER BY due_at_ms, number, account_id, period LIMIT ?`,
    [...(after ? [after.dueAtMs, after.dueAtMs, after.number, after.accountId, after.period] : []), PAGE],
  );
  return rows.map(toFee);
}

/** Where a page of an account's fees ends. */
export type FeePosition = Pick<NumberFee, 'dueAtMs' | 'number' | 'period'>;

/** Fees of an account, the newest first, from behind `after` on. */
export async function listNumberFees(
  sql: Sql,
  page: {
    readonly accountId: string;
    readonly state: NumberFee['state'] | null;
    readonly after: FeePosition | null;
    readonly limit: number;
  },
): Promise<readonly NumberFee[]> {
  const { accountId, state, after, limit } = page;
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM number_fees WHERE account_id = ?
       ${state ? 'AND state = ?' : ''}
       ${after ? 'AND due_at_ms <= ? AND (due_at_ms < ? OR (number, period) < (?, ?))' : ''}
     ORDER BY due_at_ms DESC, number DESC, period DESC LIMIT ?`,
    [
      accountId,
      ...(state ? [state] : []),
      ...(after ? [after.dueAtMs, after.dueAtMs, after.number, after.period] : []),
      limit,
    ],
  );
  return rows.map(toFee);
}

function toFee(row: Row): NumberFee {
  return {
    number: text(row.number),
    accountId: text(row.account_id),
    period: text(row.period),
    amountMicros: micros(row.amount_micros),
    currency: text(row.currency),
    state: text(row.state) as NumberFee['state'],
    dueAtMs: integer(row.due_at_ms),
    postedAtMs: row.posted_at_ms === null ? null : integer(row.posted_at_ms),
    ledgerTransactionId: textOrNull(row.ledger_transaction_id),
  };
}
