import { currency, type Money, money } from '../../kernel/money';
import { integer, micros, type Row, type Sql, text, whereOf } from '../../kernel/unit-of-work';

export type DisputeState = 'open' | 'won' | 'lost';

/** A payment that its payer's bank has called into question. */
export type Dispute = {
  /** The provider's id of it. */
  readonly id: string;
  readonly paymentId: string;
  readonly accountId: string;
  readonly amount: Money;
  readonly state: DisputeState;
  /** What of the amount the account had when it was opened. */
  readonly frozen: Money;
  readonly taken: Money;
  readonly openedAtMs: number;
};

const COLUMNS =
  'id, payment_id, account_id, currency, amount_micros, state, frozen_micros, taken_micros, opened_at_ms';

/** Disputes of a payment, the oldest first. */
export async function disputesOf(sql: Sql, paymentId: string): Promise<readonly Dispute[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM disputes WHERE payment_id = ? ORDER BY opened_at_ms, id LIMIT 100`,
    [paymentId],
  );
  return rows.map(toDispute);
}

/** Disputes, the newest first. */
export async function listDisputes(
  sql: Sql,
  wanted: {
    readonly state: DisputeState | null;
    readonly accountId: string | null;
    readonly limit: number;
  },
): Promise<readonly Dispute[]> {
  const { where, values } = whereOf([
    ['state = ?', wanted.state],
    ['account_id = ?', wanted.accountId],
  ]);
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM disputes ${where} ORDER BY opened_at_ms DESC, id DESC LIMIT ?`,
    [...values, wanted.limit],
  );
  return rows.map(toDispute);
}

function toDispute(row: Row): Dispute {
  const unit = currency(text(row.currency));
  return {
    id: text(row.id),
    paymentId: text(row.payment_id),
    accountId: text(row.account_id),
    amount: money(micros(row.amount_micros), unit),
    state: text(row.state) as DisputeState,
    frozen: money(micros(row.frozen_micros), unit),
    taken: money(micros(row.taken_micros), unit),
    openedAtMs: integer(row.opened_at_ms),
  };
}
