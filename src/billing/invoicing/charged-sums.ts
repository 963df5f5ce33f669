import { leastId } from '../../kernel/ids';
import { type Currency, currency } from '../../kernel/money';
import { integer, micros, type Sql, text } from '../../kernel/unit-of-work';
import { customerLedgerId } from '../ledger/ledger-accounts';
import type { ChargedSum } from './draft-invoice';
import { INVOICED_KINDS } from './invoice';
import type { BillingPeriod } from './period';

/** What an account was charged in a period, and its balance when the period began. */
export type AccountCharges = {
  readonly accountId: string;
  readonly currency: Currency;
  readonly openingMicros: bigint;
  readonly sums: readonly ChargedSum[];
};

const ACCOUNT = customerLedgerId('');
/** What sorts right behind every customer's ledger account. */
const BEHIND_ACCOUNTS = `${ACCOUNT.slice(0, -1)};`;

/**
 * What all accounts were charged in a period, in the order of their ids: one GROUP BY for all of them. A transaction's id begins with the moment of its
 * posting, so the rows of a period lie together in both tables and nothing older is read; one statement, so that opening balances fit.
 */
export async function chargesOfAll(sql: Sql, period: BillingPeriod): Promise<readonly AccountCharges[]> {
  const rows = await sql.all(
    `SELECT g.ledger_account_id, g.kind, g.currency, g.in_period, g.entry_count, g.amount, a.balance_micros FROM (
       SELECT e.ledger_account_id, t.kind, e.currency, CASE WHEN e.transaction_id < ? THEN 1 ELSE 0 END AS in_period,
         COUNT(*) AS entry_count, SUM(e.amount_micros) AS amount
       FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
       WHERE e.transaction_id >= ? AND e.ledger_account_id > ? AND e.ledger_account_id < ?
       GROUP BY e.ledger_account_id, t.kind, e.currency, in_period) g
     JOIN ledger_accounts a ON a.id = g.ledger_account_id`,
    [leastId(period.untilMs), leastId(period.fromMs), ACCOUNT, BEHIND_ACCOUNTS],
  );
  const accounts = new Map<
    string,
    { since: bigint; balance: bigint; currency: Currency; sums: ChargedSum[] }
  >();
  for (const row of rows) {
    const accountId = text(row.ledger_account_id).slice(ACCOUNT.length);
    const account = accounts.get(accountId) ?? {
      since: 0n,
      balance: micros(row.balance_micros),
      currency: currency(text(row.currency)),
      sums: [],
    };
    accounts.set(accountId, account);
    account.since += micros(row.amount);
    if (integer(row.in_period) === 1)
      account.sums.push({
        kind: text(row.kind),
        count: integer(row.entry_count),
        owedMicros: -micros(row.amount),
      });
  }
  return [...accounts]
    .map(([accountId, { since, balance, currency: unit, sums }]) => ({
      accountId,
      currency: unit,
      openingMicros: balance - since,
      sums,
    }))
    .toSorted((a, b) => (a.accountId < b.accountId ? -1 : 1));
}

/** What accounts were charged since the moments given with them, in micros that they owe: what no invoice of theirs documents yet. */
export async function chargedSince(
  sql: Sql,
  since: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, bigint>> {
  if (since.size === 0) return new Map();
  const accounts = [...since];
  const rows = await sql.all(
    `WITH wanted (ledger_account_id, since_ms) AS (VALUES ${accounts.map(() => '(?, ?)').join(', ')})
     SELECT e.ledger_account_id, -SUM(e.amount_micros) AS owed
     FROM wanted w JOIN ledger_entries e ON e.ledger_account_id = w.ledger_account_id AND e.posted_at_ms >= w.since_ms
     JOIN ledger_transactions t ON t.id = e.transaction_id
     WHERE t.kind IN (${INVOICED_KINDS.map(() => '?').join(', ')})
     GROUP BY e.ledger_account_id`,
    [
      ...accounts.flatMap(([accountId, sinceMs]) => [customerLedgerId(accountId), sinceMs]),
      ...INVOICED_KINDS,
    ],
  );
  return new Map(rows.map((row) => [text(row.ledger_account_id).slice(ACCOUNT.length), micros(row.owed)]));
}
