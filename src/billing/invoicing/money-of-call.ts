import { currency, type Money, money } from '../../kernel/money';
import { integer, micros, type Sql, text } from '../../kernel/unit-of-work';
import { INVOICED_KINDS } from './invoice';

/** Entries of one call's postings that are read; a call has one charge and at most a few corrections. */
const MAX_ENTRIES = 500;

/** One posting that a call led to, whole: its entries add up to zero. */
export type PostingOfCall = {
  readonly transactionId: string;
  readonly kind: string;
  readonly note: string;
  readonly postedAtMs: number;
  readonly entries: readonly { readonly ledgerAccountId: string; readonly amount: Money }[];
  /** The invoice that documents it; null when it is not invoiced yet, or never will be. */
  readonly invoice: { readonly id: string; readonly number: string; readonly period: string } | null;
};

/** The charge of a call and every correction of it, in the order they were posted, each with the invoice it stands on. */
export async function moneyOfCall(sql: Sql, cdrId: string): Promise<readonly PostingOfCall[]> {
  const corrections = await sql.all('SELECT rerating_id FROM cdr_corrections WHERE cdr_id = ?', [cdrId]);
  const keys = [`cdr:${cdrId}`, ...corrections.map((row) => `rerate:${text(row.rerating_id)}:${cdrId}`)];
  const rows = await sql.all(
    `SELECT t.id, t.kind, t.note, t.posted_at_ms, e.ledger_account_id, e.currency, e.amount_micros
     FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
     WHERE t.idempotency_key IN (${keys.map(() => '?').join(', ')})
     ORDER BY t.posted_at_ms, t.id, e.line_number LIMIT ?`,
    [...keys, MAX_ENTRIES],
  );
  const payer = await payerOf(sql, cdrId);
  const postings = new Map<string, PostingOfCall & { entries: PostingOfCall['entries'][number][] }>();
  for (const row of rows) {
    const transactionId = text(row.id);
    const [kind, postedAtMs] = [text(row.kind), integer(row.posted_at_ms)];
    const known = postings.get(transactionId);
    const posting = known ?? {
      transactionId,
      kind,
      note: text(row.note),
      postedAtMs,
      entries: [],
      invoice: payer === null ? null : await invoiceOf(sql, { accountId: payer, kind, postedAtMs }),
    };
    postings.set(transactionId, posting);
    posting.entries.push({
      ledgerAccountId: text(row.ledger_account_id),
      amount: money(micros(row.amount_micros), currency(text(row.currency))),
    });
  }
  return [...postings.values()];
}

async function payerOf(sql: Sql, cdrId: string): Promise<string | null> {
  const [row] = await sql.all('SELECT payer_account_id FROM cdrs WHERE id = ?', [cdrId]);
  return row?.payer_account_id ? text(row.payer_account_id) : null;
}

/** An invoice documents what was posted within its time on the account (see `itemsOf`). */
async function invoiceOf(
  sql: Sql,
  posted: { readonly accountId: string; readonly kind: string; readonly postedAtMs: number },
): Promise<PostingOfCall['invoice']> {
  if (!(INVOICED_KINDS as readonly string[]).includes(posted.kind)) return null;
  const [row] = await sql.all(
    `SELECT id, number, period FROM invoices
     WHERE account_id = ? AND corrects_invoice_id IS NULL AND period_from_ms <= ? AND period_until_ms > ? LIMIT 1`,
    [posted.accountId, posted.postedAtMs, posted.postedAtMs],
  );
  return row ? { id: text(row.id), number: text(row.number), period: text(row.period) } : null;
}
