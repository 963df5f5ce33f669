import { Conflict, InvalidInput } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { enqueue } from '../../jobs/jobs-store';
import { money, showMoney } from '../../kernel/money';
import { type Database, micros, text } from '../../kernel/unit-of-work';
import { openHouseAccounts } from '../ledger/ledger-accounts';
import { creditNote } from '../ledger/movements';
import { postEntries } from '../ledger/post-entries';
import { HOUSE, readProfile } from '../profiles/billing-profiles-store';
import { coinMicros, totalsOf } from './draft-invoice';
import type { Invoice } from './invoice';
import {
  insertInvoices,
  lockSeries,
  type NewInvoice,
  openSeries,
  readInvoice,
  seriesOf,
} from './invoices-store';
import { MAIL_INVOICE } from './issue-invoices';

export type CreditNoteWanted = {
  readonly invoiceId: string;
  /** What is taken back, without tax, in whole coins; null: all that is left of the invoice. */
  readonly netMicros: bigint | null;
  readonly reason: string;
  /** Whoever asks names it: one reference makes one credit note. */
  readonly reference: string;
  readonly nowMs: number;
};

/**
 * Takes back an invoice or a part of it by a document with a number of its own, at the invoice's taxes, and posts it. All that was ever taken back of an
 * invoice is never above it, taxes included. The second time with one reference it gives the first.
 * @throws InvalidInput for an amount that is not above zero, no whole coins, or beyond what is left; Conflict for a credit note
 */
export async function issueCreditNote(database: Database, wanted: CreditNoteWanted): Promise<Invoice> {
  const { nowMs } = wanted;
  if (wanted.reason.trim() === '')
    throw new InvalidInput('reason', 'is empty', 'say what is taken back and why');
  const invoice = await readInvoice(database.read, wanted.invoiceId);
  if (invoice.kind === 'credit-note')
    throw new Conflict('a credit note is not taken back', { number: invoice.number });
  const house = await readProfile(database.read, HOUSE);
  const documentKey = `credit:${invoice.id}:${wanted.reference}`;
  const seriesId = seriesOf({
    kind: 'credit-note',
    issuedAtMs: nowMs,
    numberPrefix: house.numberPrefix ?? '',
  });
  await openSeries(database, seriesId);
  return database.write(async (sql) => {
    await lockSeries(sql, seriesId);
    const earlier = await sql.all(
      'SELECT id, document_key, net_micros, tax_micros FROM invoices WHERE corrects_invoice_id = ?',
      [invoice.id],
    );
    const same = earlier.find((row) => row.document_key === documentKey);
    if (same) return readInvoice(sql, text(same.id));
    const left = {
      net: earlier.reduce((sum, row) => sum + micros(row.net_micros), invoice.netMicros),
      tax: earlier.reduce((sum, row) => sum + micros(row.tax_micros), invoice.taxMicros),
    };
    const draft = draftCredit(invoice, wanted, left);
    const [note] = await insertInvoices(sql, [
      { ...draft, documentKey, numberPrefix: house.numberPrefix ?? '' },
    ]);
    if (!note) throw new Error('a credit note was not stored');
    await openHouseAccounts(sql, note.currency, nowMs);
    await postEntries(
      sql,
      creditNote({
        accountId: note.accountId,
        key: `credit-note:${note.id}`,
        net: money(-note.netMicros, note.currency),
        tax: money(-note.taxMicros, note.currency),
        note: `credit note ${note.number} for invoice ${invoice.number}`,
      }),
      nowMs,
    );
    await enqueue(sql, {
      kind: MAIL_INVOICE,
      uniqueKey: note.id,
      payload: { invoiceId: note.id },
      runAtMs: nowMs,
      nowMs,
    });
    return note;
  });
}

function draftCredit(
  invoice: Invoice,
  { netMicros, reason, nowMs }: CreditNoteWanted,
  left: { readonly net: bigint; readonly tax: bigint },
): Omit<NewInvoice, 'documentKey' | 'numberPrefix'> {
  const step = coinMicros(invoice.currency);
  const net = netMicros ?? left.net;
  if (net <= 0n || net > left.net || net % step !== 0n)
    throw new InvalidInput(
      'amount',
      `is ${showMoney(money(net, invoice.currency))}`,
      `give whole coins above zero and up to ${showMoney(money(left.net, invoice.currency))}, what is left of the invoice without tax`,
    );
  const line = { kind: 'credit-note', quantity: 1, exactMicros: -net, netMicros: -net };
  const figures = totalsOf([line], invoice.taxes, step);
  // The last part takes what is left of each tax, however the parts before were rounded.
  const isLast = net === left.net;
  const [first, ...others] = figures.taxes;
  const difference = isLast ? -left.tax - figures.taxMicros : 0n;
  const taxes = first ? [{ ...first, taxMicros: first.taxMicros + difference }, ...others] : [];
  const taxMicros = taxes.reduce((sum, tax) => sum + tax.taxMicros, 0n);
  if (-taxMicros > left.tax)
    throw new Conflict('more tax would be taken back than the invoice has left', { number: invoice.number });
  return {
    ...invoice,
    ...figures,
    taxes,
    taxMicros,
    totalMicros: figures.netMicros + taxMicros,
    id: newId(nowMs),
    kind: 'credit-note',
    correctsInvoiceId: invoice.id,
    reason: reason.trim(),
    issuedAtMs: nowMs,
    dueAtMs: nowMs,
  };
}
