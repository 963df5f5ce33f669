import { raiseAccountAlert } from '../../alerts/alerts-store';
import { newId } from '../../kernel/ids';
import { showMoney } from '../../kernel/money';
import { integer, type Sql } from '../../kernel/unit-of-work';
import type { Payment } from './payment';

const HOUR_MS = 3_600_000;
/** How long nothing is tried after the first, second and third refusal in a row; after the fourth recharging stops until its owner turns it on again. */
const WAITS_MS: readonly number[] = [HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS];

/** When the next try may come after so many refusals in a row; null: no more. Pure. */
export function nextTryMs(failures: number, nowMs: number): number | null {
  const waitMs = WAITS_MS[failures - 1];
  return waitMs === undefined ? null : nowMs + waitMs;
}

/** Notes how a recharge ended, in the unit of work in which its payment does, and tells the account's owner. Others' payments are passed over. */
export async function noteRechargeEnd(
  sql: Sql,
  payment: Payment,
  { failure, nowMs }: { readonly failure: string | null; readonly nowMs: number },
): Promise<void> {
  if (payment.origin !== 'auto-recharge') return;
  const { accountId } = payment;
  const [row] = await sql.all(
    `SELECT failures FROM auto_recharges WHERE account_id = ? AND pending_payment_id = ?${sql.forUpdate}`,
    [accountId, payment.id],
  );
  if (!row) return;
  const failures = failure === null ? 0 : integer(row.failures) + 1;
  const nextMs = failure === null ? nowMs : nextTryMs(failures, nowMs);
  await sql.run(
    `UPDATE auto_recharges SET pending_payment_id = NULL, failures = ?, next_try_at_ms = ?, enabled = CASE WHEN ? = 1 THEN 0 ELSE enabled END,
       changed_at_ms = ? WHERE account_id = ?`,
    [failures, nextMs ?? 0, nextMs === null ? 1 : 0, nowMs, accountId],
  );
  await tellRecharge(sql, accountId, {
    kind:
      failure === null
        ? 'auto-recharge-done'
        : nextMs === null
          ? 'auto-recharge-stopped'
          : 'auto-recharge-declined',
    details: {
      paymentId: payment.id,
      amount: showMoney(payment.amount),
      ...(failure === null ? {} : { failure }),
    },
    nowMs,
  });
}

/** Tells the account's owner about recharging. */
export async function tellRecharge(
  sql: Sql,
  accountId: string,
  of: {
    readonly kind: string;
    readonly details: Readonly<Record<string, unknown>>;
    readonly nowMs: number;
  },
): Promise<void> {
  await raiseAccountAlert(sql, {
    id: newId(of.nowMs),
    kind: of.kind,
    ownerAccountId: accountId,
    details: of.details,
    raisedAtMs: of.nowMs,
  });
}
