import { subtractMoney } from '../../kernel/money';
import type { Sql } from '../../kernel/unit-of-work';
import { openHouseAccounts } from '../ledger/ledger-accounts';
import { paymentFee, paymentReceived } from '../ledger/payment-movements';
import { postEntries } from '../ledger/post-entries';
import { noteRechargeEnd } from './auto-recharge-store';
import { keepMethod } from './payment-customers';
import type { Payment } from './payment';
import { type PaymentParts, requireProvider } from './payment-parts';
import type { ProviderPayment } from './payment-provider';
import { bindProviderKey, lockPayment, markReceived, markUnpaid } from './payments-store';
import { quarantine, type QuarantineReason } from './quarantine';
import { syncDisputes } from './sync-disputes';
import { syncRefunds } from './sync-refunds';

/**
 * Brings a payment here to what the provider has of it now: received, refunded, disputed. It is told of what happened in any order and any number
 * of times, so what it is told is only that it should look; what it finds is done in one order, each step once. Money that does not fit what was asked
 * for is quarantined and moves nothing. @throws what the provider throws: then it is to be tried again
 */
export async function syncPayment(parts: PaymentParts, paymentKey: string, nowMs: number): Promise<void> {
  const provider = requireProvider(parts);
  const found = await provider.readPayment(paymentKey);
  const label =
    found.methodKey !== null && found.status === 'succeeded' ? await provider.labelOf(found.methodKey) : null;
  await parts.database.write(async (sql) => {
    const payment = found.paymentId === null ? null : await lockPayment(sql, found.paymentId);
    const misfit = payment ? misfitOf(payment, found, provider.isLive) : 'unknown-payment';
    if (!payment || misfit) {
      // A payment that nobody made yet moves no money, whatever it says.
      if (found.status === 'succeeded')
        await quarantine(sql, misfitNote(misfit ?? 'unknown-payment', found, nowMs));
      return;
    }
    if (!(await bindProviderKey(sql, payment, found.key)))
      return quarantine(sql, misfitNote('paid-twice', found, nowMs));
    await openHouseAccounts(sql, payment.amount.currency, nowMs);
    const step = { sql, payment, found, neighbours: parts.neighbours, nowMs };
    await receive(step);
    if (label !== null && found.methodKey !== null)
      await keepMethod(sql, payment.accountId, { methodKey: found.methodKey, label });
    await syncRefunds(step);
    await syncDisputes(step);
  });
}

/** One look at a payment, while its row is locked. */
export type SyncStep = {
  readonly sql: Sql;
  readonly payment: Payment;
  readonly found: ProviderPayment;
  readonly neighbours: PaymentParts['neighbours'];
  readonly nowMs: number;
};

/** What does not fit between what was asked for and what the provider has; null when all does. Pure. */
export function misfitOf(payment: Payment, found: ProviderPayment, isLive: boolean): QuarantineReason | null {
  if (found.isLive !== isLive) return 'other-mode';
  if (found.amount.currency !== payment.amount.currency) return 'other-currency';
  if (found.amount.amountMicros !== payment.amount.amountMicros) return 'other-amount';
  if (found.status === 'succeeded' && found.received.amountMicros !== payment.amount.amountMicros)
    return 'other-amount';
  if (found.customerKey !== payment.customerKey) return 'other-customer';
  return null;
}

function misfitNote(reason: QuarantineReason, found: ProviderPayment, nowMs: number) {
  const details = {
    paymentKey: found.key,
    paymentId: found.paymentId,
    amountMicros: found.received.amountMicros.toString(),
    currency: found.received.currency,
    customerKey: found.customerKey,
  };
  return { key: found.key, reason, details, nowMs };
}

async function receive(step: SyncStep): Promise<void> {
  const { sql, payment, found, nowMs } = step;
  if (found.status === 'failed') {
    const failure = found.failure ?? 'failed';
    if (await markUnpaid(sql, payment.id, { state: 'failed', failure, nowMs }))
      await noteRechargeEnd(sql, payment, { failure, nowMs });
    return;
  }
  if (found.status !== 'succeeded') return;
  if (await markReceived(sql, { paymentId: payment.id, received: found.received, nowMs })) {
    const { accountId, purpose } = payment;
    await creditPayment(step);
    await noteRechargeEnd(sql, payment, { failure: null, nowMs });
    await step.neighbours.onPayment(sql, {
      kind: 'received',
      paymentId: payment.id,
      accountId,
      amount: found.received,
      purpose,
      nowMs,
    });
  }
  if (found.fee && found.fee.amountMicros > 0n) {
    await openHouseAccounts(sql, found.fee.currency, nowMs);
    await postEntries(sql, paymentFee({ about: payment.id, fee: found.fee }), nowMs);
  }
}

async function creditPayment({ sql, payment, found, nowMs }: SyncStep): Promise<void> {
  await postEntries(
    sql,
    paymentReceived({
      accountId: payment.accountId,
      paymentId: payment.id,
      amount: found.received,
      place: 'payment-provider',
      note: noteOf(payment),
    }),
    nowMs,
  );
}

/** What people who read the ledger see of a payment. */
export function noteOf({ id, purpose }: Payment): string {
  return purpose.kind === 'credit' ? `payment ${id}` : `payment ${id} of invoice ${purpose.invoiceId}`;
}

/** What could still be refunded of a payment. */
export function leftOf(payment: Payment) {
  return subtractMoney(payment.received, payment.returned);
}
