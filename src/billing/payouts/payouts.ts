import { readAccount } from '../../accounts/accounts-store';
import { Conflict, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { type Currency, currency, type Money, money, showMoney } from '../../kernel/money';
import {
  type Database,
  integer,
  integerOrNull,
  micros,
  type Row,
  type Sql,
  text,
  textOrNull,
  whereOf,
} from '../../kernel/unit-of-work';
import { payout, payoutFailed, payoutPaid } from '../ledger/earning-movements';
import { postEntries } from '../ledger/post-entries';

export type PayoutState = 'pending' | 'paid' | 'failed';

/** Earnings that are paid out together. */
export type Payout = {
  readonly id: string;
  readonly accountId: string;
  readonly amount: Money;
  readonly state: PayoutState;
  readonly madeBy: string;
  readonly madeAtMs: number;
  readonly endedBy: string | null;
  /** The bank's reference, or why it did not go through. */
  readonly endedNote: string | null;
  readonly endedAtMs: number | null;
};

export type PayoutWanted = {
  readonly accountId: string;
  readonly currency: Currency;
  /** Less than this is not worth a transfer. */
  readonly leastMicros: bigint;
  readonly by: string;
  readonly nowMs: number;
};

/**
 * Takes all earnings of an account whose time of waiting is over, together with what was clawed back, into one payout. Each is in one payout at most.
 * @throws NotFound, Conflict when less than the least can be paid out
 */
export function makePayout(database: Database, wanted: PayoutWanted): Promise<Payout> {
  const { accountId, currency: unit, leastMicros, nowMs } = wanted;
  const id = newId(nowMs);
  return database.write(async (sql) => {
    await readAccount(sql, accountId);
    await sql.run(
      'UPDATE earnings SET payout_id = ? WHERE account_id = ? AND currency = ? AND payout_id IS NULL AND matures_at_ms <= ?',
      [id, accountId, unit, nowMs],
    );
    const [row] = await sql.all(
      'SELECT COALESCE(SUM(amount_micros), 0) AS total FROM earnings WHERE payout_id = ?',
      [id],
    );
    const amount = money(micros(String(row?.total)), unit);
    if (amount.amountMicros <= 0n || amount.amountMicros < leastMicros)
      throw new Conflict('less than the least can be paid out', {
        accountId,
        mature: showMoney(amount),
        least: showMoney(money(leastMicros, unit)),
      });
    await sql.run(
      `INSERT INTO payouts (id, account_id, currency, amount_micros, state, made_by, made_at_ms) VALUES (?, ?, ?, ?, 'pending', ?, ?)`,
      [id, accountId, unit, amount.amountMicros, wanted.by, nowMs],
    );
    await postEntries(sql, payout({ accountId, payoutId: id, amount }), nowMs);
    return readPayout(sql, id);
  });
}

/** Says how a payout ended, once: paid, or failed, and then its earnings are unpaid again. @throws NotFound, Conflict when it has ended before */
export function endPayout(
  database: Database,
  payoutId: string,
  end: {
    readonly state: 'paid' | 'failed';
    readonly note: string;
    readonly by: string;
    readonly nowMs: number;
  },
): Promise<Payout> {
  const { state, note, by, nowMs } = end;
  return database.write(async (sql) => {
    const { accountId, amount } = await readPayout(sql, payoutId);
    const ended = await sql.run(
      `UPDATE payouts SET state = ?, ended_by = ?, ended_note = ?, ended_at_ms = ? WHERE id = ? AND state = 'pending'`,
      [state, by, note, nowMs, payoutId],
    );
    if (ended === 0) throw new Conflict('this payout has ended before', { payoutId });
    if (state === 'paid') await postEntries(sql, payoutPaid({ payoutId, amount }), nowMs);
    else {
      await postEntries(sql, payoutFailed({ accountId, payoutId, amount }), nowMs);
      await sql.run('UPDATE earnings SET payout_id = NULL WHERE payout_id = ?', [payoutId]);
    }
    return readPayout(sql, payoutId);
  });
}

const COLUMNS =
  'id, account_id, currency, amount_micros, state, made_by, made_at_ms, ended_by, ended_note, ended_at_ms';

/** @throws NotFound */
export async function readPayout(sql: Sql, payoutId: string): Promise<Payout> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM payouts WHERE id = ?`, [payoutId]);
  if (!row) throw new NotFound('payout', payoutId);
  return toPayout(row);
}

/** Payouts, the newest first. */
export async function listPayouts(
  sql: Sql,
  wanted: {
    readonly accountId: string | null;
    readonly state: PayoutState | null;
    readonly beforeId: string | null;
    readonly limit: number;
  },
): Promise<readonly Payout[]> {
  const { where, values } = whereOf([
    ['account_id = ?', wanted.accountId],
    ['state = ?', wanted.state],
    ['id < ?', wanted.beforeId],
  ]);
  const rows = await sql.all(`SELECT ${COLUMNS} FROM payouts ${where} ORDER BY id DESC LIMIT ?`, [
    ...values,
    wanted.limit,
  ]);
  return rows.map(toPayout);
}

function toPayout(row: Row): Payout {
  return {
    id: text(row.id),
    accountId: text(row.account_id),
    amount: money(micros(row.amount_micros), currency(text(row.currency))),
    state: text(row.state) as PayoutState,
    madeBy: text(row.made_by),
    madeAtMs: integer(row.made_at_ms),
    endedBy: textOrNull(row.ended_by),
    endedNote: textOrNull(row.ended_note),
    endedAtMs: integerOrNull(row.ended_at_ms),
  };
}
