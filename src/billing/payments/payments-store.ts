import { NotFound } from '../../kernel/app-error';
import { currency, type Money, money } from '../../kernel/money';
import {
  integer,
  integerOrNull,
  micros,
  type Row,
  type Sql,
  text,
  textOrNull,
  whereOf,
} from '../../kernel/unit-of-work';
import type { Payment, PaymentOrigin, PaymentPurpose, PaymentState } from './payment';

const COLUMNS = `id, account_id, origin, provider_key, customer_key, bank_reference, currency, amount_micros, purpose, invoice_id, state,
  received_micros, returned_micros, failure, made_at_ms, received_at_ms`;

export type NewPayment = {
  readonly id: string;
  readonly accountId: string;
  readonly origin: PaymentOrigin;
  readonly customerKey: string | null;
  readonly bankReference: string | null;
  readonly amount: Money;
  readonly purpose: PaymentPurpose;
  readonly nowMs: number;
};

/** Stores money that is asked for. @throws DuplicateKey when the bank reference is taken */
export async function insertPayment(sql: Sql, wanted: NewPayment): Promise<void> {
  await sql.run(
    `INSERT INTO payments (${COLUMNS}, changed_at_ms) VALUES (?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, 'open', 0, 0, NULL, ?, NULL, ?)`,
    [
      wanted.id,
      wanted.accountId,
      wanted.origin,
      wanted.customerKey,
      wanted.bankReference,
      wanted.amount.currency,
      wanted.amount.amountMicros,
      wanted.purpose.kind,
      wanted.purpose.kind === 'invoice' ? wanted.purpose.invoiceId : null,
      wanted.nowMs,
      wanted.nowMs,
    ],
  );
}

/** @throws NotFound */
export async function readPayment(sql: Sql, paymentId: string): Promise<Payment> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM payments WHERE id = ?`, [paymentId]);
  if (!row) throw new NotFound('payment', paymentId);
  return toPayment(row);
}

/** The payment with its row locked until the unit of work ends, or null. Lock order: the payment, refunds and disputes of it, freezes, the ledger. */
export async function lockPayment(sql: Sql, paymentId: string): Promise<Payment | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM payments WHERE id = ?${sql.forUpdate}`, [paymentId]);
  return row ? toPayment(row) : null;
}

