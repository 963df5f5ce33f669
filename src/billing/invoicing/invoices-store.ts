import { recordEvents } from '../../webhooks/record-events';
import { invoiceIssued } from './invoice-events';
import { NotFound } from '../../kernel/app-error';
import { fingerprint } from '../../kernel/ids';
import { currency } from '../../kernel/money';
import {
  type Database,
  DuplicateKey,
  integer,
  micros,
  type Row,
  type Sql,
  type SqlValue,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import type { TaxTreatment } from '../tax/tax-for';
import type { Invoice, InvoiceLine, InvoiceParties, InvoiceState, InvoiceTax } from './invoice';

const COLUMNS = `id, kind, account_id, number, corrects_invoice_id, reason, currency, period, period_from_ms, period_until_ms, issued_at_ms,
  due_at_ms, opening_micros, exact_micros, net_micros, tax_micros, total_micros, tax_treatment, tax_note, parties, fingerprint`;

/** An invoice that is to be numbered and stored. `documentKey`: what can have one invoice only. */
export type NewInvoice = Omit<Invoice, 'number' | 'fingerprint'> & {
  readonly documentKey: string;
  /** What its number begins with. */
  readonly numberPrefix: string;
};

const NUMBER_DIGITS = 6;

/** The series a document is numbered in: one for each kind, prefix and year of issue. */
export function seriesOf(of: Pick<NewInvoice, 'kind' | 'issuedAtMs' | 'numberPrefix'>): string {
  return `${of.kind}:${of.numberPrefix}:${new Date(of.issuedAtMs).getUTCFullYear()}`;
}

/** Begins a series where it is missing. */
export async function openSeries(database: Database, seriesId: string): Promise<void> {
  const rows = await database.read.all('SELECT id FROM invoice_series WHERE id = ?', [seriesId]);
  if (rows.length > 0) return;
  try {
    await database.write((sql) =>
      sql.run('INSERT INTO invoice_series (id, last_number) VALUES (?, 0)', [seriesId]),
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
}

/**
 * Locks a series until the unit of work ends, so that those who number invoices come after each other: what is rolled back leaves no gap. It comes
 * before the question which invoices are there.
 */
export async function lockSeries(sql: Sql, seriesId: string): Promise<void> {
  await sql.all(`SELECT last_number FROM invoice_series WHERE id = ?${sql.forUpdate}`, [seriesId]);
}

/** Numbers and stores invoices of one locked series. @throws DuplicateKey when one of them was issued before */
export async function insertInvoices(sql: Sql, wanted: readonly NewInvoice[]): Promise<readonly Invoice[]> {
  const [first] = wanted;
  if (!first) return [];
  const seriesId = seriesOf(first);
  await sql.run('UPDATE invoice_series SET last_number = last_number + ? WHERE id = ?', [
    wanted.length,
    seriesId,
  ]);
  const [row] = await sql.all('SELECT last_number FROM invoice_series WHERE id = ?', [seriesId]);
  const before = integer(row?.last_number) - wanted.length;
  const year = new Date(first.issuedAtMs).getUTCFullYear();
  const letters = first.kind === 'credit-note' ? 'CN' : '';
  const invoices = wanted.map((one, n): Invoice => {
    const { documentKey: _, numberPrefix, ...rest } = one;
    const serial = String(before + n + 1).padStart(NUMBER_DIGITS, '0');
    const invoice = { ...rest, number: `${numberPrefix}${letters}${year}-${serial}` };
    return { ...invoice, fingerprint: fingerprintOf(invoice) };
  });
  await insertRows(
    sql,
    'invoices',
    `${COLUMNS}, document_key, series_id, series_number`,
    invoices.map((invoice, n) => [
      ...valuesOf(invoice),
      wanted[n]?.documentKey ?? '',
      seriesId,
      before + n + 1,
    ]),
  );
  await insertRows(
    sql,
    'invoice_lines',
    'invoice_id, line_number, account_id, kind, quantity, exact_micros, net_micros',
    invoices.flatMap(({ id, accountId, lines }) =>
      lines.map((line, n) => [
        id,
        n + 1,
        accountId,
        line.kind,
        line.quantity,
        line.exactMicros,
        line.netMicros,
      ]),
    ),
  );
  await insertRows(
    sql,
    'invoice_taxes',
    'invoice_id, tax_number, name, rate_ppm, base_micros, tax_micros',
    invoices.flatMap(({ id, taxes }) =>
      taxes.map((tax, n) => [id, n + 1, tax.name, tax.ratePpm, tax.baseMicros, tax.taxMicros]),
    ),
  );
  await recordEvents(sql, invoices.map(invoiceIssued), first.issuedAtMs);
  return invoices;
}

async function insertRows(
  sql: Sql,
  table: string,
  columns: string,
  rows: readonly (readonly SqlValue[])[],
): Promise<void> {
  if (rows.length === 0) return;
  const places = `(${(rows[0] ?? []).map(() => '?').join(', ')})`;
  await sql.run(`INSERT INTO ${table} (${columns}) VALUES ${rows.map(() => places).join(', ')}`, rows.flat());
}

/** SHA-256 of all that an invoice says. */
export function fingerprintOf(invoice: Omit<Invoice, 'fingerprint'>): string {
  const { lines, taxes, ...rest } = invoice;
  const said = [
    ...valuesOf({ ...invoice, fingerprint: '' }),
    ...lines.map((line) => `${line.kind} ${line.quantity} ${line.exactMicros} ${line.netMicros}`),
    ...taxes.map((tax) => `${tax.name} ${tax.ratePpm} ${tax.baseMicros} ${tax.taxMicros}`),
    rest.number,
  ];
  return fingerprint(said.map((value) => (typeof value === 'bigint' ? value.toString() : value)).join('\n'));
}

function valuesOf(invoice: Invoice): readonly SqlValue[] {
  return [
    invoice.id,
    invoice.kind,
    invoice.accountId,
    invoice.number,
    invoice.correctsInvoiceId,
    invoice.reason,
    invoice.currency,
    invoice.period,
    invoice.periodFromMs,
    invoice.periodUntilMs,
    invoice.issuedAtMs,
    invoice.dueAtMs,
    invoice.openingMicros,
    invoice.exactMicros,
    invoice.netMicros,
    invoice.taxMicros,
    invoice.totalMicros,
    invoice.taxTreatment,
    invoice.taxNote,
    JSON.stringify(invoice.parties),
    invoice.fingerprint,
  ];
}

/** Which of the document keys have an invoice. */
export async function issuedKeys(sql: Sql, documentKeys: readonly string[]): Promise<ReadonlySet<string>> {
  if (documentKeys.length === 0) return new Set();
  const rows = await sql.all(
    `SELECT document_key FROM invoices WHERE document_key IN (${documentKeys.map(() => '?').join(', ')})`,
    documentKeys,
  );
  return new Set(rows.map((row) => text(row.document_key)));
}

/** @throws NotFound */
export async function readInvoice(sql: Sql, invoiceId: string): Promise<Invoice> {
  const [invoice] = await withParts(
    sql,
    await sql.all(`SELECT ${COLUMNS} FROM invoices WHERE id = ?`, [invoiceId]),
  );
  if (!invoice) throw new NotFound('invoice', invoiceId);
  return invoice;
}

export type InvoicePosition = { readonly issuedAtMs: number; readonly id: string };

/** A page of invoices, of one account or of all, the newest first. */
export async function listInvoices(
  sql: Sql,
  page: {
    readonly accountId: string | null;
    readonly period: string | null;
    readonly after: InvoicePosition | null;
    readonly limit: number;
  },
): Promise<readonly Invoice[]> {
  const { accountId, period, after, limit } = page;
  const conditions = [
    ...(accountId ? ['account_id = ?'] : []),
    ...(period ? ['period = ?'] : []),
    ...(after ? ['issued_at_ms <= ? AND (issued_at_ms < ? OR id < ?)'] : []),
  ];
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM invoices ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
     ORDER BY issued_at_ms DESC, id DESC LIMIT ?`,
    [
      ...(accountId ? [accountId] : []),
      ...(period ? [period] : []),
      ...(after ? [after.issuedAtMs, after.issuedAtMs, after.id] : []),
      limit,
    ],
  );
  return withParts(sql, rows);
}

/** Invoices of an account, credit notes among them, the oldest first: what its payments are shared out over. */
export async function invoicesOfAccount(sql: Sql, accountId: string): Promise<readonly Invoice[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM invoices WHERE account_id = ? ORDER BY issued_at_ms, id`,
    [accountId],
  );
  return rows.map((row) => toInvoice(row, [], []));
}

/** Whether invoices are paid or disputed, by id; credit notes have no state. */
export async function invoiceStates(
  sql: Sql,
  invoiceIds: readonly string[],
): Promise<ReadonlyMap<string, { readonly state: InvoiceState; readonly disputeReason: string | null }>> {
  if (invoiceIds.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT invoice_id, state, dispute_reason FROM invoice_progress WHERE invoice_id IN (${invoiceIds.map(() => '?').join(', ')})`,
    invoiceIds,
  );
  return new Map(
    rows.map((row) => [
      text(row.invoice_id),
      { state: text(row.state) as InvoiceState, disputeReason: textOrNull(row.dispute_reason) },
    ]),
  );
}

async function withParts(sql: Sql, rows: readonly Row[]): Promise<readonly Invoice[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => text(row.id));
  const places = ids.map(() => '?').join(', ');
  const lines = new Map<string, InvoiceLine[]>(ids.map((id) => [id, []]));
  const taxes = new Map<string, InvoiceTax[]>(ids.map((id) => [id, []]));
  for (const row of await sql.all(
    `SELECT * FROM invoice_lines WHERE invoice_id IN (${places}) ORDER BY invoice_id, line_number`,
    ids,
  ))
    lines.get(text(row.invoice_id))?.push({
      kind: text(row.kind),
      quantity: integer(row.quantity),
      exactMicros: micros(row.exact_micros),
      netMicros: micros(row.net_micros),
    });
  for (const row of await sql.all(
    `SELECT * FROM invoice_taxes WHERE invoice_id IN (${places}) ORDER BY invoice_id, tax_number`,
    ids,
  ))
    taxes.get(text(row.invoice_id))?.push({
      name: text(row.name),
      ratePpm: integer(row.rate_ppm),
      baseMicros: micros(row.base_micros),
      taxMicros: micros(row.tax_micros),
    });
  return rows.map((row) => toInvoice(row, lines.get(text(row.id)) ?? [], taxes.get(text(row.id)) ?? []));
}

function toInvoice(row: Row, lines: readonly InvoiceLine[], taxes: readonly InvoiceTax[]): Invoice {
  return {
    id: text(row.id),
    kind: text(row.kind) as Invoice['kind'],
    accountId: text(row.account_id),
    number: text(row.number),
    correctsInvoiceId: textOrNull(row.corrects_invoice_id),
    reason: textOrNull(row.reason),
    currency: currency(text(row.currency)),
    period: text(row.period),
    periodFromMs: integer(row.period_from_ms),
    periodUntilMs: integer(row.period_until_ms),
    issuedAtMs: integer(row.issued_at_ms),
    dueAtMs: integer(row.due_at_ms),
    openingMicros: micros(row.opening_micros),
    exactMicros: micros(row.exact_micros),
    netMicros: micros(row.net_micros),
    taxMicros: micros(row.tax_micros),
    totalMicros: micros(row.total_micros),
    taxTreatment: text(row.tax_treatment) as TaxTreatment,
    taxNote: text(row.tax_note),
    parties: JSON.parse(text(row.parties)) as InvoiceParties,
    fingerprint: text(row.fingerprint),
    lines,
    taxes,
  };
}
