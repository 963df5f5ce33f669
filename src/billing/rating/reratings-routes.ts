import { z } from 'zod';
import { limitSchema, moneyJson, moneySchema, route, type Route } from '../../http/route';
import { money, subtractMoney, currency } from '../../kernel/money';
import { type Database, integer, micros, text } from '../../kernel/unit-of-work';
import type { Reratings } from './reratings';
import { deltaByAccount, listLines, listReratings, readRerating } from './reratings-store';

const momentSchema = z.iso.datetime({ offset: true }).transform((moment) => Date.parse(moment));
const reratingSchema = z.object({
  id: z.string(),
  state: z.enum(['checking', 'checked', 'committing', 'committed', 'failed']),
  wish: z.object({
    fromMs: z.number(),
    untilMs: z.number(),
    accountId: z.string().nullable(),
    prefix: z.string().nullable(),
    deckId: z.string().nullable(),
    byDeckId: z.string().nullable(),
  }),
  reason: z.string(),
  lookedAt: z.number(),
  changed: z.number(),
  withoutPrice: z.number(),
  settled: z.number(),
  problem: z.string().nullable(),
  startedAtMs: z.number(),
  changedAtMs: z.number(),
});
const deltaSchema = z.object({
  accountId: z.string(),
  calls: z.number(),
  before: moneySchema,
  after: moneySchema,
  difference: moneySchema,
});
const lineSchema = z.object({
  place: z.number(),
  cdrId: z.string(),
  accountId: z.string(),
  before: moneySchema,
  after: moneySchema,
  working: z.record(z.string(), z.unknown()),
  state: z.enum(['open', 'posted', 'moved', 'no-credit']),
});
const correctionSchema = z.object({
  reratingId: z.string(),
  before: moneySchema,
  after: moneySchema,
  beforeWorking: z.record(z.string(), z.unknown()),
  ledgerTransactionId: z.string(),
  correctedAtMs: z.number(),
});
const params = z.object({ reratingId: z.string().max(36) });

/** URLs of re-ratings: the look, its delta report, the commit, and what was corrected of a call. */
export function reratingRoutes(database: Database, reratings: Reratings): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/reratings',
      summary: 'Begins to price stored calls anew; nothing changes before it is committed',
      scope: 'cdrs:rerate',
      body: z.strictObject({
        from: momentSchema,
        until: momentSchema,
        accountId: z.string().max(36).optional(),
        prefix: z
          .string()
          .regex(/^[1-9]\d{0,13}$/, 'is no prefix; write digits without a plus')
          .optional(),
        deckId: z.string().max(36).optional(),
        byDeckId: z.string().max(36).optional(),
        reason: z.string().max(255),
      }),
      answer: { kind: 'json', status: 201, schema: reratingSchema },
      handle: ({ body }) =>
        reratings.begin(
          {
            fromMs: body.from,
            untilMs: body.until,
            accountId: body.accountId ?? null,
            prefix: body.prefix ?? null,
            deckId: body.deckId ?? null,
            byDeckId: body.byDeckId ?? null,
          },
          body.reason,
        ),
    }),
    route({
      method: 'post',
      path: '/reratings/{reratingId}/commit',
      summary: 'Posts the differences, each call’s once',
      scope: 'cdrs:rerate',
      params,
      answer: { kind: 'json', schema: reratingSchema },
      handle: ({ params: { reratingId } }) => reratings.commit(reratingId),
    }),
    route({
      method: 'get',
      path: '/reratings',
      summary: 'Re-ratings, the newest first',
      scope: 'ledger:read',
      query: z.object({ before: z.string().max(36).optional(), limit: limitSchema }),
      answer: {
        kind: 'json',
        schema: z.object({ reratings: z.array(reratingSchema), next: z.string().nullable() }),
      },
      handle: async ({ query, nowMs }) => {
        const page = { before: query.before ?? null, limit: query.limit, nowMs };
        const found = await listReratings(database.read, page);
        const last = found.length === query.limit ? found.at(-1) : undefined;
        return { reratings: found, next: last?.id ?? null };
      },
    }),
    route({
      method: 'get',
      path: '/reratings/{reratingId}',
      summary: 'How far a re-rating is',
      scope: 'ledger:read',
      params,
      answer: { kind: 'json', schema: reratingSchema },
      handle: ({ params: { reratingId }, nowMs }) => readRerating(database.read, reratingId, nowMs),
    }),
    route({
      method: 'get',
      path: '/reratings/{reratingId}/accounts',
      summary: 'The delta report: what the accounts’ calls cost before and after',
      scope: 'ledger:read',
      params,
      query: z.object({ after: z.string().max(36).optional(), limit: limitSchema }),
      answer: {
        kind: 'json',
        schema: z.object({ accounts: z.array(deltaSchema), next: z.string().nullable() }),
      },
      handle: async ({ params: { reratingId }, query }) => {
        const page = { after: query.after ?? null, limit: query.limit };
        const found = await deltaByAccount(database.report, reratingId, page);
        const last = found.length === query.limit ? found.at(-1) : undefined;
        return {
          accounts: found.map(({ before, after, ...delta }) => ({
            ...delta,
            before: moneyJson(before),
            after: moneyJson(after),
            difference: moneyJson(subtractMoney(after, before)),
          })),
          next: last?.accountId ?? null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/reratings/{reratingId}/lines',
      summary: 'The calls that cost something else, and what became of each',
      scope: 'ledger:read',
      params,
      query: z.object({
        after: z.coerce.number().int().optional(),
        state: z.enum(['open', 'posted', 'moved', 'no-credit']).optional(),
        limit: limitSchema,
      }),
      answer: { kind: 'json', schema: z.object({ lines: z.array(lineSchema), next: z.number().nullable() }) },
      handle: async ({ params: { reratingId }, query }) => {
        const page = { after: query.after ?? null, limit: query.limit };
        const lines = await listLines(
          database.read,
          reratingId,
          query.state ? { ...page, state: query.state } : page,
        );
        const last = lines.length === query.limit ? lines.at(-1) : undefined;
        return {
          lines: lines.map((line) => ({
            ...line,
            before: moneyJson(line.before),
            after: moneyJson(line.after),
            working: JSON.parse(line.working) as Record<string, unknown>,
          })),
          next: last?.place ?? null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/cdrs/{cdrId}/corrections',
      summary: 'How a call was priced before it was priced anew',
      scope: 'ledger:read',
      own: { thing: 'cdr', at: 'path.cdrId' },
      params: z.object({ cdrId: z.string().max(36) }),
      answer: { kind: 'json', schema: z.object({ corrections: z.array(correctionSchema) }) },
      handle: async ({ params: { cdrId } }) => {
        const rows = await database.read.all(
          `SELECT x.rerating_id, x.before_micros, x.after_micros, x.before_working, x.ledger_transaction_id, x.corrected_at_ms, c.currency
           FROM cdr_corrections x JOIN cdrs c ON c.id = x.cdr_id WHERE x.cdr_id = ? ORDER BY x.corrected_at_ms, x.rerating_id`,
          [cdrId],
        );
        return {
          corrections: rows.map((row) => ({
            reratingId: text(row.rerating_id),
            before: moneyJson(money(micros(row.before_micros), currency(text(row.currency)))),
            after: moneyJson(money(micros(row.after_micros), currency(text(row.currency)))),
            beforeWorking: JSON.parse(text(row.before_working)) as Record<string, unknown>,
            ledgerTransactionId: text(row.ledger_transaction_id),
            correctedAtMs: integer(row.corrected_at_ms),
          })),
        };
      },
    }),
  ];
}
