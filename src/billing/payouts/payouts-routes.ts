import { z } from 'zod';
import { readAccount } from '../../accounts/accounts-store';
import {
  limitSchema,
  moneyJson,
  moneySchema,
  OWN_ACCOUNT,
  type Route,
  route,
  timeSchema,
} from '../../http/route';
import { currency, money, parseMicros } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { clawBackEarning, creditEarning, type Earning, listEarnings, sumEarnings } from './earnings';
import { earningsStatement } from './earnings-statement';
import { endPayout, listPayouts, makePayout, type Payout } from './payouts';

const DAY_MS = 86_400_000;

const earningSchema = z.object({
  id: z.string(),
  accountId: z.string(),
  sourceKey: z.string(),
  amount: moneySchema,
  note: z.string(),
  earnedAtMs: z.number(),
  maturesAtMs: z.number(),
  payoutId: z.string().nullable(),
});
const payoutSchema = z.object({
  id: z.string(),
  accountId: z.string(),
  amount: moneySchema,
  state: z.enum(['pending', 'paid', 'failed']),
  madeBy: z.string(),
  madeAtMs: z.number(),
  endedBy: z.string().nullable(),
  endedNote: z.string().nullable(),
  endedAtMs: z.number().nullable(),
});
const accountParams = z.object({ accountId: z.string().max(36) });
const currencyText = z.string().regex(/^[A-Z]{3}$/, 'is no ISO 4217 code');
const amountText = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "12.50"');
const pageQuery = { before: z.string().max(36).optional(), limit: limitSchema };

/** URLs of earnings of hosts, agencies and resellers, and of their payouts. */
export function payoutRoutes(database: Database, holdDays: number): readonly Route[] {
  return [...earningRoutes(database, holdDays), ...payingOutRoutes(database)];
}

function earningRoutes(database: Database, holdDays: number): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/earnings',
      summary: 'What the account has earned, the newest first, and what of it can be paid out now',
      scope: 'ledger:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      query: z.object({ payout: z.string().max(36).optional(), ...pageQuery }),
      answer: {
        kind: 'json',
        schema: z.object({
          sums: z.array(z.object({ currency: z.string(), unpaid: moneySchema, mature: moneySchema })),
          earnings: z.array(earningSchema),
          next: z.string().nullable(),
        }),
      },
      handle: async ({ params, query, nowMs }) => {
        const { accountId } = params;
        await readAccount(database.read, accountId);
        const earnings = await listEarnings(database.read, {
          accountId,
          payoutId: query.payout ?? null,
          beforeId: query.before ?? null,
          limit: query.limit,
        });
        const sums = await sumEarnings(database.read, accountId, nowMs);
        return {
          sums: sums.map(({ currency: unit, unpaid, mature }) => ({
            currency: unit,
            unpaid: moneyJson(unpaid),
            mature: moneyJson(mature),
          })),
          earnings: earnings.map(earningJson),
          next: earnings.length === query.limit ? (earnings.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/earnings',
      summary: 'Credits a share, once for its cause; it waits EARNINGS_HOLD_DAYS before it can be paid out',
      scope: 'ledger:write',
      params: accountParams,
      body: z.object({
        source: z.string().trim().min(1).max(120),
        currency: currencyText,
        amount: amountText,
        note: z.string().trim().min(1).max(500),
      }),
      answer: { kind: 'json', status: 201, schema: earningSchema },
      handle: async ({ params, body, nowMs }) => {
        await readAccount(database.read, params.accountId);
        const wanted = {
          accountId: params.accountId,
          sourceKey: body.source,
          amount: money(parseMicros(body.amount), currency(body.currency)),
          note: body.note,
          holdMs: holdDays * DAY_MS,
          nowMs,
        };
        return earningJson(await database.write((sql) => creditEarning(sql, wanted)));
      },
    }),
    route({
      method: 'post',
      path: '/earnings/claw-back',
      summary: 'Takes a share back whose cause was undone, once; it counts against the next payout',
      scope: 'ledger:write',
      body: z.object({
        source: z.string().trim().min(1).max(120),
        reason: z.string().trim().min(3).max(500),
      }),
      answer: { kind: 'json', schema: earningSchema },
      handle: async ({ body, nowMs }) => {
        const wanted = { sourceKey: body.source, reason: body.reason, nowMs };
        return earningJson(await database.write((sql) => clawBackEarning(sql, wanted)));
      },
    }),
    route({
      method: 'get',
      path: '/accounts/{accountId}/earnings-statement',
      summary: 'What was earned and paid out in a time: opening + lines = closing',
      scope: 'ledger:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      query: z.object({ currency: currencyText, from: timeSchema, to: timeSchema }),
      answer: {
        kind: 'json',
        schema: z.object({
          opening: moneySchema,
          lines: z.array(
            z.object({
              transactionId: z.string(),
              kind: z.string(),
              note: z.string(),
              amount: moneySchema,
              postedAtMs: z.number(),
            }),
          ),
          closing: moneySchema,
        }),
      },
      handle: async ({ params, query }) => {
        const { opening, lines, closing } = await earningsStatement(database.report, {
          accountId: params.accountId,
          currency: currency(query.currency),
          fromMs: query.from,
          toMs: query.to,
        });
        return {
          opening: moneyJson(opening),
          lines: lines.map((line) => ({ ...line, amount: moneyJson(line.amount) })),
          closing: moneyJson(closing),
        };
      },
    }),
  ];
}

function payingOutRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/payouts',
      summary: 'Payouts, the newest first',
      scope: 'ledger:read',
      query: z.object({
        account: z.string().max(36).optional(),
        state: payoutSchema.shape.state.optional(),
        ...pageQuery,
      }),
      answer: {
        kind: 'json',
        schema: z.object({ payouts: z.array(payoutSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const payouts = await listPayouts(database.read, {
          accountId: query.account ?? null,
          state: query.state ?? null,
          beforeId: query.before ?? null,
          limit: query.limit,
        });
        return {
          payouts: payouts.map(payoutJson),
          next: payouts.length === query.limit ? (payouts.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/payouts',
      summary: 'Takes all earnings whose time of waiting is over into one payout',
      scope: 'ledger:write',
      params: accountParams,
      body: z.object({ currency: currencyText, atLeast: amountText.default('0') }),
      answer: { kind: 'json', status: 201, schema: payoutSchema },
      handle: async ({ params, body, caller, nowMs }) =>
        payoutJson(
          await makePayout(database, {
            accountId: params.accountId,
            currency: currency(body.currency),
            leastMicros: parseMicros(body.atLeast),
            by: caller.label,
            nowMs,
          }),
        ),
    }),
    route({
      method: 'post',
      path: '/payouts/{payoutId}/end',
      summary:
        'Says that a payout was paid, with the bank’s reference, or why it failed; then its earnings are unpaid again',
      scope: 'ledger:write',
      params: z.object({ payoutId: z.string().max(36) }),
      body: z.object({ state: z.enum(['paid', 'failed']), note: z.string().trim().min(1).max(200) }),
      answer: { kind: 'json', schema: payoutSchema },
      handle: async ({ params, body, caller, nowMs }) =>
        payoutJson(await endPayout(database, params.payoutId, { ...body, by: caller.label, nowMs })),
    }),
  ];
}

function earningJson(earning: Earning): z.infer<typeof earningSchema> {
  return { ...earning, amount: moneyJson(earning.amount) };
}

function payoutJson(payout: Payout): z.infer<typeof payoutSchema> {
  return { ...payout, amount: moneyJson(payout.amount) };
}
