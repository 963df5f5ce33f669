import { type Currency, currency } from '../kernel/money';
import { type E164, e164 } from '../kernel/phone-number';
import { integer, integerOrNull, micros, type Sql, text, textOrNull } from '../kernel/unit-of-work';

/** The account that owned a number at a moment; null when nobody did, or the house. */
export async function didOwnerOn(sql: Sql, number: E164, atMs: number): Promise<string | null> {
  const [row] = await sql.all(
    `SELECT account_id FROM did_owners WHERE number_e164 = ? AND from_ms <= ? AND (until_ms IS NULL OR until_ms > ?)
     ORDER BY from_ms DESC LIMIT 1`,
    [number, atMs, atMs],
  );
  return row ? textOrNull(row.account_id) : null;
}

/** One account's time with a number that costs something, at the fees that were agreed when it began. */
export type FeeBearing = {
  readonly number: E164;
  readonly accountId: string;
  readonly currency: Currency;
  readonly setupFeeMicros: bigint;
  readonly monthlyFeeMicros: bigint;
  readonly assignedFromMs: number;
  readonly assignedToMs: number | null;
};

/**
 * Every time that an account had or has a number with fees, of the next `limit` numbers behind `afterNumber` (null: from the first), by
 * number and time. The last row's number is where to go on; no rows: the end.
 */
export async function feeBearingNumbers(
  sql: Sql,
  afterNumber: string | null,
  limit: number,
): Promise<readonly FeeBearing[]> {
  const charged =
    'account_id IS NOT NULL AND currency IS NOT NULL AND setup_fee_micros + monthly_fee_micros > 0';
  const numbers = await sql.all(
    `SELECT DISTINCT number_e164 FROM did_owners WHERE number_e164 > ? AND ${charged} ORDER BY number_e164 LIMIT ?`,
    [afterNumber ?? '', limit],
  );
  const last = numbers.at(-1);
  if (!last) return [];
  const rows = await sql.all(
    `SELECT number_e164, account_id, currency, setup_fee_micros, monthly_fee_micros, from_ms, until_ms FROM did_owners
     WHERE number_e164 > ? AND number_e164 <= ? AND ${charged} ORDER BY number_e164, from_ms`,
    [afterNumber ?? '', text(last.number_e164)],
  );
  return rows.map((row) => ({
    number: e164(text(row.number_e164)),
    accountId: text(row.account_id),
    currency: currency(text(row.currency)),
    setupFeeMicros: micros(row.setup_fee_micros),
    monthlyFeeMicros: micros(row.monthly_fee_micros),
    assignedFromMs: integer(row.from_ms),
    assignedToMs: integerOrNull(row.until_ms),
  }));
}
