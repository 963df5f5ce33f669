import type { Writable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { money, showMoney } from '../../kernel/money';
import type { Sql } from '../../kernel/unit-of-work';
import type { Invoice } from './invoice';
import { type InvoiceItem, itemsOf } from './invoice-items';
import { invoicePdf } from './invoice-pdf';
import { invoiceXml } from './invoice-xml';
import { readInvoice } from './invoices-store';

/** The PDF of an invoice, made anew each time from what was stored: it is the same each time. */
export async function pdfOf(sql: Sql, invoice: Invoice, houseLanguage: string): Promise<Buffer> {
  return invoicePdf({
    invoice,
    correctsNumber: await correctedNumber(sql, invoice),
    items: itemsOf(sql, invoice, { numbers: 'full' }),
    houseLanguage,
  });
}

/** The UBL of an invoice. @throws Conflict when EN 16931 has no words for it */
export async function xmlOf(sql: Sql, invoice: Invoice): Promise<string> {
  return invoiceXml(invoice, await correctedNumber(sql, invoice));
}

async function correctedNumber(sql: Sql, { correctsInvoiceId }: Invoice): Promise<string | null> {
  return correctsInvoiceId === null ? null : (await readInvoice(sql, correctsInvoiceId)).number;
}

/** Writes all single charges of an invoice as they are read, as CSV or as an array of JSON. */
export async function writeItems(
  sql: Sql,
  invoice: Invoice,
  to: { readonly out: Writable; readonly format: 'csv' | 'json'; readonly numbers: 'full' | 'masked' },
): Promise<void> {
  const { out, format, numbers } = to;
  const write = async (text: string) => {
    if (!out.write(text)) await new Promise((resolve) => out.once('drain', resolve));
  };
  await write(format === 'csv' ? `${COLUMNS.join(',')}\n` : '[');
  let isFirst = true;
  for await (const item of itemsOf(sql, invoice, { numbers })) {
    const row = rowOf(item, invoice);
    if (format === 'csv')
      await write(stringify([COLUMNS.map((name) => row[name])], { escape_formulas: true }));
    else await write(`${isFirst ? '' : ','}\n${JSON.stringify(row)}`);
    isFirst = false;
  }
  if (format === 'json') await write('\n]\n');
}

const COLUMNS = [
  'time',
  'kind',
  'direction',
  'number',
  'talkSeconds',
  'note',
  'amountMicros',
  'amount',
] as const;

function rowOf(
  item: InvoiceItem,
  { currency }: Invoice,
): Record<(typeof COLUMNS)[number], string | number | null> {
  return {
    time: new Date(item.call?.startedAtMs ?? item.postedAtMs).toISOString(),
    kind: item.kind,
    direction: item.call?.direction ?? null,
    number: item.call?.number ?? null,
    talkSeconds: item.call?.talkSeconds ?? null,
    note: item.note,
    amountMicros: item.owedMicros.toString(),
    amount: showMoney(money(item.owedMicros, currency)),
  };
}
