import { newId } from '../../kernel/ids';
import { DuplicateKey, text } from '../../kernel/unit-of-work';
import { atMost } from '../ledger/freezes';
import { lockBalance } from '../ledger/ledger-accounts';
import { takenBack } from '../ledger/payment-movements';
import { postEntries } from '../ledger/post-entries';
import type { ProviderRefund } from './payment-provider';
import { addReturned } from './payments-store';
import { quarantine } from './quarantine';
import { endRefund } from './refunds';
import type { SyncStep } from './sync-payment';

/** Ends refunds of ours that the provider has ended, and takes up those that were made at the provider. */
export async function syncRefunds(step: SyncStep): Promise<void> {
  for (const refund of step.found.refunds)
    if (refund.refundId !== null) await syncOwn(step, refund.refundId, refund);
    else await takeUpForeign(step, refund);
}

async function syncOwn(step: SyncStep, refundId: string, refund: ProviderRefund): Promise<void> {
  const { sql, nowMs, neighbours } = step;
  if (refund.state === 'pending') return;
  await sql.run('UPDATE refunds SET provider_key = ? WHERE id = ? AND provider_key IS NULL', [
    refund.key,
    refundId,
  ]);
  await endRefund(sql, { refundId, state: refund.state, nowMs, neighbours });
}

/** A refund that somebody made at the provider: the money is gone, so what the account has of it is taken. */
async function takeUpForeign(step: SyncStep, refund: ProviderRefund): Promise<void> {
  const { sql, payment, nowMs } = step;
  const [row] = await sql.all('SELECT state FROM refunds WHERE provider_key = ?', [refund.key]);
  const about = { paymentId: payment.id, refundKey: refund.key };
  if (row) {
    if (text(row.state) === 'paid' && refund.state === 'failed')
      await quarantine(sql, { key: refund.key, reason: 'refund-undone', details: about, nowMs });
    return;
  }
  if (refund.state === 'failed') return;
  if (!(await addReturned(sql, payment.id, refund.amount.amountMicros, nowMs)))
    return quarantine(sql, { key: refund.key, reason: 'returned-too-much', details: about, nowMs });
  const id = newId(nowMs);
  try {
    await sql.run(
      `INSERT INTO refunds (id, payment_id, account_id, provider_key, currency, amount_micros, reason, state, asked_by, made_at_ms, changed_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, 'made at the payment provider', 'paid', 'payment provider', ?, ?)`,
      [
        id,
        payment.id,
        payment.accountId,
        refund.key,
        refund.amount.currency,
        refund.amount.amountMicros,
        nowMs,
        nowMs,
      ],
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    throw new Error(`refund ${refund.key} belongs to another payment`, { cause: error });
  }
  const { available } = await lockBalance(sql, payment.accountId);
  const movement = takenBack({
    accountId: payment.accountId,
    about: `refund:${refund.key}`,
    total: refund.amount,
    fromAccount: atMost(available, refund.amount),
  });
  await postEntries(sql, movement, nowMs);
  await step.neighbours.onPayment(sql, {
    kind: 'returned',
    paymentId: payment.id,
    accountId: payment.accountId,
    amount: refund.amount,
    purpose: payment.purpose,
    nowMs,
  });
}
