import { currency, type Money, money } from '../../kernel/money';
import { integer, micros, type Row, type Sql, text, textOrNull } from '../../kernel/unit-of-work';
import { customerLedgerId, type DaySpending, freeHeld, tryHold } from './ledger-accounts';
import { HoldNotOpen } from './ledger-errors';

export type HoldState = 'open' | 'settled' | 'released';

/** Credit kept aside for one running leg. Lock order everywhere: leases, the hold, bundles, the account. */
export type Hold = {
  readonly callId: string;
  readonly accountId: string;
  readonly amount: Money;
  readonly state: HoldState;
  /** The caller's text: the price that was promised when the hold was opened. */
  readonly rate: string;
  readonly direction: string;
  readonly kind: string;
  /** The number that the leg is rated by; null for a hold of before it was kept. */
  readonly number: string | null;
  /** The caller's text: what is kept aside for the leg beside money; null when nothing is. */
  readonly included: string | null;
  /** The last day on which it grew and what it grew by then, where a day's spending is counted. */
  readonly ofDay: { readonly day: number; readonly heldMicros: bigint } | null;
  readonly openedAtMs: number;
  readonly changedAtMs: number;
};

const COLUMNS = `call_id, account_id, currency, amount_micros, state, rate, direction, kind, number_e164, included, spend_day, day_held_micros,
  opened_at_ms, changed_at_ms`;

/** Opens holds whose money was taken of the locked credit, in one statement. @throws DuplicateKey when a call has one */
export async function insertHolds(sql: Sql, holds: readonly Hold[]): Promise<void> {
  if (holds.length === 0) return;
  await sql.run(
    `INSERT INTO credit_holds (${COLUMNS}, ledger_account_id)
     VALUES ${holds.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
    holds.flatMap((hold) => [
      hold.callId,
      hold.accountId,
      hold.amount.currency,
      hold.amount.amountMicros,
      hold.state,
      hold.rate,
      hold.direction,
      hold.kind,
      hold.number,
      hold.included,
      hold.ofDay?.day ?? null,
      hold.ofDay?.heldMicros ?? 0n,
      hold.openedAtMs,
      hold.changedAtMs,
      customerLedgerId(hold.accountId),
    ]),
  );
}

/** The hold with its row locked until the unit of work ends, in any state, or null. */
export async function lockHold(sql: Sql, callId: string): Promise<Hold | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM credit_holds WHERE call_id = ?${sql.forUpdate}`, [
    callId,
  ]);
  return row ? toHold(row) : null;
}

