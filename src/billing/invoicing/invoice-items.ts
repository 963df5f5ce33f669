import { chargedSeconds } from '../../cdr/cdr';
import { maskNumber } from '../../kernel/phone-number';
import {
  integer,
  integerOrNull,
  micros,
  type Row,
  type Sql,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import { customerLedgerId } from '../ledger/ledger-accounts';
import { type Invoice, INVOICED_KINDS } from './invoice';

/** Items read at a time. */
const PAGE = 500;

/** One movement that an invoice documents; of a call what its owner may know. */
export type InvoiceItem = {
  readonly postedAtMs: number;
  readonly kind: string;
  readonly note: string;
  /** What the customer owes for it, to the micro. */
  readonly owedMicros: bigint;
  readonly call: {
    readonly startedAtMs: number;
    readonly direction: string;
    /** The number dialled, or that called; null when it asked to be withheld. */
    readonly number: string | null;
    readonly talkSeconds: number;
  } | null;
};

/** Everything an invoice documents, in the order it was posted, page by page. Its amounts add up to the invoice's exact amount. */
export async function* itemsOf(
  sql: Sql,
  invoice: Invoice,
  { numbers }: { readonly numbers: 'full' | 'masked' },
): AsyncGenerator<InvoiceItem> {
  if (invoice.correctsInvoiceId !== null) return;
  for (let after: Row | null = null; ; ) {
    const rows = await page(sql, invoice, after);
    for (const row of rows) yield toItem(row, numbers);
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return;
    after = last;
  }
}

function page(sql: Sql, invoice: Invoice, after: Row | null): Promise<readonly Row[]> {
  const behind = after ? 'AND e.posted_at_ms >= ? AND (e.posted_at_ms > ? OR e.transaction_id > ?)' : '';
  const position = after
    ? [integer(after.posted_at_ms), integer(after.posted_at_ms), text(after.transaction_id)]
    : [];
  return sql.all(
    `SELECT e.transaction_id, e.posted_at_ms, e.amount_micros, t.kind, t.note, c.started_at_ms, c.direction, c.from_number, c.dialled_number,
       c.is_withheld, c.charged_from_ms, c.ended_at_ms
     FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
     LEFT JOIN cdrs c ON t.kind = 'call-charge' AND c.id = SUBSTR(t.idempotency_key, 5)
     WHERE e.ledger_account_id = ? AND e.posted_at_ms >= ? AND e.posted_at_ms < ? ${behind}
       AND t.kind IN (${INVOICED_KINDS.map(() => '?').join(', ')})
     ORDER BY e.posted_at_ms, e.transaction_id LIMIT ?`,
    [
      customerLedgerId(invoice.accountId),
      invoice.periodFromMs,
      invoice.periodUntilMs,
      ...position,
      ...INVOICED_KINDS,
      PAGE,
    ],
  );
}

function toItem(row: Row, numbers: 'full' | 'masked'): InvoiceItem {
  const startedAtMs = integerOrNull(row.started_at_ms);
  return {
    postedAtMs: integer(row.posted_at_ms),
    kind: text(row.kind),
    note: text(row.note),
    owedMicros: -micros(row.amount_micros),
    call: startedAtMs === null ? null : { startedAtMs, ...callOf(row, numbers) },
  };
}

function callOf(row: Row, numbers: 'full' | 'masked') {
  const direction = text(row.direction);
  const isHidden = direction === 'inbound' && integer(row.is_withheld) === 1;
  const number = isHidden
    ? null
    : textOrNull(direction === 'outbound' ? row.dialled_number : row.from_number);
  const chargedFromMs = integerOrNull(row.charged_from_ms);
  return {
    direction,
    number: number !== null && numbers === 'masked' ? maskNumber(number) : number,
    talkSeconds: chargedSeconds({ chargedFromMs, endedAtMs: integer(row.ended_at_ms) }),
  };
}
