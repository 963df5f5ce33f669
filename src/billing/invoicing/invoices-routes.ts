import type { Response } from 'express';
import { z } from 'zod';
import {
  cursorSchema,
  encodeCursor,
  limitSchema,
  moneyJson,
  moneySchema,
  OWN_ACCOUNT,
  type Route,
  route,
  timeSchema,
} from '../../http/route';
import { money, parseMicros } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { issueCreditNote } from './credit-notes';
import { disputeInvoice, settleDispute } from './disputes';
import {
  INVOICE_FORMATS,
  type InvoiceFormat,
  LONGEST_LINK_MS,
  readDownload,
  signDownload,
} from './download-link';
import { pdfOf, writeItems, xmlOf } from './invoice-files';
import type { Invoice } from './invoice';
import { invoiceStates, listInvoices, readInvoice } from './invoices-store';
import { readRun } from './issue-invoices';
import { debtsOf } from './open-amounts';
import { statementOf } from './statement';

export type InvoiceRouteParts = {
  readonly database: Database;
  readonly houseLanguage: string;
  /** Signs links. */
  readonly linkKey: string;
  /** What addresses of this service begin with, from outside; '' gives paths. */
  readonly publicUrl: string;
  /** Lets an account rise when a dispute takes away what had brought it down. */
  readonly judge: (accountId: string, nowMs: number) => Promise<unknown>;
};

const partySchema = z.object({
  name: z.string(),
  street: z.string().nullable(),
  postalCode: z.string().nullable(),
  city: z.string().nullable(),
  region: z.string().nullable(),
  country: z.string().nullable(),
  vatNumber: z.string().nullable(),
  mail: z.string().nullable(),
  bankDetails: z.string().nullable().optional(),
  language: z.string().nullable().optional(),
});
const invoiceSchema = z.object({
  id: z.string(),
  kind: z.enum(['invoice', 'credit-note']),
  number: z.string(),
  accountId: z.string(),
  correctsInvoiceId: z.string().nullable(),
  reason: z.string().nullable(),
  period: z.string(),
  periodFromMs: z.number(),
  periodUntilMs: z.number(),
  issuedAtMs: z.number(),
  dueAtMs: z.number(),
  lines: z.array(z.object({ kind: z.string(), quantity: z.number(), exact: moneySchema, net: moneySchema })),
  taxes: z.array(z.object({ name: z.string(), ratePpm: z.number(), base: moneySchema, tax: moneySchema })),
  net: moneySchema,
  tax: moneySchema,
  total: moneySchema,
  taxTreatment: z.string(),
  taxNote: z.string(),
  parties: z.object({ seller: partySchema, buyer: partySchema }),
  fingerprint: z.string(),
  state: z.string().nullable(),
  disputeReason: z.string().nullable(),
  open: moneySchema,
});
const invoiceParams = z.object({ invoiceId: z.string().max(36) });
const accountParams = z.object({ accountId: z.string().max(36) });
const reasonSchema = z.string().trim().min(1).max(300);

/** URLs of invoices, their files and statements. */
export function invoiceRoutes(parts: InvoiceRouteParts): readonly Route[] {
  return [...readRoutes(parts), ...fileRoutes(parts), ...changeRoutes(parts)];
}

