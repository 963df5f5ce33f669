import { readAccount } from '../../accounts/accounts-store';
import { enqueue } from '../../jobs/jobs-store';
import { Conflict, InvalidInput } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { type Money, money } from '../../kernel/money';
import { type Database, integer, micros, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { noteRechargeEnd, tellRecharge } from './auto-recharge-store';
import { savedMethod } from './payment-customers';
import { type PaymentParts, requireProvider } from './payment-parts';
import { insertPayment, lockPayment, markUnpaid } from './payments-store';
import { syncPayment } from './sync-payment';

const DAY_MS = 86_400_000;
/** Accounts that one look takes on; the next look comes a minute later. */
const MAX_AT_ONCE = 200;

/** When an account buys credit by itself: below `threshold`, `amount` of it, at most so often and so much a day (UTC). */
export type AutoRecharge = {
  readonly enabled: boolean;
  readonly threshold: Money;
  readonly amount: Money;
  readonly mostADay: number;
  readonly mostADayAmount: Money;
  readonly failures: number;
};

export type AutoRechargeWanted = Omit<AutoRecharge, 'failures'>;

/** Sets how the account recharges; setting it forgets refusals of before. @throws Conflict without a saved method, InvalidInput, NotFound */
export async function setAutoRecharge(
  database: Database,
  accountId: string,
  wanted: AutoRechargeWanted,
  nowMs: number,
): Promise<AutoRecharge> {
  const account = await readAccount(database.read, accountId);
  if (wanted.amount.currency !== account.currency)
    throw new InvalidInput('amount', `is in ${wanted.amount.currency}`, `give it in ${account.currency}`);
  if (wanted.amount.amountMicros <= 0n)
    throw new InvalidInput('amount', 'is not above zero', 'give an amount above zero');
  if (wanted.mostADayAmount.amountMicros < wanted.amount.amountMicros)
    throw new InvalidInput(
      'mostADayAmount',
      'is less than one recharge',
      'give the amount or more, or lower the amount',
    );
  if (wanted.enabled && !(await savedMethod(database.read, accountId)))
    throw new Conflict('the account has no saved payment method; pay once with saveMethod', { accountId });
  return database.write(async (sql) => {
    const values = [
      wanted.enabled ? 1 : 0,
      wanted.threshold.amountMicros,
      wanted.amount.amountMicros,
      wanted.mostADay,
      wanted.mostADayAmount.amountMicros,
      nowMs,
      nowMs,
    ];
    const [row] = await sql.all(
      `SELECT account_id FROM auto_recharges WHERE account_id = ?${sql.forUpdate}`,
      [accountId],
    );
    await sql.run(
      row
        ? `UPDATE auto_recharges SET enabled = ?, threshold_micros = ?, amount_micros = ?, most_a_day = ?, most_a_day_micros = ?, failures = 0,
             next_try_at_ms = ?, changed_at_ms = ? WHERE account_id = ?`
        : `INSERT INTO auto_recharges (enabled, threshold_micros, amount_micros, most_a_day, most_a_day_micros, failures, next_try_at_ms,
             changed_at_ms, account_id) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?)`,
      [...values, accountId],
    );
    return { ...wanted, failures: 0 };
  });
}

/** How the account recharges, or null when it was never set. */
export async function readAutoRecharge(sql: Sql, accountId: string): Promise<AutoRecharge | null> {
  const [row] = await sql.all(
    'SELECT r.*, a.currency FROM auto_recharges r JOIN accounts a ON a.id = r.account_id WHERE r.account_id = ?',
    [accountId],
  );
  return row ? toAutoRecharge(row) : null;
}

/** Begins a recharge for every account that has fallen below its threshold. Gives how many it began. */
export async function beginRecharges(database: Database, nowMs: number): Promise<number> {
  const rows = await database.read.all(
    `SELECT r.account_id FROM auto_recharges r JOIN ledger_accounts l ON l.account_id = r.account_id
     JOIN accounts a ON a.id = r.account_id
     WHERE r.enabled = 1 AND r.next_try_at_ms <= ? AND r.pending_payment_id IS NULL AND a.state <> 'closed'
       AND l.balance_micros - l.held_micros < r.threshold_micros
     ORDER BY r.account_id LIMIT ?`,
    [nowMs, MAX_AT_ONCE],
  );
  let begun = 0;
  for (const row of rows)
    if (await database.write((sql) => beginRecharge(sql, text(row.account_id), nowMs))) begun++;
  return begun;
}

async function beginRecharge(sql: Sql, accountId: string, nowMs: number): Promise<boolean> {
  const paymentId = newId(nowMs);
  // Whoever sets this begins the recharge; nobody else until it has ended.
  const mine = await sql.run(
    'UPDATE auto_recharges SET pending_payment_id = ? WHERE account_id = ? AND enabled = 1 AND pending_payment_id IS NULL AND next_try_at_ms <= ?',
    [paymentId, accountId, nowMs],
  );
  const wanted = await readAutoRecharge(sql, accountId);
  const method = await savedMethod(sql, accountId);
  if (mine === 0 || !wanted || !method) return false;
  const dayBeganMs = nowMs - (nowMs % DAY_MS);
  const [day] = await sql.all(
    `SELECT COUNT(*) AS times, COALESCE(SUM(amount_micros), 0) AS total FROM payments
     WHERE account_id = ? AND origin = 'auto-recharge' AND state IN ('open', 'succeeded') AND made_at_ms >= ?`,
    [accountId, dayBeganMs],
  );
  const total = micros(String(day?.total)) + wanted.amount.amountMicros;
  if (integer(day?.times) >= wanted.mostADay || total > wanted.mostADayAmount.amountMicros) {
    await sql.run(
      'UPDATE auto_recharges SET pending_payment_id = NULL, next_try_at_ms = ? WHERE account_id = ?',
      [dayBeganMs + DAY_MS, accountId],
    );
    const details = { recharges: integer(day?.times), nextTryAtMs: dayBeganMs + DAY_MS };
    await tellRecharge(sql, accountId, { kind: 'auto-recharge-capped', details, nowMs });
    return false;
  }
  await insertPayment(sql, {
    id: paymentId,
    accountId,
    origin: 'auto-recharge',
    customerKey: method.customerKey,
    bankReference: null,
    amount: wanted.amount,
    purpose: { kind: 'credit' },
    nowMs,
  });
  await enqueue(sql, {
    kind: 'charge-saved-method',
    uniqueKey: paymentId,
    payload: { paymentId },
    runAtMs: nowMs,
    nowMs,
  });
  return true;
}

/**
 * Charges the saved method for a recharge. An answer that never came is asked for again under the same key, so it charges once.
 * @throws what the provider throws: then it is to be tried again
 */
export async function chargeRecharge(parts: PaymentParts, paymentId: string, nowMs: number): Promise<void> {
  const provider = requireProvider(parts);
  const payment = await parts.database.write((sql) => lockPayment(sql, paymentId));
  if (payment?.state !== 'open') return;
  const method = await savedMethod(parts.database.read, payment.accountId);
  const { paymentKey, declined } = method
    ? await provider.charge({ ...method, paymentId, accountId: payment.accountId, amount: payment.amount })
    : { paymentKey: null, declined: 'no saved method' };
  if (declined === null && paymentKey !== null) return syncPayment(parts, paymentKey, nowMs);
  await parts.database.write(async (sql) => {
    const failure = declined ?? 'declined';
    if (await markUnpaid(sql, paymentId, { state: 'failed', failure, nowMs }))
      await noteRechargeEnd(sql, payment, { failure, nowMs });
  });
}

function toAutoRecharge(row: Row): AutoRecharge {
  const unit = text(row.currency) as Money['currency'];
  return {
    enabled: integer(row.enabled) === 1,
    threshold: money(micros(row.threshold_micros), unit),
    amount: money(micros(row.amount_micros), unit),
    mostADay: integer(row.most_a_day),
    mostADayAmount: money(micros(row.most_a_day_micros), unit),
    failures: integer(row.failures),
  };
}
