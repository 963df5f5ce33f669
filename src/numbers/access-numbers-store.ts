import { Conflict } from '../kernel/app-error';
import { type E164, e164 } from '../kernel/phone-number';
import { type Database, DuplicateKey, type Row, type Sql, text } from '../kernel/unit-of-work';

/** A number that answers with the access menu. */
export type AccessNumber = {
  readonly number: E164;
  /** Language of its prompts: ISO 639-1. */
  readonly language: string;
  /** Where it is dialled from: ISO 3166-1 alpha-2. */
  readonly country: string;
};

/** @throws Conflict when the number is one already */
export async function createAccessNumber(
  database: Database,
  wish: AccessNumber & { nowMs: number },
): Promise<AccessNumber> {
  try {
    await database.write((sql) =>
      sql.run(
        "INSERT INTO access_numbers (number_e164, language, country, state, created_at_ms) VALUES (?, ?, ?, 'active', ?)",
        [wish.number, wish.language, wish.country, wish.nowMs],
      ),
    );
  } catch (error) {
    if (error instanceof DuplicateKey)
      throw new Conflict(`${wish.number} is an access number already`, { number: wish.number });
    throw error;
  }
  return { number: wish.number, language: wish.language, country: wish.country };
}

/** The active access number, or null. */
export async function findAccessNumber(sql: Sql, number: E164): Promise<AccessNumber | null> {
  const [row] = await sql.all(
    "SELECT number_e164, language, country FROM access_numbers WHERE number_e164 = ? AND state = 'active'",
    [number],
  );
  return row ? toAccessNumber(row) : null;
}

/** The access number that calls of ours are made from: the wanted one if it is active, else the first; null when there is none. */
export async function callerIdNumber(sql: Sql, wanted: E164 | null): Promise<AccessNumber | null> {
  const [row] = await sql.all(
    `SELECT number_e164, language, country FROM access_numbers WHERE state = 'active'
     ORDER BY CASE WHEN number_e164 = ? THEN 0 ELSE 1 END, number_e164 LIMIT 1`,
    [wanted ?? ''],
  );
  return row ? toAccessNumber(row) : null;
}

/** Active access numbers in the order of their digits. */
export async function listAccessNumbers(sql: Sql, limit: number): Promise<readonly AccessNumber[]> {
  const rows = await sql.all(
    "SELECT number_e164, language, country FROM access_numbers WHERE state = 'active' ORDER BY number_e164 LIMIT ?",
    [limit],
  );
  return rows.map(toAccessNumber);
}

function toAccessNumber(row: Row): AccessNumber {
  return { number: e164(text(row.number_e164)), language: text(row.language), country: text(row.country) };
}