function readRoutes({ database }: InvoiceRouteParts): readonly Route[] {
  const position = z.object({ issuedAtMs: z.number().int(), id: z.string().max(36) });
  return [
    route({
      method: 'get',
      path: '/invoices',
      summary: 'Invoices and credit notes, of one account or of all, the newest first',
      scope: 'invoices:read',
      own: { thing: 'account', at: 'query.accountId' },
      query: z.object({
        accountId: z.string().max(36).optional(),
        period: z
          .string()
          .regex(/^20\d{2}-\d{2}$/, 'is no month; write it as in 2026-01')
          .optional(),
        limit: limitSchema,
        cursor: cursorSchema(position).optional(),
      }),
      answer: {
        kind: 'json',
        schema: z.object({ invoices: z.array(invoiceSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const page = { accountId: query.accountId ?? null, period: query.period ?? null };
        const found = await listInvoices(database.read, {
          ...page,
          after: query.cursor ?? null,
          limit: query.limit,
        });
        const last = found.length === query.limit ? found.at(-1) : undefined;
        return {
          invoices: await withState(database, found),
          next: last ? encodeCursor({ issuedAtMs: last.issuedAtMs, id: last.id }) : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/invoices/{invoiceId}',
      summary: 'One invoice: what it says, whether it is paid or disputed, and what is open of it now',
      scope: 'invoices:read',
      own: { thing: 'invoice', at: 'path.invoiceId' },
      params: invoiceParams,
      answer: { kind: 'json', schema: invoiceSchema },
      handle: async ({ params }) => {
        const [invoice] = await withState(database, [await readInvoice(database.read, params.invoiceId)]);
        return invoice;
      },
    }),
    route({
      method: 'get',
      path: '/accounts/{accountId}/statement',
      summary: 'What became of an account’s money in a time: opening, what came and went by kind, closing',
      scope: 'invoices:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      query: z.object({ from: timeSchema, until: timeSchema }),
      answer: {
        kind: 'json',
        schema: z.object({
          fromMs: z.number(),
          untilMs: z.number(),
          opening: moneySchema,
          sums: z.array(z.object({ kind: z.string(), count: z.number(), amount: moneySchema })),
          closing: moneySchema,
        }),
      },
      handle: async ({ params, query }) => {
        const found = await statementOf(database.read, params.accountId, {
          fromMs: query.from,
          untilMs: query.until,
        });
        const show = (amountMicros: bigint) => moneyJson(money(amountMicros, found.currency));
        return {
          fromMs: found.fromMs,
          untilMs: found.untilMs,
          opening: show(found.openingMicros),
          sums: found.sums.map(({ kind, count, amountMicros }) => ({
            kind,
            count,
            amount: show(amountMicros),
          })),
          closing: show(found.closingMicros),
        };
      },
    }),
    route({
      method: 'get',
      path: '/invoice-runs/{period}',
      summary: 'How far the invoicing of a month is',
      scope: 'invoices:read',
      params: z.object({
        period: z.string().regex(/^20\d{2}-\d{2}$/, 'is no month; write it as in 2026-01'),
      }),
      answer: {
        kind: 'json',
        schema: z.object({
          period: z.string(),
          state: z.string(),
          accountsDone: z.number(),
          invoicesMade: z.number(),
          startedAtMs: z.number(),
          finishedAtMs: z.number().nullable(),
        }),
      },
      handle: ({ params }) => readRun(database.read, params.period),
    }),
  ];
}

function fileRoutes(parts: InvoiceRouteParts): readonly Route[] {
  const { database, linkKey, publicUrl } = parts;
  return [
    route({
      method: 'get',
      path: '/invoices/{invoiceId}/file',
      summary: 'An invoice as PDF, as UBL of EN 16931, or its single charges as CSV or JSON',
      scope: 'invoices:read',
      own: { thing: 'invoice', at: 'path.invoiceId' },
      params: invoiceParams,
      query: z.object({ format: z.enum(INVOICE_FORMATS).default('pdf') }),
      answer: { kind: 'stream', contentType: 'application/octet-stream', about: 'The file' },
      handle: async ({ params, query, caller }, { res }) => {
        const numbers = caller.scopes.includes('numbers:full') ? 'full' : 'masked';
        await sendFile(parts, res, { ...params, format: query.format, numbers });
      },
    }),
    route({
      method: 'post',
      path: '/invoices/{invoiceId}/links',
      summary: 'Makes a link by which whoever has it fetches one file until it expires',
      scope: 'invoices:read',
      own: { thing: 'invoice', at: 'path.invoiceId' },
      params: invoiceParams,
      body: z.object({
        format: z.enum(INVOICE_FORMATS).default('pdf'),
        seconds: z
          .number()
          .int()
          .min(60)
          .max(LONGEST_LINK_MS / 1000)
          .default(86_400),
      }),
      answer: {
        kind: 'json',
        status: 201,
        schema: z.object({ url: z.string().nullable(), expiresAtMs: z.number() }),
      },
      toldOnce: ['url'],
      handle: async ({ params, body, nowMs }) => {
        const { id } = await readInvoice(database.read, params.invoiceId);
        const expiresAtMs = nowMs + body.seconds * 1000;
        const token = signDownload({ invoiceId: id, format: body.format, expiresAtMs }, linkKey);
        return { url: `${publicUrl}/api/v1/invoice-files/${token}`, expiresAtMs };
      },
    }),
    route({
      method: 'get',
      path: '/invoice-files/{token}',
      summary: 'The file that a link lets fetch',
      scope: 'public',
      params: z.object({ token: z.string().max(500) }),
      answer: { kind: 'stream', contentType: 'application/octet-stream', about: 'The file' },
      handle: async ({ params, nowMs }, { res }) => {
        const download = readDownload(params.token, linkKey, nowMs);
        await sendFile(parts, res, { ...download, numbers: 'full' });
      },
    }),
  ];
}

async function sendFile(
  { database, houseLanguage }: InvoiceRouteParts,
  res: Response,
  wanted: { readonly invoiceId: string; readonly format: InvoiceFormat; readonly numbers: 'full' | 'masked' },
): Promise<void> {
  const { format, numbers } = wanted;
  const invoice = await readInvoice(database.read, wanted.invoiceId);
  const name = (ending: string) => {
    res.setHeader('Content-Disposition', `attachment; filename="${invoice.number}.${ending}"`);
    res.setHeader('Cache-Control', 'private, no-store');
  };
  if (format === 'pdf') {
    const file = await pdfOf(database.read, invoice, houseLanguage);
    name('pdf');
    res.type('application/pdf').end(file);
  } else if (format === 'xml') {
    const file = await xmlOf(database.read, invoice);
    name('xml');
    res.type('application/xml').end(file);
  } else {
    name(format);
    res.type(format === 'csv' ? 'text/csv' : 'application/json');
    await writeItems(database.read, invoice, { out: res, format, numbers });
    res.end();
  }
}

function changeRoutes({ database, judge }: InvoiceRouteParts): readonly Route[] {
  const answerOf = async (invoiceId: string) =>
    (await withState(database, [await readInvoice(database.read, invoiceId)]))[0];
  return [
    route({
      method: 'post',
      path: '/invoices/{invoiceId}/credit-notes',
      summary: 'Takes back an invoice or a part of it; one reference makes one credit note',
      scope: 'invoices:write',
      params: invoiceParams,
      body: z.object({
        /** Without tax; left out: all that is left. */
        net: z
          .string()
          .regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "12.50"')
          .optional(),
        reason: reasonSchema,
        reference: z.string().trim().min(1).max(40),
      }),
      answer: { kind: 'json', status: 201, schema: invoiceSchema },
      handle: async ({ params, body, nowMs }) => {
        const note = await issueCreditNote(database, {
          ...params,
          netMicros: body.net === undefined ? null : parseMicros(body.net),
          reason: body.reason,
          reference: body.reference,
          nowMs,
        });
        return answerOf(note.id);
      },
    }),
    route({
      method: 'post',
      path: '/invoices/{invoiceId}/dispute',
      summary: 'Notes that an invoice is disputed: nobody is reminded of it until that is settled',
      scope: 'invoices:write',
      own: { thing: 'invoice', at: 'path.invoiceId' },
      params: invoiceParams,
      body: z.object({ reason: reasonSchema }),
      answer: { kind: 'json', schema: invoiceSchema },
      handle: async ({ params, body, nowMs }) => {
        await database.write((sql) => disputeInvoice(sql, { ...params, reason: body.reason, nowMs }));
        const invoice = await answerOf(params.invoiceId);
        if (invoice) await judge(invoice.accountId, nowMs);
        return invoice;
      },
    }),
    route({
      method: 'post',
      path: '/invoices/{invoiceId}/settle-dispute',
      summary: 'Ends a dispute: the invoice is open again',
      scope: 'invoices:write',
      params: invoiceParams,
      answer: { kind: 'json', schema: invoiceSchema },
      handle: async ({ params, nowMs }) => {
        await database.write((sql) => settleDispute(sql, params.invoiceId, nowMs));
        return answerOf(params.invoiceId);
      },
    }),
  ];
}

/** Invoices as they are told, with what is open of each at this moment. */
async function withState(database: Database, invoices: readonly Invoice[]) {
  const states = await invoiceStates(
    database.read,
    invoices.map(({ id }) => id),
  );
  const debts = await debtsOf(
    database.read,
    invoices.map(({ accountId }) => accountId),
  );
  return invoices.map((invoice) => {
    const show = (amountMicros: bigint) => moneyJson(money(amountMicros, invoice.currency));
    const {
      exactMicros: _,
      netMicros,
      taxMicros,
      totalMicros,
      openingMicros: __,
      currency: ___,
      ...rest
    } = invoice;
    const open = debts.get(invoice.accountId)?.invoices.find(({ id }) => id === invoice.id)?.openMicros ?? 0n;
    const kept = states.get(invoice.id);
    const state = kept?.state === 'open' && open === 0n ? 'paid' : (kept?.state ?? null);
    return {
      ...rest,
      lines: invoice.lines.map((line) => ({
        kind: line.kind,
        quantity: line.quantity,
        exact: show(line.exactMicros),
        net: show(line.netMicros),
      })),
      taxes: invoice.taxes.map((tax) => ({
        name: tax.name,
        ratePpm: tax.ratePpm,
        base: show(tax.baseMicros),
        tax: show(tax.taxMicros),
      })),
      net: show(netMicros),
      tax: show(taxMicros),
      total: show(totalMicros),
      state,
      disputeReason: kept?.disputeReason ?? null,
      open: show(open),
    };
  });
}