/** The payment that a reference on a bank transfer asks for, or null. */
export async function paymentByBankReference(sql: Sql, reference: string): Promise<Payment | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM payments WHERE bank_reference = ?`, [reference]);
  return row ? toPayment(row) : null;
}

export async function noteSession(sql: Sql, paymentId: string, sessionKey: string): Promise<void> {
  await sql.run('UPDATE payments SET session_key = ? WHERE id = ? AND session_key IS NULL', [
    sessionKey,
    paymentId,
  ]);
}

/** Binds the provider's payment to ours, once; false when ours has another one. */
export async function bindProviderKey(sql: Sql, payment: Payment, providerKey: string): Promise<boolean> {
  if (payment.providerKey !== null) return payment.providerKey === providerKey;
  const bound = await sql.run('UPDATE payments SET provider_key = ? WHERE id = ? AND provider_key IS NULL', [
    providerKey,
    payment.id,
  ]);
  return bound === 1;
}

/** True for the one who makes it received. A payment that had expired or failed before is received all the same: the money is here. */
export async function markReceived(
  sql: Sql,
  {
    paymentId,
    received,
    nowMs,
  }: { readonly paymentId: string; readonly received: Money; readonly nowMs: number },
): Promise<boolean> {
  const changed = await sql.run(
    `UPDATE payments SET state = 'succeeded', received_micros = ?, failure = NULL, received_at_ms = ?, changed_at_ms = ?
     WHERE id = ? AND state <> 'succeeded'`,
    [received.amountMicros, nowMs, nowMs, paymentId],
  );
  return changed === 1;
}

/** True for the one who ends a payment that was never received. */
export async function markUnpaid(
  sql: Sql,
  paymentId: string,
  end: { readonly state: 'failed' | 'expired'; readonly failure: string; readonly nowMs: number },
): Promise<boolean> {
  const changed = await sql.run(
    "UPDATE payments SET state = ?, failure = ?, changed_at_ms = ? WHERE id = ? AND state = 'open'",
    [end.state, end.failure.slice(0, 200), end.nowMs, paymentId],
  );
  return changed === 1;
}

/** Counts a part of a payment as gone back (or, negative, as here after all); false when that is more than was received. */
export async function addReturned(
  sql: Sql,
  paymentId: string,
  byMicros: bigint,
  nowMs: number,
): Promise<boolean> {
  const changed = await sql.run(
    `UPDATE payments SET returned_micros = returned_micros + ?, changed_at_ms = ?
     WHERE id = ? AND state = 'succeeded' AND returned_micros + ? BETWEEN 0 AND received_micros`,
    [byMicros, nowMs, paymentId, byMicros],
  );
  return changed === 1;
}

export type PaymentsWanted = {
  readonly accountId: string | null;
  readonly state: PaymentState | null;
  /** The last of the page before, or null. */
  readonly beforeId: string | null;
  readonly limit: number;
};

/** Payments, the newest first. */
export async function listPayments(sql: Sql, wanted: PaymentsWanted): Promise<readonly Payment[]> {
  const { where, values } = whereOf([
    ['account_id = ?', wanted.accountId],
    ['state = ?', wanted.state],
    ['id < ?', wanted.beforeId],
  ]);
  const rows = await sql.all(`SELECT ${COLUMNS} FROM payments ${where} ORDER BY id DESC LIMIT ?`, [
    ...values,
    wanted.limit,
  ]);
  return rows.map(toPayment);
}

/** What stays paid of each of some invoices: received for it and not gone back, in micros of its account's currency. */
export async function paidOfInvoices(
  sql: Sql,
  invoiceIds: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  if (invoiceIds.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT invoice_id, SUM(received_micros - returned_micros) AS paid FROM payments
     WHERE invoice_id IN (${invoiceIds.map(() => '?').join(', ')}) AND state = 'succeeded' GROUP BY invoice_id`,
    invoiceIds,
  );
  return new Map(rows.map((row) => [text(row.invoice_id), micros(row.paid)]));
}

/** A payment through the provider that has not come to an end. */
export type OpenPayment = {
  readonly id: string;
  readonly origin: PaymentOrigin;
  /** The provider's id of the page where it is paid; null when there is none (yet). */
  readonly sessionKey: string | null;
  readonly madeAtMs: number;
};

/** Payments through the provider that are open since before a moment, oldest first. */
export async function openPayments(
  sql: Sql,
  { madeBeforeMs, limit }: { readonly madeBeforeMs: number; readonly limit: number },
): Promise<readonly OpenPayment[]> {
  const rows = await sql.all(
    `SELECT id, origin, session_key, made_at_ms FROM payments WHERE state = 'open' AND made_at_ms < ? AND origin <> 'bank'
     ORDER BY made_at_ms, id LIMIT ?`,
    [madeBeforeMs, limit],
  );
  return rows.map((row) => ({
    id: text(row.id),
    origin: text(row.origin) as PaymentOrigin,
    sessionKey: textOrNull(row.session_key),
    madeAtMs: integer(row.made_at_ms),
  }));
}

function toPayment(row: Row): Payment {
  const unit = currency(text(row.currency));
  const invoiceId = textOrNull(row.invoice_id);
  return {
    id: text(row.id),
    accountId: text(row.account_id),
    origin: text(row.origin) as PaymentOrigin,
    providerKey: textOrNull(row.provider_key),
    customerKey: textOrNull(row.customer_key),
    bankReference: textOrNull(row.bank_reference),
    amount: money(micros(row.amount_micros), unit),
    purpose: invoiceId === null ? { kind: 'credit' } : { kind: 'invoice', invoiceId },
    state: text(row.state) as PaymentState,
    received: money(micros(row.received_micros), unit),
    returned: money(micros(row.returned_micros), unit),
    failure: textOrNull(row.failure),
    madeAtMs: integer(row.made_at_ms),
    receivedAtMs: integerOrNull(row.received_at_ms),
  };
}
