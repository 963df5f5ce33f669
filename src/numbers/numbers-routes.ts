import { z } from 'zod';
import {
  countrySchema,
  flagSchema,
  languageSchema,
  limitSchema,
  lineFaultsSchema,
  moneyJson,
  moneySchema,
  OWN_ACCOUNT,
  type Route,
  route,
} from '../http/route';
import { currency, money, parseMicros } from '../kernel/money';
import { e164 } from '../kernel/phone-number';
import type { Database } from '../kernel/unit-of-work';
import { assignDid, releaseDid, removeDid, reserveDid, retargetDid } from './assign-did';
import { DID_STATES, type Did, type DidTerms } from './did';
import { addDid, changeDidTerms, didByNumber, listDids } from './dids-store';
import { DID_COLUMNS, importDids, MAX_DID_FILE_BYTES } from './import-dids';
import { assignVoipNumber, giveBackVoipNumber, voipNumberOf } from './voip-numbers-store';

const idSchema = z.string().max(36);
const targetSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('user'), accountId: idSchema }),
  z.strictObject({ kind: z.literal('room'), roomId: idSchema }),
  z.strictObject({
    kind: z.literal('menu'),
    language: languageSchema,
    country: countrySchema,
  }),
  z.strictObject({ kind: z.literal('host-line'), accountId: idSchema }),
]);
const feeText = z.string().regex(/^\d{1,9}(\.\d{1,6})?$/, 'is no amount: write it like "2.50"');
const termsSchema = z.object({
  trunkId: idSchema.nullable(),
  channelLimit: z.number().int().nullable(),
  rateDeckId: idSchema.nullable(),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'is no ISO 4217 code')
    .nullable(),
  setupFee: feeText,
  monthlyFee: feeText,
});
const didSchema = z.object({
  number: z.string(),
  state: z.enum(DID_STATES),
  trunkId: z.string().nullable(),
  channelLimit: z.number().nullable(),
  rateDeckId: z.string().nullable(),
  /** Null when there is none. */
  setupFee: moneySchema.nullable(),
  monthlyFee: moneySchema.nullable(),
  ownerAccountId: z.string().nullable(),
  target: targetSchema.nullable(),
  untilMs: z.number().nullable(),
  createdAtMs: z.number(),
});
const numberParams = z.object({
  number: z
    .string()
    .max(20)
    .transform((text) => e164(text, 'number')),
});
const reportSchema = z.object({
  imported: z.boolean(),
  lines: z.number(),
  added: z.number(),
  changed: z.number(),
  unchanged: z.number(),
  faultCount: z.number(),
  faults: lineFaultsSchema,
});

/** URLs of the number inventory and of accounts' 123-voip numbers. */
export function numberRoutes(database: Database): readonly Route[] {
  return [...inventoryRoutes(database), ...assignmentRoutes(database), ...voipNumberRoutes(database)];
}

function inventoryRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/dids',
      summary: 'Numbers lent by carriers, in the order of their digits',
      scope: 'dids:read',
      query: z.object({
        state: z.enum(DID_STATES).optional(),
        owner: idSchema.optional(),
        target: z.enum(['user', 'room', 'menu', 'host-line']).optional(),
        after: z.string().max(16).optional(),
        limit: limitSchema,
      }),
      answer: { kind: 'json', schema: z.object({ dids: z.array(didSchema), next: z.string().nullable() }) },
      handle: async ({ query, nowMs }) => {
        const dids = await listDids(database.read, {
          state: query.state,
          ownerAccountId: query.owner,
          targetKind: query.target,
          afterNumber: query.after,
          limit: query.limit,
          nowMs,
        });
        return {
          dids: dids.map(didJson),
          next: dids.length === query.limit ? (dids.at(-1)?.number ?? null) : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/dids/{number}',
      summary: 'One number, in E.164 with its plus',
      scope: 'dids:read',
      own: { thing: 'did', at: 'path.number' },
      params: numberParams,
      answer: { kind: 'json', schema: didSchema },
      handle: async ({ params, nowMs }) => didJson(await didByNumber(database.read, params.number, nowMs)),
    }),
    route({
      method: 'post',
      path: '/dids',
      summary: 'Puts a number into the inventory',
      scope: 'dids:write',
      body: termsSchema
        .extend({ setupFee: feeText.default('0'), monthlyFee: feeText.default('0') })
        .partial()
        .extend({ number: z.string().max(20) }),
      answer: { kind: 'json', status: 201, schema: didSchema },
      handle: async ({ body, nowMs }) => {
        const { number, ...terms } = body;
        const whole = {
          trunkId: null,
          channelLimit: null,
          rateDeckId: null,
          currency: null,
          setupFeeMicros: 0n,
          monthlyFeeMicros: 0n,
          ...termsOf(terms),
        };
        return didJson(await addDid(database, e164(number), whole, nowMs));
      },
    }),
    route({
      method: 'post',
      path: '/dids/import',
      summary: `Takes a CSV of numbers into the inventory, whole or not at all: columns ${Object.keys(DID_COLUMNS).join(', ')}; every fault with its line`,
      scope: 'dids:write',
      query: z.object({
        dryRun: flagSchema,
        country: countrySchema.optional(),
      }),
      upload: { contentType: 'text/csv', maxBytes: MAX_DID_FILE_BYTES },
      answer: { kind: 'json', schema: reportSchema },
      handle: ({ query, upload, nowMs }) =>
        importDids(
          database,
          { file: upload, dryRun: query.dryRun === 'true', country: query.country },
          nowMs,
        ),
    }),
    route({
      method: 'patch',
      path: '/dids/{number}',
      summary: 'Changes the terms of a number; who has it keeps the fees that were agreed',
      scope: 'dids:write',
      params: numberParams,
      body: termsSchema.partial(),
      answer: { kind: 'json', schema: didSchema },
      handle: async ({ params, body, nowMs }) =>
        didJson(await changeDidTerms(database, params.number, termsOf(body), nowMs)),
    }),
    route({
      method: 'delete',
      path: '/dids/{number}',
      summary: 'Takes a number that is nobody’s out of the inventory',
      scope: 'dids:write',
      params: numberParams,
      answer: { kind: 'json', schema: z.object({ deleted: z.literal(true) }) },
      handle: async ({ params, nowMs }) => {
        await database.write((sql) => removeDid(sql, params.number, nowMs));
        return { deleted: true };
      },
    }),
  ];
}

function assignmentRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/dids/{number}/reserve',
      summary: 'Keeps a free number for an account, for 30 days at most',
      scope: 'dids:write',
      params: numberParams,
      body: z.object({ accountId: idSchema, untilMs: z.number().int() }),
      answer: { kind: 'json', schema: didSchema },
      handle: async ({ params, body, nowMs }) =>
        didJson(await database.write((sql) => reserveDid(sql, { ...params, ...body, nowMs }))),
    }),
    route({
      method: 'post',
      path: '/dids/{number}/assign',
      summary: 'Leads a free number to a user, a room, the menu or a host line, and says who pays for it',
      scope: 'dids:write',
      params: numberParams,
      body: z.object({ target: targetSchema, ownerAccountId: idSchema.nullable() }),
      answer: { kind: 'json', schema: didSchema },
      handle: async ({ params, body, nowMs }) =>
        didJson(await database.write((sql) => assignDid(sql, { ...params, ...body, nowMs }))),
    }),
    route({
      method: 'post',
      path: '/dids/{number}/target',
      summary: 'Leads an assigned number elsewhere; its owner stays',
      scope: 'dids:write',
      params: numberParams,
      body: z.object({ target: targetSchema }),
      answer: { kind: 'json', schema: didSchema },
      handle: async ({ params, body, nowMs }) =>
        didJson(await database.write((sql) => retargetDid(sql, params.number, body.target, nowMs))),
    }),
    route({
      method: 'post',
      path: '/dids/{number}/release',
      summary: 'Takes a number from its owner; it rests for 90 days. Ends a reservation at once',
      scope: 'dids:write',
      params: numberParams,
      answer: { kind: 'json', schema: didSchema },
      handle: async ({ params, nowMs }) =>
        didJson(await database.write((sql) => releaseDid(sql, params.number, nowMs))),
    }),
  ];
}

function voipNumberRoutes(database: Database): readonly Route[] {
  const answer = {
    kind: 'json',
    schema: z.object({ accountId: z.string(), number: z.string().nullable() }),
  } as const;
  const params = z.object({ accountId: idSchema });
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/voip-number',
      summary: 'The account’s 123-voip number; null when it has none',
      scope: 'accounts:read',
      own: OWN_ACCOUNT,
      params,
      answer,
      handle: async ({ params: { accountId } }) => ({
        accountId,
        number: await voipNumberOf(database.read, accountId),
      }),
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/voip-number',
      summary: 'Gives an account that has none a 123-voip number',
      scope: 'accounts:write',
      params,
      answer,
      handle: async ({ params: { accountId }, nowMs }) => ({
        accountId,
        number: await database.write((sql) => assignVoipNumber(sql, accountId, nowMs)),
      }),
    }),
    route({
      method: 'delete',
      path: '/accounts/{accountId}/voip-number',
      summary: 'Takes the account’s 123-voip number back; it rests for 90 days',
      scope: 'accounts:write',
      params,
      answer,
      handle: async ({ params: { accountId }, nowMs }) => {
        await database.write((sql) => giveBackVoipNumber(sql, accountId, nowMs));
        return { accountId, number: null };
      },
    }),
  ];
}

function termsOf(body: Partial<z.infer<typeof termsSchema>>): Partial<DidTerms> {
  const { setupFee, monthlyFee, currency: unit, ...plain } = body;
  return {
    ...plain,
    ...(unit === undefined ? {} : { currency: unit === null ? null : currency(unit) }),
    ...(setupFee === undefined ? {} : { setupFeeMicros: parseMicros(setupFee) }),
    ...(monthlyFee === undefined ? {} : { monthlyFeeMicros: parseMicros(monthlyFee) }),
  };
}

function didJson({
  currency: unit,
  setupFeeMicros,
  monthlyFeeMicros,
  ...did
}: Did): z.infer<typeof didSchema> {
  return {
    ...did,
    setupFee: unit === null ? null : moneyJson(money(setupFeeMicros, unit)),
    monthlyFee: unit === null ? null : moneyJson(money(monthlyFeeMicros, unit)),
  };
}
