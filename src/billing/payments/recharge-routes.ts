import { z } from 'zod';
import { readAccount } from '../../accounts/accounts-store';
import { moneyJson, moneySchema, OWN_ACCOUNT, type Route, route } from '../../http/route';
import { money, parseMicros } from '../../kernel/money';
import { type AutoRecharge, readAutoRecharge, setAutoRecharge } from './auto-recharge';
import { forgetMethod, savedMethod } from './payment-customers';
import type { PaymentParts } from './payment-parts';

/** Recharges in a day that anybody may allow himself. */
const MOST_A_DAY = 20;

const rechargeSchema = z.object({
  enabled: z.boolean(),
  threshold: moneySchema,
  amount: moneySchema,
  mostADay: z.number(),
  mostADayAmount: moneySchema,
  failures: z.number(),
});
const accountParams = z.object({ accountId: z.string().max(36) });
const amountText = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "12.50"');

/** URLs of saved payment methods and of accounts that recharge by themselves. */
export function rechargeRoutes(parts: PaymentParts): readonly Route[] {
  const { database } = parts;
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/auto-recharge',
      summary: 'How the account recharges by itself, and the method it is charged to',
      scope: 'ledger:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: {
        kind: 'json',
        schema: z.object({ autoRecharge: rechargeSchema.nullable(), method: z.string().nullable() }),
      },
      handle: async ({ params }) => {
        await readAccount(database.read, params.accountId);
        const found = await readAutoRecharge(database.read, params.accountId);
        return {
          autoRecharge: found ? rechargeJson(found) : null,
          method: (await savedMethod(database.read, params.accountId))?.label ?? null,
        };
      },
    }),
    route({
      method: 'patch',
      path: '/accounts/{accountId}/auto-recharge',
      summary:
        'Sets when the account recharges by itself: below which credit, by how much, how often and how much a day',
      scope: 'ledger:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      body: z.object({
        enabled: z.boolean(),
        threshold: amountText,
        amount: amountText,
        mostADay: z.number().int().min(1).max(MOST_A_DAY),
        mostADayAmount: amountText,
      }),
      answer: { kind: 'json', schema: rechargeSchema },
      handle: async ({ params, body, nowMs }) => {
        const { currency } = await readAccount(database.read, params.accountId);
        const amountOf = (text: string) => money(parseMicros(text), currency);
        const wanted = {
          enabled: body.enabled,
          threshold: amountOf(body.threshold),
          amount: amountOf(body.amount),
          mostADay: body.mostADay,
          mostADayAmount: amountOf(body.mostADayAmount),
        };
        return rechargeJson(await setAutoRecharge(database, params.accountId, wanted, nowMs));
      },
    }),
    route({
      method: 'delete',
      path: '/accounts/{accountId}/payment-method',
      summary: 'Forgets the saved payment method, here and at the provider; recharging stops',
      scope: 'ledger:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: { kind: 'json', schema: z.object({ method: z.null() }) },
      handle: async ({ params, nowMs }) => {
        await readAccount(database.read, params.accountId);
        await forgetMethod(parts, params.accountId, nowMs);
        return { method: null };
      },
    }),
  ];
}

function rechargeJson(found: AutoRecharge): z.infer<typeof rechargeSchema> {
  return {
    ...found,
    threshold: moneyJson(found.threshold),
    amount: moneyJson(found.amount),
    mostADayAmount: moneyJson(found.mostADayAmount),
  };
}
