import { NotFound } from '../../kernel/app-error';
import { currency, type Money, money } from '../../kernel/money';
import { micros, type Sql, text } from '../../kernel/unit-of-work';

/**
 * What a ledger account had when `atMs` was over: today's balance without what was posted later, read in one statement and so at one moment.
 * @throws NotFound
 */
export async function readBalanceAsOf(sql: Sql, ledgerAccountId: string, atMs: number): Promise<Money> {
  const [row] = await sql.all(
    `SELECT a.currency, a.balance_micros, (SELECT COALESCE(SUM(e.amount_micros), 0) FROM ledger_entries e
       WHERE e.ledger_account_id = a.id AND e.posted_at_ms > ?) AS later_micros
     FROM ledger_accounts a WHERE a.id = ?`,
    [atMs, ledgerAccountId],
  );
  if (!row) throw new NotFound('ledger account', ledgerAccountId);
  return money(micros(row.balance_micros) - BigInt(String(row.later_micros)), currency(text(row.currency)));
}
