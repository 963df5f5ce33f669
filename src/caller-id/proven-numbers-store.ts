import { AppError, NotFound } from '../kernel/app-error';
import { type E164, e164 } from '../kernel/phone-number';
import { type Database, integer, type Sql, text, textOrNull } from '../kernel/unit-of-work';

/** Numbers that one account may show. */
const MAX_PROVEN = 1_000;

/** What an account shows when a call says nothing of it. */
export type CallerIdChoice = {
  /** A proven number; null: the house's. */
  readonly number: E164 | null;
  /** Its calls withhold the number. */
  readonly withholds: boolean;
};

/** The account may not show this number. */
export class NotProven extends AppError {
  readonly code = 'not-proven';
  constructor(number: E164) {
    super(`${number} is not proven to be the account's; prove it by a call first`, { number });
  }
}

const OWNED = "SELECT number_e164 FROM dids WHERE owner_account_id = ? AND state = 'assigned'";
const PROVEN = 'SELECT number_e164 FROM proven_numbers WHERE account_id = ?';

/** The numbers that an account may show: those it has proven, and those that are assigned to it while they are. */
export async function provenNumbersOf(sql: Sql, accountId: string): Promise<ReadonlySet<E164>> {
  const rows = await sql.all(`${PROVEN} UNION ${OWNED} ORDER BY number_e164 LIMIT ?`, [
    accountId,
    accountId,
    MAX_PROVEN,
  ]);
  return new Set(rows.map((row) => e164(text(row.number_e164))));
}

/** Whether an account may show a number. */
export async function isProven(sql: Sql, accountId: string, number: E164): Promise<boolean> {
  const rows = await sql.all(`${PROVEN} AND number_e164 = ? UNION ${OWNED} AND number_e164 = ?`, [
    accountId,
    number,
    accountId,
    number,
  ]);
  return rows.length > 0;
}

/** Takes a proof back: the account gave the number up. @throws NotFound when it was not proven by a call */
export function withdrawProof(database: Database, accountId: string, number: E164): Promise<void> {
  return database.write(async (sql) => {
    const removed = await sql.run('DELETE FROM proven_numbers WHERE account_id = ? AND number_e164 = ?', [
      accountId,
      number,
    ]);
    if (removed === 0) throw new NotFound('proven number', number);
    await sql.run(
      'UPDATE caller_id_choices SET number_e164 = NULL WHERE account_id = ? AND number_e164 = ?',
      [accountId, number],
    );
  });
}

/** What an account shows; it may name a number that it has lost since, so outwardCallerId looks again. */
export async function callerIdChoiceOf(sql: Sql, accountId: string): Promise<CallerIdChoice> {
  const [row] = await sql.all('SELECT number_e164, withholds FROM caller_id_choices WHERE account_id = ?', [
    accountId,
  ]);
  const number = textOrNull(row?.number_e164);
  return {
    number: number === null ? null : e164(number),
    withholds: row ? integer(row.withholds) === 1 : false,
  };
}

/** @throws NotFound for the account; NotProven for a number it may not show */
export function setCallerIdChoice(
  database: Database,
  accountId: string,
  choice: CallerIdChoice,
): Promise<void> {
  return database.write(async (sql) => {
    const [account] = await sql.all(`SELECT id FROM accounts WHERE id = ?${sql.forUpdate}`, [accountId]);
    if (!account) throw new NotFound('account', accountId);
    if (choice.number !== null && !(await isProven(sql, accountId, choice.number)))
      throw new NotProven(choice.number);
    await sql.run('DELETE FROM caller_id_choices WHERE account_id = ?', [accountId]);
    await sql.run('INSERT INTO caller_id_choices (account_id, number_e164, withholds) VALUES (?, ?, ?)', [
      accountId,
      choice.number,
      Number(choice.withholds),
    ]);
  });
}
