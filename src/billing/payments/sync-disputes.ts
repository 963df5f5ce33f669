import { raiseAccountAlert, raiseHouseAlert } from '../../alerts/alerts-store';
import { newId } from '../../kernel/ids';
import { addMoney, money, showMoney, subtractMoney } from '../../kernel/money';
import { DuplicateKey, micros, type Sql, text } from '../../kernel/unit-of-work';
import { atMost, freeFrozen, freezeWhatIsThere, takeFrozen } from '../ledger/freezes';
import { lockBalance, openHouseAccounts } from '../ledger/ledger-accounts';
import { paymentFee, takenBack } from '../ledger/payment-movements';
import { postEntries } from '../ledger/post-entries';
import type { ProviderDispute } from './payment-provider';
import { addReturned } from './payments-store';
import { quarantine } from './quarantine';
import type { SyncStep } from './sync-payment';

/**
 * Follows the disputes of a payment: opened, what the account has of the amount is frozen, and no more; won, it is free again; lost, it is taken,
 * together with what the account has by then, and the rest is the house's loss.
 */
export async function syncDisputes(step: SyncStep): Promise<void> {
  for (const dispute of step.found.disputes) {
    // Questions take no money yet.
    if (dispute.state === 'inquiry') continue;
    await open(step, dispute);
    if (dispute.state === 'won') await win(step, dispute);
    if (dispute.state === 'lost') await lose(step, dispute);
    if (dispute.fee) {
      await openHouseAccounts(step.sql, dispute.fee.currency, step.nowMs);
      const fee = paymentFee({ about: `dispute ${dispute.key}`, fee: dispute.fee });
      await postEntries(step.sql, fee, step.nowMs);
    }
  }
}

/** The id under which a dispute freezes credit. */
function freezeId(dispute: ProviderDispute): string {
  return `dispute:${dispute.key}`;
}

async function open({ sql, payment, nowMs }: SyncStep, dispute: ProviderDispute): Promise<void> {
  const { accountId } = payment;
  const { amount } = dispute;
  try {
    await sql.run(
      `INSERT INTO disputes (id, payment_id, account_id, currency, amount_micros, state, frozen_micros, taken_micros, opened_at_ms, changed_at_ms)
       VALUES (?, ?, ?, ?, ?, 'open', 0, 0, ?, ?)`,
      [dispute.key, payment.id, accountId, amount.currency, amount.amountMicros, nowMs, nowMs],
    );
  } catch (error) {
    if (error instanceof DuplicateKey) return;
    throw error;
  }
  const frozen = await freezeWhatIsThere(sql, {
    id: freezeId(dispute),
    accountId,
    amount,
    reason: `payment ${payment.id} is disputed`,
    expiresAtMs: null,
    nowMs,
  });
  await sql.run('UPDATE disputes SET frozen_micros = ? WHERE id = ?', [
    frozen.amount.amountMicros,
    dispute.key,
  ]);
  const details = {
    disputeId: dispute.key,
    paymentId: payment.id,
    amount: showMoney(amount),
    frozen: showMoney(frozen.amount),
  };
  await tell(sql, { kind: 'payment-disputed', accountId, details, nowMs });
}

async function win({ sql, nowMs }: SyncStep, dispute: ProviderDispute): Promise<void> {
  if (!(await end(sql, dispute, { state: 'won', takenMicros: 0n, nowMs }))) return;
  await freeFrozen(sql, freezeId(dispute), nowMs);
}

async function lose({ sql, payment, nowMs, neighbours }: SyncStep, dispute: ProviderDispute): Promise<void> {
  const [row] = await sql.all(`SELECT state, frozen_micros FROM disputes WHERE id = ?${sql.forUpdate}`, [
    dispute.key,
  ]);
  if (!row || text(row.state) !== 'open') return;
  const { accountId } = payment;
  const { amount } = dispute;
  const frozen = money(micros(row.frozen_micros), amount.currency);
  const { available } = await lockBalance(sql, accountId);
  const taken = addMoney(frozen, atMost(available, subtractMoney(amount, frozen)));
  await end(sql, dispute, { state: 'lost', takenMicros: taken.amountMicros, nowMs });
  const movement = takenBack({ accountId, about: freezeId(dispute), total: amount, fromAccount: taken });
  await takeFrozen(sql, freezeId(dispute), { movement, nowMs });
  // A provider may take back more than is left of a payment: the ledger has it, a person looks why.
  if (!(await addReturned(sql, payment.id, amount.amountMicros, nowMs)))
    await quarantine(sql, {
      key: dispute.key,
      reason: 'returned-too-much',
      details: { paymentId: payment.id, disputeId: dispute.key },
      nowMs,
    });
  await neighbours.onPayment(sql, {
    kind: 'returned',
    paymentId: payment.id,
    accountId,
    amount,
    purpose: payment.purpose,
    nowMs,
  });
  const details = {
    disputeId: dispute.key,
    paymentId: payment.id,
    amount: showMoney(amount),
    loss: showMoney(subtractMoney(amount, taken)),
  };
  await tell(sql, { kind: 'dispute-lost', accountId, details, nowMs });
}

async function end(
  sql: Sql,
  dispute: ProviderDispute,
  of: { readonly state: 'won' | 'lost'; readonly takenMicros: bigint; readonly nowMs: number },
): Promise<boolean> {
  const ended = await sql.run(
    "UPDATE disputes SET state = ?, taken_micros = ?, changed_at_ms = ? WHERE id = ? AND state = 'open'",
    [of.state, of.takenMicros, of.nowMs, dispute.key],
  );
  return ended === 1;
}

async function tell(
  sql: Sql,
  of: {
    readonly kind: string;
    readonly accountId: string;
    readonly details: Readonly<Record<string, unknown>>;
    readonly nowMs: number;
  },
): Promise<void> {
  const { kind, accountId, details, nowMs } = of;
  await raiseAccountAlert(sql, {
    id: newId(nowMs),
    kind,
    ownerAccountId: accountId,
    details,
    raisedAtMs: nowMs,
  });
  await raiseHouseAlert(sql, {
    id: newId(nowMs),
    kind,
    details: { accountId, ...details },
    raisedAtMs: nowMs,
  });
}
