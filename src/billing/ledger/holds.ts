import { Conflict } from '../../kernel/app-error';
import { currency, type Money, money } from '../../kernel/money';
import { DuplicateKey, integer, micros, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { customerLedgerId, freeHeld, readBalance, tryHold } from './ledger-accounts';
import { HoldNotOpen, InsufficientCredit } from './ledger-errors';

export type HoldState = 'open' | 'settled' | 'released';

/** Credit kept aside for one running leg. `rate` is the caller's text: the price that was promised when the hold was opened. */
export type Hold = {
  readonly callId: string;
  readonly accountId: string;
  readonly amount: Money;
  readonly state: HoldState;
  readonly rate: string;
  readonly openedAtMs: number;
  readonly changedAtMs: number;
};

const COLUMNS = 'call_id, account_id, currency, amount_micros, state, rate, opened_at_ms, changed_at_ms';

export type NewHold = {
  readonly callId: string;
  readonly accountId: string;
  readonly amount: Money;
  readonly rate: string;
  readonly nowMs: number;
};

/**
 * Opens the hold of a call. The second time it gives the hold that is there. Lock order everywhere: the hold, then its account.
 * @throws InsufficientCredit; HoldNotOpen when the call's hold was used up before; Conflict when another account holds for this call
 */
export async function openHold(sql: Sql, wanted: NewHold): Promise<Hold> {
  const ledgerAccountId = customerLedgerId(wanted.accountId);
  try {
    await sql.run(
      `INSERT INTO credit_holds (${COLUMNS}, ledger_account_id) VALUES (?, ?, ?, ?, 'open', ?, ?, ?, ?)`,
      [
        wanted.callId,
        wanted.accountId,
        wanted.amount.currency,
        wanted.amount.amountMicros,
        wanted.rate,
        wanted.nowMs,
        wanted.nowMs,
        ledgerAccountId,
      ],
    );
  } catch (error) {
    if (error instanceof DuplicateKey) return existingHold(sql, wanted);
    throw error;
  }
  if (!(await tryHold(sql, ledgerAccountId, wanted.amount.amountMicros)))
    throw new InsufficientCredit(wanted.amount, (await readBalance(sql, wanted.accountId)).available);
  return { ...wanted, state: 'open', openedAtMs: wanted.nowMs, changedAtMs: wanted.nowMs };
}

async function existingHold(sql: Sql, wanted: NewHold): Promise<Hold> {
  const hold = await lockOpenHold(sql, wanted.callId);
  if (hold.accountId !== wanted.accountId)
    throw new Conflict('another account holds credit for this call', { callId: wanted.callId });
  return hold;
}

/** The hold of a call in any state, or null. */
export async function findHold(sql: Sql, callId: string): Promise<Hold | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM credit_holds WHERE call_id = ?`, [callId]);
  return row ? toHold(row) : null;
}

/** The hold with its row locked until the unit of work ends, in any state, or null. */
export async function lockHold(sql: Sql, callId: string): Promise<Hold | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM credit_holds WHERE call_id = ?${sql.forUpdate}`, [
    callId,
  ]);
  return row ? toHold(row) : null;
}

/** @throws HoldNotOpen */
export async function lockOpenHold(sql: Sql, callId: string): Promise<Hold> {
  const hold = await lockHold(sql, callId);
  if (hold?.state !== 'open') throw new HoldNotOpen(callId, hold?.state ?? 'not there');
  return hold;
}

/** Grows a hold that the caller has locked by `byMicros`; null when the account's credit does not reach that far. */
export async function growHold(
  sql: Sql,
  hold: Hold,
  { byMicros, nowMs }: { readonly byMicros: bigint; readonly nowMs: number },
): Promise<Hold | null> {
  if (!(await tryHold(sql, customerLedgerId(hold.accountId), byMicros))) return null;
  const amount = money(hold.amount.amountMicros + byMicros, hold.amount.currency);
  await sql.run(
    "UPDATE credit_holds SET amount_micros = ?, changed_at_ms = ? WHERE call_id = ? AND state = 'open'",
    [amount.amountMicros, nowMs, hold.callId],
  );
  return { ...hold, amount, changedAtMs: nowMs };
}

/** Notes that a call is alive though its hold did not grow, so that it does not look stale. */
export async function touchHold(sql: Sql, callId: string, nowMs: number): Promise<void> {
  await sql.run("UPDATE credit_holds SET changed_at_ms = ? WHERE call_id = ? AND state = 'open'", [
    nowMs,
    callId,
  ]);
}

/**
 * Ends an open hold, once, and frees all it kept; a charge is posted after this, in the same unit of work. False when it was not
 * open (any more).
 */
export async function closeHold(
  sql: Sql,
  hold: Hold,
  { state, nowMs }: { readonly state: 'settled' | 'released'; readonly nowMs: number },
): Promise<boolean> {
  const changed = await sql.run(
    "UPDATE credit_holds SET state = ?, changed_at_ms = ? WHERE call_id = ? AND state = 'open'",
    [state, nowMs, hold.callId],
  );
  if (changed === 0) return false;
  await freeHeld(sql, customerLedgerId(hold.accountId), hold.amount.amountMicros);
  return true;
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

function toHold(row: Row): Hold {
  return {
    callId: text(row.call_id),
    accountId: text(row.account_id),
    amount: money(micros(row.amount_micros), currency(text(row.currency))),
    state: text(row.state) as HoldState,
    rate: text(row.rate),
    openedAtMs: integer(row.opened_at_ms),
    changedAtMs: integer(row.changed_at_ms),
  };
}
