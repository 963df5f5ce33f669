import { z } from 'zod';
import { readAccount } from '../../accounts/accounts-store';
import { moneyJson, moneySchema, OWN_ACCOUNT, type Route, route, timeSchema } from '../../http/route';
import { type Currency, currency, money, parseMicros } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { readDaySpent } from '../ledger/ledger-accounts';
import type { Caps } from './caps';
import {
  closeCountry,
  openCountry,
  openedCountries,
  type OwnCaps,
  readCaps,
  readHouseCaps,
  setCaps,
} from './caps-store';
import { spendingOf } from './outward-call';

const capsSchema = z.object({
  maxPricePerMinute: moneySchema,
  maxCallCost: moneySchema,
  maxDayCost: moneySchema,
  premiumNumbersPerDay: z.number(),
  shortCallsPerTenMinutes: z.number(),
  nightCallsPerHour: z.number(),
  homeCountries: z.array(z.string()),
  timeZone: z.string().nullable(),
});
const amountText = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "12.50"');
const count = z.number().int().min(0);

/** What may be changed; null gives the value below back, what is left out stays. */
const changesSchema = z.object({
  maxPricePerMinute: amountText.nullable().optional(),
  maxCallCost: amountText.nullable().optional(),
  maxDayCost: amountText.nullable().optional(),
  premiumNumbersPerDay: count.nullable().optional(),
  shortCallsPerTenMinutes: count.nullable().optional(),
  nightCallsPerHour: count.nullable().optional(),
  homeCountries: z.array(z.string().max(5)).max(40).nullable().optional(),
  timeZone: z.string().max(64).nullable().optional(),
});
const accountParams = z.object({ accountId: z.string().max(36) });
const houseParams = z.object({ currency: z.string().regex(/^[A-Z]{3}$/, 'is no ISO 4217 code') });
const countrySchema = z.string().max(5);

/** URLs of what accounts may do at most by calling out. */
export function capRoutes(database: Database): readonly Route[] {
  return [...accountCapRoutes(database), ...houseCapRoutes(database), ...countryRoutes(database)];
}

function accountCapRoutes(database: Database): readonly Route[] {
  const answer = {
    kind: 'json',
    schema: capsSchema.extend({
      spentToday: moneySchema,
      openCountries: z.array(
        z.object({
          country: z.string(),
          openedAtMs: z.number(),
          openUntilMs: z.number(),
          openedBy: z.string(),
        }),
      ),
    }),
  } as const;
  const shown = async (accountId: string, nowMs: number) => {
    const account = await readAccount(database.read, accountId);
    const caps = await readCaps(database.read, accountId);
    const { day } = spendingOf(caps, nowMs);
    return {
      ...capsJson(caps, account.currency),
      spentToday: moneyJson(money(await readDaySpent(database.read, accountId, day), account.currency)),
      openCountries: await openedCountries(database.read, accountId, nowMs),
    };
  };
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/caps',
      summary: 'Caps against fraud that hold for the account, what it spent today, countries it has opened',
      scope: 'accounts:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer,
      handle: ({ params, nowMs }) => shown(params.accountId, nowMs),
    }),
    route({
      method: 'patch',
      path: '/accounts/{accountId}/caps',
      summary: 'Changes caps of the account; null gives the house’s back; running calls meet them at once',
      scope: 'accounts:write',
      params: accountParams,
      body: changesSchema,
      answer,
      handle: async ({ params, body, nowMs }) => {
        await readAccount(database.read, params.accountId);
        await database.write((sql) => setCaps(sql, params.accountId, changesOf(body)));
        return shown(params.accountId, nowMs);
      },
    }),
  ];
}

function houseCapRoutes(database: Database): readonly Route[] {
  const answer = { kind: 'json', schema: capsSchema } as const;
  const shown = async (unit: Currency) => capsJson(await readHouseCaps(database.read, unit), unit);
  return [
    route({
      method: 'get',
      path: '/house-caps/{currency}',
      summary: 'Caps of accounts in a currency that have none of their own',
      scope: 'accounts:read',
      params: houseParams,
      answer,
      handle: ({ params }) => shown(currency(params.currency)),
    }),
    route({
      method: 'patch',
      path: '/house-caps/{currency}',
      summary: 'Changes the house’s caps; null gives the program’s back',
      scope: 'accounts:write',
      params: houseParams,
      body: changesSchema,
      answer,
      handle: async ({ params, body }) => {
        await database.write((sql) => setCaps(sql, params.currency, changesOf(body)));
        return shown(currency(params.currency));
      },
    }),
  ];
}

function countryRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/accounts/{accountId}/open-countries',
      summary: 'Opens a country to the account’s calls until a moment within a year',
      scope: 'accounts:write',
      params: accountParams,
      body: z.object({ country: countrySchema, openUntil: timeSchema }),
      answer: {
        kind: 'json',
        status: 201,
        schema: z.object({ country: z.string(), openUntilMs: z.number() }),
      },
      handle: async ({ params, body, caller, nowMs }) => {
        await openCountry(database, {
          accountId: params.accountId,
          country: body.country,
          openUntilMs: body.openUntil,
          openedBy: caller.label.slice(0, 120),
          nowMs,
        });
        return { country: body.country, openUntilMs: body.openUntil };
      },
    }),
    route({
      method: 'delete',
      path: '/accounts/{accountId}/open-countries/{country}',
      summary: 'Closes a country before its time; running calls go on',
      scope: 'accounts:write',
      params: accountParams.extend({ country: countrySchema }),
      answer: { kind: 'json', schema: z.object({ closed: z.literal(true) }) },
      handle: async ({ params }) => {
        await database.write((sql) => closeCountry(sql, params));
        return { closed: true };
      },
    }),
  ];
}

function capsJson(caps: Caps, unit: Currency): z.infer<typeof capsSchema> {
  const { maxPricePerMinuteMicros, maxCallCostMicros, maxDayCostMicros, homeCountries, ...rest } = caps;
  return {
    ...rest,
    homeCountries: [...homeCountries],
    maxPricePerMinute: moneyJson(money(maxPricePerMinuteMicros, unit)),
    maxCallCost: moneyJson(money(maxCallCostMicros, unit)),
    maxDayCost: moneyJson(money(maxDayCostMicros, unit)),
  };
}

function changesOf(body: z.infer<typeof changesSchema>): Partial<OwnCaps> {
  const { maxPricePerMinute, maxCallCost, maxDayCost, ...rest } = body;
  return {
    ...(Object.fromEntries(
      Object.entries(rest).filter(([, value]) => value !== undefined),
    ) as Partial<OwnCaps>),
    ...amount('maxPricePerMinuteMicros', maxPricePerMinute),
    ...amount('maxCallCostMicros', maxCallCost),
    ...amount('maxDayCostMicros', maxDayCost),
  };
}

function amount(name: keyof OwnCaps, value: string | null | undefined): Partial<OwnCaps> {
  return value === undefined ? {} : { [name]: value === null ? null : parseMicros(value) };
}
