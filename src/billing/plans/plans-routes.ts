import { z } from 'zod';
import { moneyJson, moneySchema, OWN_ACCOUNT, type Route, route } from '../../http/route';
import { currency, money, parseMicros } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import type { Plan } from './plan';
import { createPlan, listPlans, withdrawPlan } from './plans-store';
import { cancelAtPeriodEnd, changeAtPeriodEnd, subscribe, subscriptionsOf } from './subscriptions';

const includedSchema = z.object({
  name: z.string().trim().min(1).max(100),
  seconds: z.number().int().min(1).max(1_000_000_000),
  prefixes: z
    .array(z.string().regex(/^[1-9]\d{0,13}$/, 'is no prefix; write digits with the country code, as in 324'))
    .min(1)
    .max(200),
  priority: z.number().int().min(0).max(1_000).default(100),
});
const planSchema = z.object({
  id: z.string(),
  name: z.string(),
  monthlyFee: moneySchema,
  trialDays: z.number(),
  included: includedSchema.nullable(),
  state: z.enum(['active', 'withdrawn']),
  createdAtMs: z.number(),
});
const subscriptionSchema = z.object({
  id: z.string(),
  accountId: z.string(),
  planId: z.string(),
  startsAtMs: z.number(),
  trialUntilMs: z.number().nullable(),
  endsAtMs: z.number().nullable(),
});
const accountParams = z.object({ accountId: z.string().max(36) });

/** URLs of plans and who has them. */
export function planRoutes(database: Database): readonly Route[] {
  return [...offers(database), ...subscriptions(database)];
}

function offers(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/plans',
      summary: 'Plans that accounts can have, and those that are not offered any more',
      scope: 'accounts:read',
      own: 'signed-in',
      answer: { kind: 'json', schema: z.object({ plans: z.array(planSchema) }) },
      handle: async () => ({ plans: (await listPlans(database.read)).map(planJson) }),
    }),
    route({
      method: 'post',
      path: '/plans',
      summary: 'Publishes a plan: monthly fee, trial and minutes; it is never changed',
      scope: 'plans:write',
      body: z.object({
        name: z.string().trim().min(1).max(100),
        currency: z.string().regex(/^[A-Z]{3}$/, 'is no ISO 4217 code'),
        monthlyFee: z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "9.99"'),
        trialDays: z.number().int().min(0).max(366).default(0),
        included: includedSchema.nullable().default(null),
      }),
      answer: { kind: 'json', status: 201, schema: planSchema },
      handle: async ({ body: { monthlyFee, ...body }, nowMs }) =>
        planJson(
          await database.write((sql) =>
            createPlan(sql, {
              ...body,
              currency: currency(body.currency),
              monthlyFeeMicros: parseMicros(monthlyFee),
              nowMs,
            }),
          ),
        ),
    }),
    route({
      method: 'post',
      path: '/plans/{planId}/withdraw',
      summary: 'Offers a plan no more; who has it keeps it',
      scope: 'plans:write',
      params: z.object({ planId: z.string().max(36) }),
      answer: { kind: 'json', schema: planSchema },
      handle: async ({ params }) => planJson(await database.write((sql) => withdrawPlan(sql, params.planId))),
    }),
  ];
}

function subscriptions(database: Database): readonly Route[] {
  const answer = { kind: 'json', schema: subscriptionSchema } as const;
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/plans',
      summary: 'Plans that an account has, had and will have, the newest first',
      scope: 'accounts:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: { kind: 'json', schema: z.object({ subscriptions: z.array(subscriptionSchema) }) },
      handle: async ({ params }) => ({
        subscriptions: await subscriptionsOf(database.read, params.accountId),
      }),
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/plans',
      summary: 'Begins a plan now; a trial is had once by a person',
      scope: 'plans:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      body: z.object({ planId: z.string().max(36), trial: z.boolean().default(false) }),
      answer: { ...answer, status: 201 },
      handle: ({ params, body, nowMs }) =>
        database.write((sql) =>
          subscribe(sql, { accountId: params.accountId, planId: body.planId, wantsTrial: body.trial, nowMs }),
        ),
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/plans/change',
      summary: 'Lets another plan follow at the end of the month that is paid',
      scope: 'plans:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      body: z.object({ planId: z.string().max(36) }),
      answer,
      handle: ({ params, body, nowMs }) =>
        database.write((sql) =>
          changeAtPeriodEnd(sql, { accountId: params.accountId, planId: body.planId, nowMs }),
        ),
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/plans/cancel',
      summary: 'Ends the account’s plan at the end of the month that is paid, or of its trial',
      scope: 'plans:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer,
      handle: ({ params, nowMs }) => database.write((sql) => cancelAtPeriodEnd(sql, params.accountId, nowMs)),
    }),
  ];
}

function planJson({ currency: unit, monthlyFeeMicros, ...plan }: Plan) {
  return { ...plan, monthlyFee: moneyJson(money(monthlyFeeMicros, unit)) };
}
