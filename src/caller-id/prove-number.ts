import { AppError, Conflict, NotFound } from '../kernel/app-error';
import { randomSerial } from '../kernel/ids';
import type { E164 } from '../kernel/phone-number';
import { hashPin, isPin } from '../kernel/pin';
import { type Database, DuplicateKey, integer, type Sql, text } from '../kernel/unit-of-work';
import { findDid } from '../numbers/dids-store';
import { isProven } from './proven-numbers-store';

export const PROOF_CODE_DIGITS = 6;
/** How long a spoken code counts. */
export const PROOF_TERM_MS = 10 * 60_000;
/** Codes that may be typed for one call. */
export const MAX_PROOF_TRIES = 5;
/** Calls that one number gets in a day, whoever asks, and that one account may have made: nobody is woken by strangers. */
const CALLS_A_NUMBER = 3;
const CALLS_AN_ACCOUNT = 10;
const DAY_MS = 86_400_000;

/** A proof that was begun: the code goes to the number by a call, and nowhere else. */
export type BegunProof = { readonly code: string; readonly expiresAtMs: number };

/** No further proof may be begun or tried now. */
export class TooManyProofs extends AppError {
  readonly code = 'too-many-tries';
  constructor(what: 'number' | 'account' | 'code') {
    super(
      what === 'code'
        ? 'this code was tried too often; ask for another call'
        : `too many calls for this ${what} in a day; try again tomorrow`,
      { what },
    );
  }
}

/** The typed code is not the spoken one. */
export class WrongCode extends AppError {
  readonly code = 'wrong-code';
  constructor(triesLeft: number) {
    super(`this is not the code that was spoken; ${triesLeft} tries are left`, { triesLeft });
  }
}

/**
 * Begins to prove that an account answers at a number: makes the code that a call-back speaks there. An earlier one stops counting.
 * @throws NotFound for the account; Conflict when it is proven already or is a number of ours that another has; TooManyProofs
 */
export async function beginProof(
  database: Database,
  { accountId, number, nowMs }: { readonly accountId: string; readonly number: E164; readonly nowMs: number },
): Promise<BegunProof> {
  const code = randomSerial(PROOF_CODE_DIGITS);
  const codeHash = await hashPin(code);
  const expiresAtMs = nowMs + PROOF_TERM_MS;
  await database.write(async (sql) => {
    const [account] = await sql.all('SELECT id FROM accounts WHERE id = ?', [accountId]);
    if (!account) throw new NotFound('account', accountId);
    if (await isProven(sql, accountId, number))
      throw new Conflict('the number is proven already', { accountId });
    if (await findDid(sql, number))
      throw new Conflict('the number is one of ours and belongs to another', { accountId });
    if (!(await takeSlot(sql, `number ${number}`, CALLS_A_NUMBER, nowMs))) throw new TooManyProofs('number');
    if (!(await takeSlot(sql, `account ${accountId}`, CALLS_AN_ACCOUNT, nowMs)))
      throw new TooManyProofs('account');
    await sql.run('DELETE FROM number_proofs WHERE account_id = ? AND number_e164 = ?', [accountId, number]);
    await sql.run(
      'INSERT INTO number_proofs (account_id, number_e164, code_hash, tries, expires_at_ms) VALUES (?, ?, ?, 0, ?)',
      [accountId, number, codeHash, expiresAtMs],
    );
  });
  return { code, expiresAtMs };
}

/**
 * Ends a proof: the account typed what was spoken, and the number is its from now on. A try is counted before it is looked at.
 * @throws NotFound when no proof is open; TooManyProofs; WrongCode
 */
export async function confirmProof(
  database: Database,
  wish: { readonly accountId: string; readonly number: E164; readonly typed: string; readonly nowMs: number },
): Promise<void> {
  const { accountId, number, typed, nowMs } = wish;
  const counted = await database.write((sql) =>
    sql.run(
      'UPDATE number_proofs SET tries = tries + 1 WHERE account_id = ? AND number_e164 = ? AND expires_at_ms > ? AND tries < ?',
      [accountId, number, nowMs, MAX_PROOF_TRIES],
    ),
  );
  const [row] = await database.read.all(
    'SELECT code_hash, tries FROM number_proofs WHERE account_id = ? AND number_e164 = ? AND expires_at_ms > ?',
    [accountId, number, nowMs],
  );
  if (!row) throw new NotFound('open proof for', number);
  if (counted === 0) throw new TooManyProofs('code');
  const codeHash = text(row.code_hash);
  if (!(await isPin(typed, codeHash))) throw new WrongCode(MAX_PROOF_TRIES - integer(row.tries));
  await database.write(async (sql) => {
    const used = await sql.run(
      'DELETE FROM number_proofs WHERE account_id = ? AND number_e164 = ? AND code_hash = ?',
      [accountId, number, codeHash],
    );
    if (used === 0) throw new NotFound('open proof for', number);
    await sql.run('INSERT INTO proven_numbers (account_id, number_e164, proven_at_ms) VALUES (?, ?, ?)', [
      accountId,
      number,
      nowMs,
    ]);
  });
}

/** Forgets proofs and limits that are over. */
export async function forgetOldProofs(database: Database, nowMs: number): Promise<void> {
  await database.write(async (sql) => {
    await sql.run('DELETE FROM number_proofs WHERE expires_at_ms <= ?', [nowMs]);
    await sql.run('DELETE FROM number_proof_slots WHERE until_ms <= ?', [nowMs]);
  });
}

/** Takes one of a subject's places for a day; false when all are taken. Each is one conditional step, so callers at once get no more. */
async function takeSlot(sql: Sql, subject: string, slots: number, nowMs: number): Promise<boolean> {
  const untilMs = nowMs + DAY_MS;
  for (let slot = 1; slot <= slots; slot++) {
    const freed = await sql.run(
      'UPDATE number_proof_slots SET until_ms = ? WHERE subject = ? AND slot = ? AND until_ms <= ?',
      [untilMs, subject, slot, nowMs],
    );
    if (freed > 0) return true;
    try {
      await sql.run('INSERT INTO number_proof_slots (subject, slot, until_ms) VALUES (?, ?, ?)', [
        subject,
        slot,
        untilMs,
      ]);
      return true;
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
    }
  }
  return false;
}
