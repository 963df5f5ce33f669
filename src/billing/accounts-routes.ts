import { setAccountPin } from '../accounts/account-pins';
import { z } from 'zod';
import { ACCOUNT_STATES, type Account } from '../accounts/account';
import { listAccounts, readAccount, setAccountPlace } from '../accounts/accounts-store';
import { changeAccountState } from './account-state';
import {
  countrySchema,
  cursorSchema,
  encodeCursor,
  languageSchema,
  limitSchema,
  moneyJson,
  moneySchema,
  OWN_ACCOUNT,
  type Route,
  route,
} from '../http/route';
import { currency, money, parseMicros } from '../kernel/money';
import type { Database } from '../kernel/unit-of-work';
import { readBalanceWithHolds } from './ledger/balance';
import { listEntries } from './ledger/list-entries';
import { topUp } from './ledger/movements';
import { postEntries } from './ledger/post-entries';
import { openAccount } from './open-account';

const accountSchema = z.object({
  id: z.string(),
  name: z.string(),
  currency: z.string(),
  state: z.enum(ACCOUNT_STATES as readonly [string, ...string[]]),
  deckId: z.string().nullable(),
  country: z.string().nullable(),
  language: z.string().nullable(),
  createdAtMs: z.number(),
});
const entrySchema = z.object({
  transactionId: z.string(),
  lineNumber: z.number(),
  kind: z.string(),
  note: z.string(),
  amount: moneySchema,
  postedAtMs: z.number(),
});
const positionSchema = z.object({
  postedAtMs: z.number().int(),
  transactionId: z.string().max(36),
  lineNumber: z.number().int(),
});
const accountParams = z.object({ accountId: z.string().max(36) });
const amountText = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "12.50"');

/** URLs of accounts and their money. */
export function accountRoutes(database: Database): readonly Route[] {
  return [...accountReads(database), ...accountWrites(database)];
}

function accountReads(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/accounts',
      summary: 'Accounts in the order they were made',
      scope: 'accounts:read',
      personal: true,
      query: z.object({
        after: z.string().max(36).optional(),
        search: z.string().max(100).optional(),
        limit: limitSchema,
      }),
      answer: {
        kind: 'json',
        schema: z.object({ accounts: z.array(accountSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const page = await listAccounts(database.read, {
          afterId: query.after ?? null,
          search: query.search,
          limit: query.limit,
        });
        return { accounts: page.accounts, next: page.nextAfterId };
      },
    }),
    route({
      method: 'get',
      path: '/accounts/{accountId}',
      summary: 'One account',
      scope: 'accounts:read',
      personal: true,
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: { kind: 'json', schema: accountSchema },
      handle: ({ params }): Promise<Account> => readAccount(database.read, params.accountId),
    }),
    route({
      method: 'get',
      path: '/accounts/{accountId}/balance',
      summary: 'What the account has, what running calls hold, and what it may still spend',
      scope: 'ledger:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: {
        kind: 'json',
        schema: z.object({
          balance: moneySchema,
          held: moneySchema,
          creditLimit: moneySchema,
          available: moneySchema,
          openHolds: z.array(z.object({ callId: z.string(), amount: moneySchema })),
        }),
      },
      handle: async ({ params }) => {
        const found = await readBalanceWithHolds(database.read, params.accountId);
        return {
          balance: moneyJson(found.balance),
          held: moneyJson(found.held),
          creditLimit: moneyJson(found.creditLimit),
          available: moneyJson(found.available),
          openHolds: found.openHolds.map(({ callId, amount }) => ({ callId, amount: moneyJson(amount) })),
        };
      },
    }),
    route({
      method: 'get',
      path: '/accounts/{accountId}/entries',
      summary: 'Ledger entries of the account, the newest first',
      scope: 'ledger:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      query: z.object({ limit: limitSchema, cursor: cursorSchema(positionSchema).optional() }),
      answer: {
        kind: 'json',
        schema: z.object({ entries: z.array(entrySchema), next: z.string().nullable() }),
      },
      handle: async ({ params, query }) => {
        await readAccount(database.read, params.accountId);
        const entries = await listEntries(database.read, {
          accountId: params.accountId,
          limit: query.limit,
          after: query.cursor ?? null,
        });
        const last = entries.length === query.limit ? entries.at(-1) : undefined;
        return {
          entries: entries.map(({ key: _, amount, ...line }) => ({ ...line, amount: moneyJson(amount) })),
          next: last
            ? encodeCursor({
                postedAtMs: last.postedAtMs,
                transactionId: last.transactionId,
                lineNumber: last.lineNumber,
              })
            : null,
        };
      },
    }),
  ];
}

