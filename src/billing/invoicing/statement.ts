import { readAccount } from '../../accounts/accounts-store';
import type { Currency } from '../../kernel/money';
import { integer, micros, type Sql, text } from '../../kernel/unit-of-work';
import { customerLedgerId } from '../ledger/ledger-accounts';

/** Movements of one kind on a statement: what the account gained (positive) or lost. */
export type StatementSum = { readonly kind: string; readonly count: number; readonly amountMicros: bigint };

/** What became of an account's money in a time. opening + sums = closing, to the micro. */
export type Statement = {
  readonly accountId: string;
  readonly currency: Currency;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly openingMicros: bigint;
  readonly sums: readonly StatementSum[];
  readonly closingMicros: bigint;
};

/** The statement of any account for any time, from one statement of SQL, so that it fits at one moment. @throws NotFound */
export async function statementOf(
  sql: Sql,
  accountId: string,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Promise<Statement> {
  const { currency } = await readAccount(sql, accountId);
  const rows = await sql.all(
    `SELECT CASE WHEN e.posted_at_ms < ? THEN '' ELSE t.kind END AS kind, COUNT(*) AS entry_count, SUM(e.amount_micros) AS amount
     FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
     WHERE e.ledger_account_id = ? AND e.posted_at_ms < ? GROUP BY 1 ORDER BY 1`,
    [fromMs, customerLedgerId(accountId), untilMs],
  );
  const all = rows.map((row) => ({
    kind: text(row.kind),
    count: integer(row.entry_count),
    amountMicros: micros(row.amount),
  }));
  const openingMicros = all.find(({ kind }) => kind === '')?.amountMicros ?? 0n;
  const sums = all.filter(({ kind }) => kind !== '');
  return {
    accountId,
    currency,
    fromMs,
    untilMs,
    openingMicros,
    sums,
    closingMicros: sums.reduce((sum, { amountMicros }) => sum + amountMicros, openingMicros),
  };
}
