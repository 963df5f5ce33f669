import { InvalidInput } from '../../kernel/app-error';
import { currency, type Money, money } from '../../kernel/money';
import { integer, micros, type Row, type Sql, text } from '../../kernel/unit-of-work';
import { customerLedgerId } from './ledger-accounts';

/** Entries one page may have. */
export const MAX_ENTRIES_PER_PAGE = 200;

/** One line of an account's statement; `amount` is what the account gained (positive) or lost. */
export type StatementLine = {
  readonly transactionId: string;
  readonly lineNumber: number;
  readonly kind: string;
  readonly key: string;
  readonly note: string;
  readonly amount: Money;
  readonly postedAtMs: number;
};

/** The last line of a page; the next page begins behind it. */
export type StatementPosition = Pick<StatementLine, 'postedAtMs' | 'transactionId' | 'lineNumber'>;

export type EntriesWanted = {
  readonly accountId: string;
  readonly limit: number;
  /** The last line of the page before; null or left out: from the newest on. */
  readonly after?: StatementPosition | null;
};

/** A page of the account's entries, newest first; a page with fewer than `limit` is the last. @throws InvalidInput for a limit beyond the page bound */
export function listEntries(
  sql: Sql,
  { accountId, ...page }: EntriesWanted,
): Promise<readonly StatementLine[]> {
  return listEntriesOf(sql, { ledgerAccountId: customerLedgerId(accountId), ...page });
}

/** The same of any ledger account, the house's own and earnings too. */
export async function listEntriesOf(
  sql: Sql,
  wanted: Omit<EntriesWanted, 'accountId'> & { readonly ledgerAccountId: string },
): Promise<readonly StatementLine[]> {
  const { ledgerAccountId, limit, after } = wanted;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_ENTRIES_PER_PAGE)
    throw new InvalidInput('limit', `is ${limit}`, `ask for 1 to ${MAX_ENTRIES_PER_PAGE}`);
  const behind = after
    ? `AND (e.posted_at_ms < ? OR (e.posted_at_ms = ? AND (e.transaction_id < ? OR (e.transaction_id = ? AND e.line_number < ?))))`
    : '';
  const position = after
    ? [after.postedAtMs, after.postedAtMs, after.transactionId, after.transactionId, after.lineNumber]
    : [];
  const rows = await sql.all(
    `SELECT e.transaction_id, e.line_number, e.currency, e.amount_micros, e.posted_at_ms, t.kind, t.idempotency_key, t.note
     FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
     WHERE e.ledger_account_id = ? ${behind}
     ORDER BY e.posted_at_ms DESC, e.transaction_id DESC, e.line_number DESC LIMIT ?`,
    [ledgerAccountId, ...position, limit],
  );
  return rows.map(toLine);
}

function toLine(row: Row): StatementLine {
  return {
    transactionId: text(row.transaction_id),
    lineNumber: integer(row.line_number),
    kind: text(row.kind),
    key: text(row.idempotency_key),
    note: text(row.note),
    amount: money(micros(row.amount_micros), currency(text(row.currency))),
    postedAtMs: integer(row.posted_at_ms),
  };
}
