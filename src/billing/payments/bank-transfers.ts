import { readAccount } from '../../accounts/accounts-store';
import { Conflict, InvalidInput, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { currency, type Money, money } from '../../kernel/money';
import {
  DuplicateKey,
  integer,
  integerOrNull,
  micros,
  type Row,
  type Sql,
  text,
  textOrNull,
  whereOf,
} from '../../kernel/unit-of-work';
import { convertMoney, exchangeRate, showRate } from '../ledger/convert-money';
import { houseLedgerId, openHouseAccounts } from '../ledger/ledger-accounts';
import { conversion } from '../ledger/movements';
import { paymentReceived } from '../ledger/payment-movements';
import { postEntries } from '../ledger/post-entries';
import { bankReferencesIn, drawBankReference } from './bank-reference';
import { amountOf, type CheckoutWish } from './checkout';
import type { Payment } from './payment';
import type { PaymentParts } from './payment-parts';
import {
  insertPayment,
  lockPayment,
  markReceived,
  paymentByBankReference,
  readPayment,
} from './payments-store';
import { noteOf } from './sync-payment';

export type BankTransferState = 'unmatched' | 'matched' | 'confirmed' | 'rejected';

/** Money that came to the house's bank account, as its statement has it. */
export type BankTransfer = {
  readonly id: string;
  /** The bank's own id of the booking. */
  readonly bankKey: string;
  readonly amount: Money;
  readonly remittance: string;
  readonly payer: string;
  readonly paymentId: string | null;
  readonly accountId: string | null;
  readonly state: BankTransferState;
  readonly exchangeRate: string | null;
  readonly receivedAtMs: number;
  readonly decidedBy: string | null;
  readonly decidedAtMs: number | null;
};

/** Asks for a bank transfer: gives the payment, whose reference the payer writes on it. @throws NotFound, Conflict, InvalidInput */
export async function askBankTransfer(
  parts: PaymentParts,
  wish: Pick<CheckoutWish, 'accountId' | 'amount' | 'purpose' | 'nowMs'>,
): Promise<Payment> {
  const { accountId, purpose, nowMs } = wish;
  const account = await readAccount(parts.database.read, accountId);
  const amount = await amountOf(parts, wish);
  if (amount.amountMicros <= 0n)
    throw new InvalidInput('amount', 'is not above zero', 'give an amount above zero');
  if (amount.currency !== account.currency)
    throw new InvalidInput('amount', `is in ${amount.currency}`, `give it in ${account.currency}`);
  const id = newId(nowMs);
  return parts.database.write(async (sql) => {
    await insertPayment(sql, {
      id,
      accountId,
      origin: 'bank',
      customerKey: null,
      bankReference: drawBankReference(),
      amount,
      purpose,
      nowMs,
    });
    return readPayment(sql, id);
  });
}

export type BookingSeen = {
  readonly bankKey: string;
  readonly amount: Money;
  readonly remittance: string;
  readonly payer: string;
  readonly receivedAtMs: number;
  readonly nowMs: number;
};

/**
 * Notes a booking of the bank, once for its id, and looks which payment its reference asks for. Nothing is credited before somebody confirms it.
 * @throws Conflict when the id was noted with another amount
 */
export async function noteBankTransfer({ database }: PaymentParts, seen: BookingSeen): Promise<BankTransfer> {
  const id = newId(seen.nowMs);
  return database.write(async (sql) => {
    const references = bankReferencesIn(seen.remittance);
    // Two references in one text: a person must say how it is shared out.
    const [only] = references.length === 1 ? references : [];
    const found = only === undefined ? null : await paymentByBankReference(sql, only);
    const payment = found?.state === 'succeeded' ? null : found;
    try {
      await sql.run(
        `INSERT INTO bank_transfers (${COLUMNS}, made_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, NULL, NULL, ?)`,
        [
          id,
          seen.bankKey,
          seen.amount.currency,
          seen.amount.amountMicros,
          seen.remittance,
          seen.payer,
          payment?.id ?? null,
          payment?.accountId ?? found?.accountId ?? null,
          payment ? 'matched' : 'unmatched',
          seen.receivedAtMs,
          seen.nowMs,
        ],
      );
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
      const [row] = await sql.all(`SELECT ${COLUMNS} FROM bank_transfers WHERE bank_key = ?`, [seen.bankKey]);
      const before = toTransfer(row as Row);
      if (
        before.amount.amountMicros === seen.amount.amountMicros &&
        before.amount.currency === seen.amount.currency
      )
        return before;
      throw new Conflict('this booking was noted with another amount', { bankKey: seen.bankKey });
    }
    return readTransfer(sql, id);
  });
}

export type Confirmation = {
  /** For a booking that no reference matched. */
  readonly accountId: string | null;
  /** For a booking in another currency than the account's: what one unit of it is in that. */
  readonly exchangeRate: string | null;
  readonly by: string;
  readonly nowMs: number;
};

/**
 * Credits a booking, once: what arrived and not what was asked for. In another currency it is converted and the rate stays on the entries.
 * @throws NotFound, Conflict when it was decided before, InvalidInput
 */
export async function confirmBankTransfer(
  { database, neighbours }: PaymentParts,
  transferId: string,
  confirmation: Confirmation,
): Promise<BankTransfer> {
  const { nowMs, by } = confirmation;
  return database.write(async (sql) => {
    const transfer = await lockUndecided(sql, transferId);
    const accountId = confirmation.accountId ?? transfer.accountId;
    if (accountId === null)
      throw new InvalidInput('accountId', 'is missing', 'say whose money it is: no reference matched');
    const account = await readAccount(sql, accountId);
    const matched = transfer.paymentId === null ? null : await lockPayment(sql, transfer.paymentId);
    const payment =
      matched?.accountId === accountId && matched.state !== 'succeeded'
        ? matched
        : await paymentOfBooking(sql, { transfer, accountId, nowMs }, account.currency, confirmation);
    await openHouseAccounts(sql, account.currency, nowMs);
    const received = await convert(sql, transfer, { unit: account.currency, ...confirmation });
    await markReceived(sql, { paymentId: payment.id, received: received.amount, nowMs });
    const movement = paymentReceived({
      accountId,
      paymentId: payment.id,
      amount: received.amount,
      place: 'funds-received',
      note: noteOf(payment),
    });
    await postEntries(sql, movement, nowMs);
    await decide(sql, transferId, {
      state: 'confirmed',
      paymentId: payment.id,
      accountId,
      exchangeRate: received.rate,
      by,
      nowMs,
    });
    await neighbours.onPayment(sql, {
      kind: 'received',
      paymentId: payment.id,
      accountId,
      amount: received.amount,
      purpose: payment.purpose,
      nowMs,
    });
    return readTransfer(sql, transferId);
  });
}

/** A booking that answers no wish becomes a payment for credit of its own. */
async function paymentOfBooking(
  sql: Sql,
  of: { readonly transfer: BankTransfer; readonly accountId: string; readonly nowMs: number },
  unit: Money['currency'],
  { exchangeRate: rate }: Confirmation,
): Promise<Payment> {
  const id = newId(of.nowMs);
  await insertPayment(sql, {
    id,
    accountId: of.accountId,
    origin: 'bank',
    customerKey: null,
    bankReference: null,
    amount: inUnit(of.transfer.amount, unit, rate).amount,
    purpose: { kind: 'credit' },
    nowMs: of.nowMs,
  });
  return readPayment(sql, id);
}

function inUnit(
  amount: Money,
  unit: Money['currency'],
  rate: string | null,
): { readonly amount: Money; readonly rate: string | null } {
  if (amount.currency === unit) return { amount, rate: null };
  if (rate === null)
    throw new InvalidInput(
      'exchangeRate',
      'is missing',
      `say what one ${amount.currency} is in ${unit}: the account is in that`,
    );
  const exchange = exchangeRate(amount.currency, unit, rate);
  return { amount: convertMoney(amount, exchange), rate: showRate(exchange) };
}

/** Changes what lies at the bank into the account's currency, so that the payment is posted in that. */
async function convert(
  sql: Sql,
  transfer: BankTransfer,
  to: { readonly unit: Money['currency']; readonly exchangeRate: string | null; readonly nowMs: number },
) {
  const converted = inUnit(transfer.amount, to.unit, to.exchangeRate);
  if (converted.rate === null) return converted;
  await openHouseAccounts(sql, transfer.amount.currency, to.nowMs);
  // Received in one currency, which the house owes itself in the other: the customer's entry that follows makes that zero.
  await postEntries(
    sql,
    conversion({
      key: `conversion:bank:${transfer.id}`,
      note: `bank transfer ${transfer.bankKey}`,
      from: {
        ledgerAccountId: houseLedgerId('funds-received', transfer.amount.currency),
        amount: transfer.amount,
      },
      to: { ledgerAccountId: houseLedgerId('funds-received', to.unit), amount: converted.amount },
      exchangeRate: converted.rate,
    }),
    to.nowMs,
  );
  return converted;
}

/** Lays a booking aside that is no payment of a customer's. @throws NotFound, Conflict when it was decided before */
export function rejectBankTransfer(
  { database }: PaymentParts,
  transferId: string,
  { by, nowMs }: { readonly by: string; readonly nowMs: number },
): Promise<BankTransfer> {
  return database.write(async (sql) => {
    const { paymentId, accountId } = await lockUndecided(sql, transferId);
    const decision = { paymentId, accountId, exchangeRate: null, by, nowMs };
    await decide(sql, transferId, { state: 'rejected', ...decision });
    return readTransfer(sql, transferId);
  });
}

async function lockUndecided(sql: Sql, transferId: string): Promise<BankTransfer> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM bank_transfers WHERE id = ?${sql.forUpdate}`, [
    transferId,
  ]);
  if (!row) throw new NotFound('bank transfer', transferId);
  const transfer = toTransfer(row);
  if (transfer.state === 'confirmed' || transfer.state === 'rejected')
    throw new Conflict(`this booking was ${transfer.state} before`, { transferId });
  return transfer;
}

async function decide(
  sql: Sql,
  transferId: string,
  decision: Pick<BankTransfer, 'paymentId' | 'accountId' | 'exchangeRate'> & {
    readonly state: 'confirmed' | 'rejected';
    readonly by: string;
    readonly nowMs: number;
  },
): Promise<void> {
  await sql.run(
    `UPDATE bank_transfers SET state = ?, payment_id = ?, account_id = ?, exchange_rate = ?, decided_by = ?, decided_at_ms = ?
     WHERE id = ? AND state IN ('unmatched', 'matched')`,
    [
      decision.state,
      decision.paymentId,
      decision.accountId,
      decision.exchangeRate,
      decision.by,
      decision.nowMs,
      transferId,
    ],
  );
}

const COLUMNS = `id, bank_key, currency, amount_micros, remittance, payer, payment_id, account_id, state, exchange_rate, received_at_ms, decided_by,
  decided_at_ms`;

async function readTransfer(sql: Sql, transferId: string): Promise<BankTransfer> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM bank_transfers WHERE id = ?`, [transferId]);
  if (!row) throw new NotFound('bank transfer', transferId);
  return toTransfer(row);
}

/** Bookings, the newest first. */
export async function listBankTransfers(
  sql: Sql,
  wanted: {
    readonly state: BankTransferState | null;
    readonly beforeId: string | null;
    readonly limit: number;
  },
): Promise<readonly BankTransfer[]> {
  const { where, values } = whereOf([
    ['state = ?', wanted.state],
    ['id < ?', wanted.beforeId],
  ]);
  const rows = await sql.all(`SELECT ${COLUMNS} FROM bank_transfers ${where} ORDER BY id DESC LIMIT ?`, [
    ...values,
    wanted.limit,
  ]);
  return rows.map(toTransfer);
}

function toTransfer(row: Row): BankTransfer {
  return {
    id: text(row.id),
    bankKey: text(row.bank_key),
    amount: money(micros(row.amount_micros), currency(text(row.currency))),
    remittance: text(row.remittance),
    payer: text(row.payer),
    paymentId: textOrNull(row.payment_id),
    accountId: textOrNull(row.account_id),
    state: text(row.state) as BankTransferState,
    exchangeRate: textOrNull(row.exchange_rate),
    receivedAtMs: integer(row.received_at_ms),
    decidedBy: textOrNull(row.decided_by),
    decidedAtMs: integerOrNull(row.decided_at_ms),
  };
}
