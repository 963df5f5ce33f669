import { z } from 'zod';
import { Conflict, InvalidInput, NotFound } from '../kernel/app-error';
import type { Database } from '../kernel/unit-of-work';
import { type Caller, createApiKey, type ListedKey, listApiKeys, revokeApiKey } from './api-keys';
import { isRole, ROLES } from './roles';
import { limitSchema, type Route, route } from './route';

/** A key that nobody renews ends after two years at the latest. */
const LONGEST_LIFE_MS = 2 * 366 * 86_400_000;
/** Keys that one account may have at a time. */
const MAX_KEYS_PER_ACCOUNT = 50;

const keySchema = z.object({
  id: z.string(),
  label: z.string(),
  role: z.string(),
  accountId: z.string().nullable(),
  scopes: z.array(z.string()),
  createdAtMs: z.number(),
  expiresAtMs: z.number().nullable(),
});
const pageSchema = z.object({ keys: z.array(keySchema), next: z.string().nullable() });
const madeSchema = z.object({ id: z.string(), secret: z.string().nullable(), expiresAtMs: z.number() });
const pageQuery = z.object({ after: z.string().max(36).optional(), limit: limitSchema });
const keyParams = z.object({ keyId: z.string().max(36) });
const wishSchema = z.object({
  label: z.string().trim().min(1).max(100),
  scopes: z.array(z.string().max(40)).max(100).default([]),
  expiresAtMs: z.number().int().positive(),
});

/** URLs of keys: those of programs of the house, and those of a customer's own programs. */
export function apiKeyRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/api-keys',
      summary: 'Keys that count, without their secrets',
      scope: 'keys:read',
      query: pageQuery.extend({ accountId: z.string().max(36).optional() }),
      answer: { kind: 'json', schema: pageSchema },
      handle: async ({ query, nowMs }) =>
        page(
          await listApiKeys(database.read, {
            accountId: query.accountId ?? null,
            afterId: query.after ?? null,
            limit: query.limit,
            nowMs,
          }),
          query.limit,
        ),
    }),
    route({
      method: 'post',
      path: '/api-keys',
      summary: 'Makes a key of a role; its secret is told this once',
      scope: 'keys:write',
      body: wishSchema.extend({
        role: z.string().refine(isRole, `is none; use ${Object.keys(ROLES).join(', ')}`),
        accountId: z.string().max(36).nullable().default(null),
      }),
      answer: { kind: 'json', status: 201, schema: madeSchema },
      toldOnce: ['secret'],
      handle: async ({ body, nowMs }) => {
        mustEnd(body.expiresAtMs, nowMs);
        return { ...(await createApiKey(database, { ...body, nowMs })), expiresAtMs: body.expiresAtMs };
      },
    }),
    route({
      method: 'delete',
      path: '/api-keys/{keyId}',
      summary: 'Ends a key at once',
      scope: 'keys:write',
      params: keyParams,
      answer: { kind: 'json', schema: z.object({ done: z.literal(true) }) },
      handle: async ({ params, nowMs }) => {
        if (!(await revokeApiKey(database, params.keyId, nowMs))) throw new NotFound('key', params.keyId);
        return { done: true };
      },
    }),
    route({
      method: 'get',
      path: '/me/api-keys',
      summary: 'Keys of one’s own account, without their secrets',
      scope: 'signed-in',
      query: pageQuery,
      answer: { kind: 'json', schema: pageSchema },
      handle: async ({ query, caller, nowMs }) =>
        page(
          await listApiKeys(database.read, {
            accountId: accountOf(caller),
            afterId: query.after ?? null,
            limit: query.limit,
            nowMs,
          }),
          query.limit,
        ),
    }),
    route({
      method: 'post',
      path: '/me/api-keys',
      summary: 'Makes a key that reaches what is one’s own; its secret is told this once',
      scope: 'signed-in',
      body: wishSchema,
      answer: { kind: 'json', status: 201, schema: madeSchema },
      toldOnce: ['secret'],
      handle: async ({ body, caller, nowMs }) => {
        const accountId = accountOf(caller);
        mustEnd(body.expiresAtMs, nowMs);
        const wanted = { accountId, afterId: null, limit: MAX_KEYS_PER_ACCOUNT, nowMs };
        if ((await listApiKeys(database.read, wanted)).length >= MAX_KEYS_PER_ACCOUNT)
          throw new Conflict(`${MAX_KEYS_PER_ACCOUNT} keys are the most of one account; end one first`);
        const made = await createApiKey(database, { ...body, role: 'user', accountId, nowMs });
        return { ...made, expiresAtMs: body.expiresAtMs };
      },
    }),
    route({
      method: 'delete',
      path: '/me/api-keys/{keyId}',
      summary: 'Ends a key of one’s own account at once',
      scope: 'signed-in',
      params: keyParams,
      answer: { kind: 'json', schema: z.object({ done: z.literal(true) }) },
      handle: async ({ params, caller, nowMs }) => {
        if (!(await revokeApiKey(database, params.keyId, nowMs, accountOf(caller))))
          throw new NotFound('key', params.keyId);
        return { done: true };
      },
    }),
  ];
}

function accountOf({ accountId }: Caller): string {
  if (accountId === null)
    throw new Conflict('you have no account; keys of programs of the house are at /api-keys');
  return accountId;
}

function mustEnd(expiresAtMs: number, nowMs: number): void {
  if (expiresAtMs <= nowMs || expiresAtMs > nowMs + LONGEST_LIFE_MS)
    throw new InvalidInput('expiresAtMs', 'is not within two years from now', 'choose when the key ends');
}

function page(found: readonly ListedKey[], limit: number): z.infer<typeof pageSchema> {
  const keys = found.slice(0, limit).map((key) => ({ ...key, scopes: [...key.scopes] }));
  return { keys, next: found.length > limit ? (keys.at(-1)?.id ?? null) : null };
}
