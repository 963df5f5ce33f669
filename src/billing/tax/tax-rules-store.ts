import { Conflict, InvalidInput } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { DuplicateKey, integer, integerOrNull, type Sql, text } from '../../kernel/unit-of-work';
import type { TaxRule } from './tax-for';

/** Rules the house may have entered in all. */
const MAX_RULES = 2_000;

const COLUMNS = 'id, country, region, name, rate_ppm, valid_from_ms, valid_until_ms';

/** Enters a tax of a place. A rule is never changed: one of the same place and name that begins later takes its place. @throws Conflict, InvalidInput */
export async function addTaxRule(
  sql: Sql,
  rule: TaxRule & { readonly nowMs: number },
): Promise<TaxRule & { readonly id: string }> {
  if (rule.validUntilMs !== null && rule.validUntilMs <= rule.validFromMs)
    throw new InvalidInput('validUntil', 'is not after validFrom', 'give a later moment');
  const id = newId(rule.nowMs);
  const { nowMs, ...kept } = rule;
  try {
    await sql.run(`INSERT INTO tax_rules (${COLUMNS}, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, [
      id,
      rule.country,
      rule.region,
      rule.name,
      rule.ratePpm,
      rule.validFromMs,
      rule.validUntilMs,
      nowMs,
    ]);
  } catch (error) {
    if (error instanceof DuplicateKey)
      throw new Conflict('this tax of this place has a rule from that moment on', { name: rule.name });
    throw error;
  }
  return { ...kept, id };
}

/** All rules that the house has entered. */
export async function listTaxRules(sql: Sql): Promise<readonly (TaxRule & { readonly id: string })[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM tax_rules ORDER BY country, region, name, valid_from_ms LIMIT ?`,
    [MAX_RULES],
  );
  return rows.map((row) => ({
    id: text(row.id),
    country: text(row.country),
    region: text(row.region),
    name: text(row.name),
    ratePpm: integer(row.rate_ppm),
    validFromMs: integer(row.valid_from_ms),
    validUntilMs: integerOrNull(row.valid_until_ms),
  }));
}
