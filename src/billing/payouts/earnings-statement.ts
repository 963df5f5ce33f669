import { InvalidInput } from '../../kernel/app-error';
import { type Currency, type Money, money } from '../../kernel/money';
import { integer, micros, type Sql, text } from '../../kernel/unit-of-work';
import { readBalanceAsOf } from '../ledger/balance-as-of';
import { earningsLedgerId } from '../ledger/ledger-accounts';

/** Lines of one statement; a longer time is read in several. */
const MAX_LINES = 5_000;

export type EarningsStatement = {
  readonly opening: Money;
  readonly lines: readonly {
    readonly transactionId: string;
    readonly kind: string;
    readonly note: string;
    readonly amount: Money;
    readonly postedAtMs: number;
  }[];
  /** Opening and all lines. */
  readonly closing: Money;
};

/**
 * What somebody earned and was paid from `fromMs` until before `toMs`: opening + lines = closing.
 * @throws NotFound when nothing was ever earned in the currency, InvalidInput for more than 5,000 lines
 */
export async function earningsStatement(
  sql: Sql,
  of: {
    readonly accountId: string;
    readonly currency: Currency;
    readonly fromMs: number;
    readonly toMs: number;
  },
): Promise<EarningsStatement> {
  const ledgerAccountId = earningsLedgerId(of.accountId, of.currency);
  const opening = await readBalanceAsOf(sql, ledgerAccountId, of.fromMs - 1);
  const rows = await sql.all(
    `SELECT e.transaction_id, e.amount_micros, e.posted_at_ms, t.kind, t.note
     FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
     WHERE e.ledger_account_id = ? AND e.posted_at_ms >= ? AND e.posted_at_ms < ?
     ORDER BY e.posted_at_ms, e.transaction_id, e.line_number LIMIT ?`,
    [ledgerAccountId, of.fromMs, of.toMs, MAX_LINES + 1],
  );
  if (rows.length > MAX_LINES)
    throw new InvalidInput('to', `would give more than ${MAX_LINES} lines`, 'ask for a shorter time');
  const lines = rows.map((row) => ({
    transactionId: text(row.transaction_id),
    kind: text(row.kind),
    note: text(row.note),
    amount: money(micros(row.amount_micros), of.currency),
    postedAtMs: integer(row.posted_at_ms),
  }));
  const total = lines.reduce((sum, { amount }) => sum + amount.amountMicros, opening.amountMicros);
  return { opening, lines, closing: money(total, of.currency) };
}
