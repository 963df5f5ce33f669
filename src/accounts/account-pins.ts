import { Conflict } from '../kernel/app-error';
import { randomDigits } from '../kernel/ids';
import { hashPin, isPin } from '../kernel/pin';
import { type Database, DuplicateKey, type Sql, text } from '../kernel/unit-of-work';
import type { Account } from './account';
import { findAccount, readAccount } from './accounts-store';

/** The first digits find the account, the others are its secret. */
const CODE_DIGITS = 6;
const SECRET_DIGITS = 6;
export const ACCOUNT_PIN_DIGITS = CODE_DIGITS + SECRET_DIGITS;
const PIN_FORM = new RegExp(`^\\d{${ACCOUNT_PIN_DIGITS}}$`);
/** A code that another account has is drawn again this often before we give up. */
const MAX_DRAWS = 20;

/** Hash of a PIN nobody can type: an unknown code is checked against it, so that it costs what a wrong PIN costs. */
let decoy: Promise<string> | undefined;

/** What a typed account PIN means. */
export type ComparedAccountPin = {
  /** The account that was guessed at; null when the code names none. For counting alone: nobody is told. */
  readonly account: Account | null;
  readonly isRight: boolean;
};

/** Gives an account a new PIN of 12 digits, told this once; an old one stops working at once. @throws NotFound */
export async function setAccountPin(database: Database, accountId: string, nowMs: number): Promise<string> {
  await readAccount(database.read, accountId);
  for (let draw = 1; draw <= MAX_DRAWS; draw++) {
    const pin = randomDigits(ACCOUNT_PIN_DIGITS);
    const row = [accountId, pin.slice(0, CODE_DIGITS), await hashPin(pin), nowMs];
    try {
      await database.write(async (sql) => {
        await sql.run('DELETE FROM account_pins WHERE account_id = ?', [accountId]);
        await sql.run(
          'INSERT INTO account_pins (account_id, code, pin_hash, created_at_ms) VALUES (?, ?, ?, ?)',
          row,
        );
      });
      return pin;
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
    }
  }
  throw new Conflict('no free account PIN was found; there are too many accounts for six digits', {
    draws: MAX_DRAWS,
  });
}

/** Compares an account PIN. Unknown code, wrong PIN and digits of a wrong form do the same work. */
export async function compareAccountPin(sql: Sql, typed: string): Promise<ComparedAccountPin> {
  decoy ??= hashPin('no digits at all');
  const code = PIN_FORM.test(typed) ? typed.slice(0, CODE_DIGITS) : '';
  const [row] = await sql.all('SELECT account_id, pin_hash FROM account_pins WHERE code = ?', [code]);
  const decoyHash = await decoy;
  const isRight = await isPin(typed, row ? text(row.pin_hash) : decoyHash);
  const account = row ? await findAccount(sql, text(row.account_id)) : null;
  return { account, isRight: isRight && account !== null };
}
