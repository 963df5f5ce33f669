import { Conflict } from '../kernel/app-error';
import { type E164, e164 } from '../kernel/phone-number';
import { type Database, DuplicateKey, type Row, type Sql, text } from '../kernel/unit-of-work';
import { assignDid } from './assign-did';
import { FREE_TERMS } from './did';
import { findDid, insertDids } from './dids-store';

/** A number of the house that answers with the access menu. */
export type AccessNumber = {
  readonly number: E164;
  /** Language of its prompts: ISO 639-1. */
  readonly language: string;
  /** Where it is dialled from: ISO 3166-1 alpha-2. */
  readonly country: string;
};

const SELECT = "SELECT number_e164, menu_language, menu_country FROM dids WHERE target_kind = 'menu'";

/** Puts a number into the inventory that costs nothing and leads to the menu. @throws Conflict when it is there already */
export async function createAccessNumber(
  database: Database,
  wish: AccessNumber & { nowMs: number },
): Promise<AccessNumber> {
  const { number, language, country, nowMs } = wish;
  try {
    await database.write(async (sql) => {
      await insertDids(sql, [{ number, ...FREE_TERMS }], nowMs);
      await assignDid(sql, {
        number,
        target: { kind: 'menu', language, country },
        ownerAccountId: null,
        nowMs,
      });
    });
  } catch (error) {
    if (error instanceof DuplicateKey)
      throw new Conflict(`${number} is in the inventory already`, { number });
    throw error;
  }
  return { number, language, country };
}

/** The access number, or null. */
export async function findAccessNumber(sql: Sql, number: E164): Promise<AccessNumber | null> {
  const target = (await findDid(sql, number))?.target;
  return target?.kind === 'menu' ? { number, language: target.language, country: target.country } : null;
}

/** The access number that calls of ours are made from: the wanted one if it is one, else the first; null when there is none. */
export async function callerIdNumber(sql: Sql, wanted: E164 | null): Promise<AccessNumber | null> {
  const [row] = await sql.all(
    `${SELECT} ORDER BY CASE WHEN number_e164 = ? THEN 0 ELSE 1 END, number_e164 LIMIT 1`,
    [wanted ?? ''],
  );
  return row ? toAccessNumber(row) : null;
}

/** Access numbers in the order of their digits. */
export async function listAccessNumbers(sql: Sql, limit: number): Promise<readonly AccessNumber[]> {
  const rows = await sql.all(`${SELECT} ORDER BY number_e164 LIMIT ?`, [limit]);
  return rows.map(toAccessNumber);
}

function toAccessNumber(row: Row): AccessNumber {
  return {
    number: e164(text(row.number_e164)),
    language: text(row.menu_language),
    country: text(row.menu_country),
  };
}