/** The holds of calls by call id, with their rows locked in the order of the ids until the unit of work ends. */
export async function lockHolds(sql: Sql, callIds: readonly string[]): Promise<ReadonlyMap<string, Hold>> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM credit_holds WHERE call_id IN (${placeholders(callIds)}) ORDER BY call_id${sql.forUpdate}`,
    callIds,
  );
  return new Map(rows.map((row) => [text(row.call_id), toHold(row)]));
}

/** @throws HoldNotOpen */
export async function lockOpenHold(sql: Sql, callId: string): Promise<Hold> {
  const hold = await lockHold(sql, callId);
  if (hold?.state !== 'open') throw new HoldNotOpen(callId, hold?.state ?? 'not there');
  return hold;
}

export type Growth = {
  readonly byMicros: bigint;
  readonly included: string | null;
  readonly spending: DaySpending | null;
  readonly nowMs: number;
};

/** Grows a hold that the caller has locked; null when the account's credit or its day does not reach that far. */
export async function growHold(sql: Sql, hold: Hold, growth: Growth): Promise<Hold | null> {
  const { byMicros, included, spending, nowMs } = growth;
  const grows = { amountMicros: byMicros, spending };
  if (!(await tryHold(sql, customerLedgerId(hold.accountId), grows))) return null;
  const amount = money(hold.amount.amountMicros + byMicros, hold.amount.currency);
  const ofDay = spending ? grownOn(hold.ofDay, spending.day, byMicros) : hold.ofDay;
  await sql.run(
    `UPDATE credit_holds SET amount_micros = ?, included = ?, spend_day = ?, day_held_micros = ?, changed_at_ms = ?
     WHERE call_id = ? AND state = 'open'`,
    [amount.amountMicros, included, ofDay?.day ?? null, ofDay?.heldMicros ?? 0n, nowMs, hold.callId],
  );
  return { ...hold, amount, included, ofDay, changedAtMs: nowMs };
}

function grownOn(before: Hold['ofDay'], day: number, byMicros: bigint): Hold['ofDay'] {
  if (before && before.day >= day) return { day: before.day, heldMicros: before.heldMicros + byMicros };
  return { day, heldMicros: byMicros };
}

/** Notes that a call is alive though its hold did not grow, so that it does not look stale. */
export async function touchHold(sql: Sql, callId: string, nowMs: number): Promise<void> {
  await sql.run("UPDATE credit_holds SET changed_at_ms = ? WHERE call_id = ? AND state = 'open'", [
    nowMs,
    callId,
  ]);
}

/** How a hold that the caller has locked ends; what it held beyond the charge is free again. */
export type HoldEnd = {
  readonly hold: Hold;
  readonly state: 'settled' | 'released';
  readonly chargeMicros: bigint;
};

/**
 * Ends open holds that the caller has locked and frees all they kept; their charges are posted after this, in the same unit of work. What was
 * held beyond a charge does not count to the day's spending any more. One statement for all accounts.
 */
export async function closeHolds(sql: Sql, ends: readonly HoldEnd[], nowMs: number): Promise<void> {
  for (const state of ['settled', 'released'] as const) {
    const callIds = ends.filter((end) => end.state === state).map(({ hold }) => hold.callId);
    if (callIds.length === 0) continue;
    const changed = await sql.run(
      `UPDATE credit_holds SET state = ?, changed_at_ms = ? WHERE call_id IN (${placeholders(callIds)}) AND state = 'open'`,
      [state, nowMs, ...callIds],
    );
    if (changed !== callIds.length) throw new Error(`${callIds.length - changed} locked holds were not open`);
  }
  const byAccount = new Map<string, HoldEnd[]>();
  for (const end of ends)
    byAccount.set(end.hold.accountId, [...(byAccount.get(end.hold.accountId) ?? []), end]);
  await freeHeld(
    sql,
    [...byAccount].map(([accountId, own]) => ({
      ledgerAccountId: customerLedgerId(accountId),
      amountMicros: own.reduce((sum, { hold }) => sum + hold.amount.amountMicros, 0n),
      unspent: unspentByDay(own),
    })),
  );
}

function unspentByDay(ends: readonly HoldEnd[]): ReadonlyMap<number, bigint> {
  const unspent = new Map<number, bigint>();
  for (const { hold, chargeMicros } of ends) {
    if (!hold.ofDay) continue;
    const unused = hold.amount.amountMicros - chargeMicros;
    const ofDay = unused < hold.ofDay.heldMicros ? unused : hold.ofDay.heldMicros;
    unspent.set(hold.ofDay.day, (unspent.get(hold.ofDay.day) ?? 0n) + ofDay);
  }
  return unspent;
}

function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

/** Open holds that nothing has touched since `untouchedSinceMs`, oldest first, at most `limit`. */
export async function listUntouchedHolds(
  sql: Sql,
  { untouchedSinceMs, limit }: { readonly untouchedSinceMs: number; readonly limit: number },
): Promise<readonly Hold[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM credit_holds WHERE state = 'open' AND changed_at_ms < ? ORDER BY changed_at_ms, call_id LIMIT ?`,
    [untouchedSinceMs, limit],
  );
  return rows.map(toHold);
}

/** The account's open holds, the newest first, at most `limit`. */
export async function listOpenHolds(sql: Sql, accountId: string, limit: number): Promise<readonly Hold[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM credit_holds WHERE ledger_account_id = ? AND state = 'open'
     ORDER BY opened_at_ms DESC, call_id DESC LIMIT ?`,
    [customerLedgerId(accountId), limit],
  );
  return rows.map(toHold);
}

/** Which of some accounts have credit held for calls. */
export async function accountsHolding(sql: Sql, accountIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (accountIds.length === 0) return new Set();
  const rows = await sql.all(
    `SELECT DISTINCT account_id FROM credit_holds WHERE state = 'open' AND ledger_account_id IN (${accountIds.map(() => '?').join(', ')})`,
    accountIds.map(customerLedgerId),
  );
  return new Set(rows.map((row) => text(row.account_id)));
}

function toHold(row: Row): Hold {
  return {
    callId: text(row.call_id),
    accountId: text(row.account_id),
    amount: money(micros(row.amount_micros), currency(text(row.currency))),
    state: text(row.state) as HoldState,
    rate: text(row.rate),
    direction: text(row.direction),
    kind: text(row.kind),
    number: textOrNull(row.number_e164),
    included: textOrNull(row.included),
    ofDay:
      row.spend_day === null
        ? null
        : { day: integer(row.spend_day), heldMicros: micros(row.day_held_micros) },
    openedAtMs: integer(row.opened_at_ms),
    changedAtMs: integer(row.changed_at_ms),
  };
}
