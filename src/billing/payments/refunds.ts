import { enqueue } from '../../jobs/jobs-store';
import { Conflict, InvalidInput, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { currency, type Money, money, showMoney } from '../../kernel/money';
import { integer, micros, type Row, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import { lockBalance, openHouseAccounts } from '../ledger/ledger-accounts';
import { InsufficientCredit } from '../ledger/ledger-errors';
import { refund, refundFailed, refundPaid } from '../ledger/payment-movements';
import { postEntries } from '../ledger/post-entries';
import type { PaymentNeighbours } from './payment';
import { type PaymentParts, requireProvider } from './payment-parts';
import { addReturned, lockPayment, readPayment } from './payments-store';

export type RefundState = 'pending' | 'paid' | 'failed';

/** Credit that goes back to where it was paid from. */
export type Refund = {
  readonly id: string;
  readonly paymentId: string;
  readonly accountId: string;
  readonly providerKey: string | null;
  readonly amount: Money;
  readonly reason: string;
  readonly state: RefundState;
  readonly askedBy: string;
  readonly madeAtMs: number;
};

export type RefundWanted = {
  readonly paymentId: string;
  readonly amount: Money;
  readonly reason: string;
  readonly askedBy: string;
  readonly nowMs: number;
};

/**
 * Takes credit back from the account at once and has the provider send it to its source. No more than the account has not spent, its credit limit
 * left aside, and no more than is left of the payment. A bank transfer is sent back by the operator, who then says so (`endRefund`).
 * @throws NotFound, Conflict when the payment was not received or too little of it is left, InsufficientCredit, InvalidInput
 */
export async function askRefund({ database, provider }: PaymentParts, wanted: RefundWanted): Promise<Refund> {
  const { paymentId, amount, nowMs } = wanted;
  const reason = wanted.reason.trim();
  if (reason === '') throw new InvalidInput('reason', 'is empty', 'say why it is refunded');
  if (amount.amountMicros <= 0n)
    throw new InvalidInput('amount', 'is not above zero', 'give an amount above zero');
  const id = newId(nowMs);
  return database.write(async (sql) => {
    const payment = await lockPayment(sql, paymentId);
    if (!payment) throw new NotFound('payment', paymentId);
    if (payment.origin !== 'bank') requireProvider({ provider } as PaymentParts);
    if (amount.currency !== payment.amount.currency)
      throw new InvalidInput('amount', `is in ${amount.currency}`, `give it in ${payment.amount.currency}`);
    if (payment.state !== 'succeeded') throw new Conflict('the payment was not received', { paymentId });
    await requireUnspent(sql, payment.accountId, amount);
    if (!(await addReturned(sql, paymentId, amount.amountMicros, nowMs)))
      throw new Conflict('less than that is left of the payment', {
        paymentId,
        left: showMoney(
          money(payment.received.amountMicros - payment.returned.amountMicros, amount.currency),
        ),
      });
    const { accountId } = payment;
    await sql.run(
      `INSERT INTO refunds (id, payment_id, account_id, provider_key, currency, amount_micros, reason, state, asked_by, made_at_ms, changed_at_ms)
       VALUES (?, ?, ?, NULL, ?, ?, ?, 'pending', ?, ?, ?)`,
      [
        id,
        paymentId,
        accountId,
        amount.currency,
        amount.amountMicros,
        reason.slice(0, 500),
        wanted.askedBy,
        nowMs,
        nowMs,
      ],
    );
    await openHouseAccounts(sql, amount.currency, nowMs);
    await postEntries(sql, refund({ accountId, refundId: id, amount, reason }), nowMs);
    if (payment.origin !== 'bank')
      await enqueue(sql, {
        kind: 'send-refund',
        uniqueKey: id,
        payload: { refundId: id },
        runAtMs: nowMs,
        nowMs,
      });
    return readRefund(sql, id);
  });
}

/** Money that a credit limit lends is not the account's to be paid out. */
async function requireUnspent(sql: Sql, accountId: string, amount: Money): Promise<void> {
  const { balance, held } = await lockBalance(sql, accountId);
  const unspent = balance.amountMicros - held.amountMicros;
  if (unspent < amount.amountMicros)
    throw new InsufficientCredit(amount, money(unspent > 0n ? unspent : 0n, amount.currency));
}

/** Has the provider make a refund; what it says of it later, `syncPayment` finds. Refused for good, the credit is the account's again. */
export async function sendRefund(parts: PaymentParts, refundId: string, nowMs: number): Promise<void> {
  const { database, neighbours } = parts;
  const wanted = await readRefund(database.read, refundId);
  if (wanted.state !== 'pending') return;
  const { providerKey } = await readPayment(database.read, wanted.paymentId);
  if (providerKey === null) throw new Error(`payment ${wanted.paymentId} is none of the provider`);
  const { refusal } = await requireProvider(parts).refund({
    refundId,
    paymentKey: providerKey,
    amount: wanted.amount,
  });
  if (refusal !== null)
    await database.write((sql) => endRefund(sql, { refundId, state: 'failed', nowMs, neighbours }));
}

/** Ends a refund that is on its way, once: paid it has left the house, failed its credit is the account's again. False when it had ended before. */
export async function endRefund(
  sql: Sql,
  end: {
    readonly refundId: string;
    readonly state: 'paid' | 'failed';
    readonly nowMs: number;
    readonly neighbours: PaymentNeighbours;
  },
): Promise<boolean> {
  const { refundId, state, nowMs } = end;
  const ended = await sql.run(
    "UPDATE refunds SET state = ?, changed_at_ms = ? WHERE id = ? AND state = 'pending'",
    [state, nowMs, refundId],
  );
  if (ended === 0) return false;
  const { amount, accountId, paymentId } = await readRefund(sql, refundId);
  const { origin, purpose } = await readPayment(sql, paymentId);
  await openHouseAccounts(sql, amount.currency, nowMs);
  if (state === 'failed') {
    await addReturned(sql, paymentId, -amount.amountMicros, nowMs);
    await postEntries(sql, refundFailed({ accountId, refundId, amount }), nowMs);
    return true;
  }
  const place = origin === 'bank' ? 'funds-received' : 'payment-provider';
  await postEntries(sql, refundPaid({ refundId, amount, place }), nowMs);
  await end.neighbours.onPayment(sql, { kind: 'returned', paymentId, accountId, amount, purpose, nowMs });
  return true;
}

/** The operator has sent back a bank transfer, or could not. @throws NotFound, Conflict for a refund of the provider's or one that has ended */
export function endBankRefund(
  { database, neighbours }: PaymentParts,
  refundId: string,
  end: { readonly state: 'paid' | 'failed'; readonly nowMs: number },
): Promise<Refund> {
  return database.write(async (sql) => {
    const { paymentId } = await readRefund(sql, refundId);
    if ((await readPayment(sql, paymentId)).origin !== 'bank')
      throw new Conflict('the payment provider says how this refund ends', { refundId });
    if (!(await endRefund(sql, { refundId, ...end, neighbours })))
      throw new Conflict('this refund has ended before', { refundId });
    return readRefund(sql, refundId);
  });
}

const COLUMNS =
  'id, payment_id, account_id, provider_key, currency, amount_micros, reason, state, asked_by, made_at_ms';

/** @throws NotFound */
export async function readRefund(sql: Sql, refundId: string): Promise<Refund> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM refunds WHERE id = ?`, [refundId]);
  if (!row) throw new NotFound('refund', refundId);
  return toRefund(row);
}

/** Refunds of a payment, the oldest first. */
export async function refundsOf(sql: Sql, paymentId: string): Promise<readonly Refund[]> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM refunds WHERE payment_id = ? ORDER BY id LIMIT 200`, [
    paymentId,
  ]);
  return rows.map(toRefund);
}

function toRefund(row: Row): Refund {
  return {
    id: text(row.id),
    paymentId: text(row.payment_id),
    accountId: text(row.account_id),
    providerKey: textOrNull(row.provider_key),
    amount: money(micros(row.amount_micros), currency(text(row.currency))),
    reason: text(row.reason),
    state: text(row.state) as RefundState,
    askedBy: text(row.asked_by),
    madeAtMs: integer(row.made_at_ms),
  };
}