function accountWrites(database: Database): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/accounts/{accountId}/pin',
      summary:
        'Draws a new PIN for using the account from any telephone (0# in the access menu), told this once',
      scope: 'accounts:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: { kind: 'json', schema: z.object({ pin: z.string().nullable() }) },
      toldOnce: ['pin'],
      handle: async ({ params, nowMs }) => ({ pin: await setAccountPin(database, params.accountId, nowMs) }),
    }),
    route({
      method: 'post',
      path: '/accounts',
      summary: 'Opens an account',
      scope: 'accounts:write',
      body: z.object({
        name: z.string().trim().min(1).max(200),
        currency: z.string().regex(/^[A-Z]{3}$/, 'is no ISO 4217 code'),
        deckId: z.string().max(36).nullable().default(null),
        country: countrySchema.nullable().default(null),
        language: languageSchema.nullable().default(null),
        creditLimit: amountText.default('0'),
      }),
      answer: { kind: 'json', status: 201, schema: accountSchema },
      handle: ({ body, nowMs }): Promise<Account> =>
        openAccount(database, {
          name: body.name,
          currency: currency(body.currency),
          deckId: body.deckId,
          country: body.country,
          language: body.language,
          creditLimitMicros: parseMicros(body.creditLimit),
          nowMs,
        }),
    }),
    route({
      method: 'patch',
      path: '/accounts/{accountId}',
      summary: 'Sets where the account dials from and its language; what is left out stays',
      scope: 'accounts:write',
      own: OWN_ACCOUNT,
      params: accountParams,
      body: z.object({
        country: countrySchema.nullable().optional(),
        language: languageSchema.nullable().optional(),
      }),
      answer: { kind: 'json', schema: accountSchema },
      handle: ({ params, body }): Promise<Account> =>
        database.write((sql) => setAccountPlace(sql, params.accountId, body)),
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/state',
      summary: 'Limits, suspends, closes or reactivates an account',
      scope: 'accounts:write',
      params: accountParams,
      body: z.object({ state: z.enum(ACCOUNT_STATES as readonly [string, ...string[]]) }),
      answer: { kind: 'json', schema: accountSchema },
      handle: ({ params, body, nowMs }): Promise<Account> =>
        database.write((sql) =>
          changeAccountState(sql, {
            accountId: params.accountId,
            state: body.state as Account['state'],
            nowMs,
          }),
        ),
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/top-ups',
      summary:
        'Credits money that reached the house; the reference names the payment, and one payment is credited once',
      scope: 'ledger:write',
      params: accountParams,
      body: z.object({ amount: amountText, reference: z.string().trim().min(1).max(100) }),
      answer: {
        kind: 'json',
        status: 201,
        schema: z.object({ transactionId: z.string(), repeated: z.boolean() }),
      },
      handle: async ({ params, body, nowMs }) => {
        const account = await readAccount(database.read, params.accountId);
        const movement = topUp({
          accountId: account.id,
          amount: money(parseMicros(body.amount), account.currency),
          reference: body.reference,
        });
        const { transactionId, repeated } = await database.write((sql) => postEntries(sql, movement, nowMs));
        return { transactionId, repeated };
      },
    }),
  ];
}
