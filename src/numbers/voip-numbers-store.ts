import { Conflict, NotFound } from '../kernel/app-error';
import { randomSerial } from '../kernel/ids';
import { DuplicateKey, type Sql, text, textOrNull } from '../kernel/unit-of-work';
import { makeVoipNumber, VOIP_SERIAL_DIGITS, type VoipNumber, voipNumber } from '../kernel/voip-number';

/** How long a number that was given back rests, so that its old owner's callers do not reach a stranger. */
export const QUARANTINE_MS = 90 * 86_400_000;

/** Serials that are drawn before we look for one whose quarantine is over. */
const MAX_DRAWS = 50;

/** A 123-voip number that is or was somebody's. */
export type HeldVoipNumber = {
  readonly state: 'assigned' | 'quarantined';
  /** Whose it is; null while it rests. */
  readonly accountId: string | null;
};

/**
 * The account's 123-voip number: the one it has, or one drawn at random that nobody has and none had in the last 90 days.
 * @throws NotFound for the account; Conflict when no number is free
 */
export async function assignVoipNumber(sql: Sql, accountId: string, nowMs: number): Promise<VoipNumber> {
  const before = await voipNumberOf(sql, accountId);
  if (before) return before;
  const [account] = await sql.all('SELECT id FROM accounts WHERE id = ?', [accountId]);
  if (!account) throw new NotFound('account', accountId);
  for (let draw = 1; draw <= MAX_DRAWS; draw++) {
    const number = makeVoipNumber(randomSerial(VOIP_SERIAL_DIGITS));
    if (await claimVoipNumber(sql, { number, accountId, nowMs })) return number;
    // Another claim for this account may have come first.
    const own = await voipNumberOf(sql, accountId);
    if (own) return own;
  }
  const [rested] = await sql.all(
    "SELECT number FROM voip_numbers WHERE state = 'quarantined' AND free_at_ms <= ? ORDER BY free_at_ms LIMIT 1",
    [nowMs],
  );
  const number = rested ? voipNumber(text(rested.number)) : null;
  if (number && (await claimVoipNumber(sql, { number, accountId, nowMs }))) return number;
  throw new Conflict('no 123-voip number is free; more digits are needed', { draws: MAX_DRAWS });
}

/** Gives this very number to the account. False when somebody has it, it rests still, or the account has a number. */
export async function claimVoipNumber(
  sql: Sql,
  {
    number,
    accountId,
    nowMs,
  }: { readonly number: VoipNumber; readonly accountId: string; readonly nowMs: number },
): Promise<boolean> {
  try {
    const taken = await sql.run(
      `UPDATE voip_numbers SET state = 'assigned', account_id = ?, free_at_ms = NULL
       WHERE number = ? AND state = 'quarantined' AND free_at_ms <= ?`,
      [accountId, number, nowMs],
    );
    if (taken === 0)
      await sql.run(
        "INSERT INTO voip_numbers (number, state, account_id, free_at_ms) VALUES (?, 'assigned', ?, NULL)",
        [number, accountId],
      );
  } catch (error) {
    if (error instanceof DuplicateKey) return false;
    throw error;
  }
  await sql.run(
    'INSERT INTO voip_number_owners (number, from_ms, until_ms, account_id) VALUES (?, ?, NULL, ?)',
    [number, nowMs, accountId],
  );
  return true;
}

/** Takes the account's number back; it rests for 90 days. Gives the number. @throws NotFound when the account has none */
export async function giveBackVoipNumber(sql: Sql, accountId: string, nowMs: number): Promise<VoipNumber> {
  const number = await voipNumberOf(sql, accountId);
  const changed = await sql.run(
    `UPDATE voip_numbers SET state = 'quarantined', account_id = NULL, free_at_ms = ?
     WHERE number = ? AND account_id = ?`,
    [nowMs + QUARANTINE_MS, number ?? '', accountId],
  );
  if (!number || changed === 0) throw new NotFound('123-voip number of account', accountId);
  await sql.run('UPDATE voip_number_owners SET until_ms = ? WHERE number = ? AND until_ms IS NULL', [
    nowMs,
    number,
  ]);
  return number;
}

/** Whose number this is; null when it was never anybody's. */
export async function findVoipNumber(sql: Sql, number: VoipNumber): Promise<HeldVoipNumber | null> {
  const [row] = await sql.all('SELECT state, account_id FROM voip_numbers WHERE number = ?', [number]);
  if (!row) return null;
  return {
    state: text(row.state) === 'assigned' ? 'assigned' : 'quarantined',
    accountId: textOrNull(row.account_id),
  };
}

/** The number of an account, or null. */
export async function voipNumberOf(sql: Sql, accountId: string): Promise<VoipNumber | null> {
  const [row] = await sql.all('SELECT number FROM voip_numbers WHERE account_id = ?', [accountId]);
  return row ? voipNumber(text(row.number)) : null;
}

/** The account that had a number at a moment, or null: what a record of that moment is to name. */
export async function ownerOn(sql: Sql, number: VoipNumber, atMs: number): Promise<string | null> {
  const [row] = await sql.all(
    `SELECT account_id FROM voip_number_owners
     WHERE number = ? AND from_ms <= ? AND (until_ms IS NULL OR until_ms > ?) ORDER BY from_ms DESC LIMIT 1`,
    [number, atMs, atMs],
  );
  return row ? text(row.account_id) : null;
}
