import { stringify } from 'csv-stringify';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { z } from 'zod';
import {
  cursorSchema,
  encodeCursor,
  limitSchema,
  moneyJson,
  moneySchema,
  type Route,
  route,
  timeSchema,
} from '../http/route';
import type { Caller } from '../http/api-keys';
import { NotFound } from '../kernel/app-error';
import type { Money } from '../kernel/money';
import type { Database } from '../kernel/unit-of-work';
import { CALL_RESULTS, ENDERS } from './cdr';
import { ROOM_ROLES } from '../kernel/room-role';
import {
  allCdrs,
  type CdrFilter,
  type FoundCdr,
  readCdr,
  type ShownNumbers,
  searchCdrs,
} from './search-cdrs';

const cdrSchema = z.object({
  cdrId: z.string(),
  callId: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  attempt: z.number(),
  fromNumber: z.string().nullable(),
  isWithheld: z.boolean(),
  callerIdentity: z.string().nullable(),
  dialledNumber: z.string(),
  routedNumber: z.string().nullable(),
  trunkId: z.string().nullable(),
  accountId: z.string().nullable(),
  deviceId: z.string().nullable(),
  costDeckId: z.string().nullable(),
  roomId: z.string().nullable(),
  roomSessionId: z.string().nullable(),
  roomRole: z.enum(ROOM_ROLES).nullable(),
  payerAccountId: z.string().nullable(),
  startedAtMs: z.number(),
  ringingAtMs: z.number().nullable(),
  answeredAtMs: z.number().nullable(),
  waitedMs: z.number(),
  chargedFromMs: z.number().nullable(),
  endedAtMs: z.number(),
  result: z.enum(CALL_RESULTS),
  endedBy: z.enum(ENDERS),
  sipStatus: z.number(),
  hangupCause: z.string().nullable(),
  sipCallId: z.string(),
  quality: z
    .object({ packetsReceived: z.number(), packetsLost: z.number(), jitterMs: z.number(), mos: z.number() })
    .nullable(),
  charge: moneySchema.nullable(),
  heldCapped: z.boolean().nullable(),
  working: z.record(z.string(), z.unknown()).nullable(),
  ledgerTransactionId: z.string().nullable(),
  cost: moneySchema.nullable(),
  margin: moneySchema.nullable(),
  costWorking: z.record(z.string(), z.unknown()).nullable(),
});

const filterSchema = z.object({
  from: timeSchema.optional(),
  to: timeSchema.optional(),
  account: z.string().max(36).optional(),
  owner: z.string().max(36).optional(),
  call: z.string().max(36).optional(),
  number: z.string().max(64).optional(),
  numberField: z.enum(['from', 'dialled', 'routed', 'any']).default('any'),
  numberMatch: z.enum(['exact', 'prefix']).default('exact'),
  room: z.string().max(36).optional(),
  roomSession: z.string().max(36).optional(),
  direction: z.enum(['inbound', 'outbound']).optional(),
  trunk: z.string().max(36).optional(),
  role: z.enum(ROOM_ROLES).optional(),
  cause: z.string().max(64).optional(),
  result: z.enum(CALL_RESULTS).optional(),
});

const positionSchema = z.object({ startedAtMs: z.number().int(), cdrId: z.string().max(36) });

/** Columns of the CSV, in order. */
const CSV_COLUMNS = [
  'cdrId',
  'callId',
  'startedAt',
  'ringingAt',
  'answeredAt',
  'chargedFrom',
  'endedAt',
  'direction',
  'attempt',
  'fromNumber',
  'isWithheld',
  'callerIdentity',
  'dialledNumber',
  'routedNumber',
  'trunkId',
  'accountId',
  'deviceId',
  'roomId',
  'roomSessionId',
  'roomRole',
  'payerAccountId',
  'result',
  'endedBy',
  'sipStatus',
  'hangupCause',
  'waitedMs',
  'chargeMicros',
  'currency',
  'ledgerTransactionId',
  'costMicros',
  'costCurrency',
  'marginMicros',
] as const;

/** A recording that a leg may be heard in; `sha256` is that of the file as it is stored, null while it is written. */
const recordingSchema = z.object({ id: z.string(), sha256: z.string().nullable() });

/** Gives the recordings that a leg may be heard in. */
export type RecordingsOfLeg = (cdrId: string) => Promise<readonly z.infer<typeof recordingSchema>[]>;

/** URLs of call detail records. Numbers are whole only for those who may see them. */
export function cdrRoutes(database: Database, recordingsOf: RecordingsOfLeg): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/cdrs',
      summary: 'Call detail records, the newest first; cost and margin for those who may see them',
      scope: 'cdrs:read',
      personal: 'full-numbers',
      own: { thing: 'account', at: ['query.account', 'query.owner'] },
      query: filterSchema.extend({ limit: limitSchema, cursor: cursorSchema(positionSchema).optional() }),
      answer: { kind: 'json', schema: z.object({ cdrs: z.array(cdrSchema), next: z.string().nullable() }) },
      handle: async ({ query, caller }) => {
        const { cdrs, next } = await searchCdrs(database, {
          filter: filterOf(query),
          after: query.cursor ?? null,
          limit: query.limit,
          ...shownTo(caller),
        });
        return { cdrs: cdrs.map(cdrJson), next: next ? encodeCursor(next) : null };
      },
    }),
    route({
      method: 'get',
      path: '/cdrs.csv',
      summary: 'The same search without pages, streamed as CSV',
      scope: 'cdrs:read',
      personal: 'full-numbers',
      own: { thing: 'account', at: ['query.account', 'query.owner'] },
      query: filterSchema,
      answer: {
        kind: 'stream',
        contentType: 'text/csv',
        about: 'One line a record; times in ISO 8601, charges in micros',
      },
      handle: async ({ query, caller }, { res }) => {
        res.type('text/csv').setHeader('Content-Disposition', 'attachment; filename="cdrs.csv"');
        const found = allCdrs(database, { filter: filterOf(query), ...shownTo(caller) });
        // escape_formulas: a caller's number may not become a formula in somebody's spreadsheet.
        const csv = stringify({ header: true, columns: [...CSV_COLUMNS], escape_formulas: true });
        await pipeline(Readable.from(csvRows(found)), csv, res);
      },
    }),
    route({
      method: 'get',
      path: '/cdrs/{cdrId}',
      summary: 'One call detail record with the working of its charge',
      scope: 'cdrs:read',
      personal: 'full-numbers',
      own: { thing: 'cdr', at: 'path.cdrId' },
      params: z.object({ cdrId: z.string().max(36) }),
      answer: { kind: 'json', schema: cdrSchema.extend({ recordings: z.array(recordingSchema) }) },
      handle: async ({ params, caller }) => {
        const cdr = await readCdr(database, params.cdrId, shownTo(caller));
        if (!cdr) throw new NotFound('CDR', params.cdrId);
        return { ...cdrJson(cdr), recordings: await recordingsOf(cdr.cdrId) };
      },
    }),
  ];
}

function shownTo({ scopes }: Caller): { readonly numbers: ShownNumbers; readonly costs: 'shown' | 'hidden' } {
  const costs = scopes.includes('costs:read') ? 'shown' : 'hidden';
  if (scopes.includes('numbers:withheld')) return { numbers: 'withheld', costs };
  return { numbers: scopes.includes('numbers:full') ? 'full' : 'masked', costs };
}

function filterOf(query: z.infer<typeof filterSchema>): CdrFilter {
  return {
    ...(query.from === undefined ? {} : { fromMs: query.from }),
    ...(query.to === undefined ? {} : { toMs: query.to }),
    ...(query.account === undefined ? {} : { payerAccountId: query.account }),
    ...(query.owner === undefined ? {} : { accountId: query.owner }),
    ...(query.call === undefined ? {} : { callId: query.call }),
    ...(query.room === undefined ? {} : { roomId: query.room }),
    ...(query.roomSession === undefined ? {} : { roomSessionId: query.roomSession }),
    ...(query.direction === undefined ? {} : { direction: query.direction }),
    ...(query.trunk === undefined ? {} : { trunkId: query.trunk }),
    ...(query.role === undefined ? {} : { roomRole: query.role }),
    ...(query.cause === undefined ? {} : { hangupCause: query.cause }),
    ...(query.result === undefined ? {} : { result: query.result }),
    ...(query.number === undefined
      ? {}
      : { number: { field: query.numberField, match: query.numberMatch, number: query.number } }),
  };
}

function cdrJson(cdr: FoundCdr): z.infer<typeof cdrSchema> {
  const { rating, nodeId: _, nodeSequence: __, ...leg } = cdr;
  return {
    ...leg,
    charge: rating && moneyJson(rating.charge),
    heldCapped: rating && rating.heldCapped,
    working: rating && rating.working,
    ledgerTransactionId: rating && rating.ledgerTransactionId,
    cost: moneyOrNull(rating?.cost?.amount),
    margin: moneyOrNull(rating?.cost?.margin),
    costWorking: rating?.cost?.working ?? null,
  };
}

function moneyOrNull(amount: Money | null | undefined): z.infer<typeof moneySchema> | null {
  return amount ? moneyJson(amount) : null;
}

async function* csvRows(found: AsyncIterable<FoundCdr>) {
  for await (const cdr of found) {
    yield {
      ...cdr,
      startedAt: iso(cdr.startedAtMs),
      ringingAt: iso(cdr.ringingAtMs),
      answeredAt: iso(cdr.answeredAtMs),
      chargedFrom: iso(cdr.chargedFromMs),
      endedAt: iso(cdr.endedAtMs),
      chargeMicros: cdr.rating?.charge.amountMicros.toString() ?? '',
      currency: cdr.rating?.charge.currency ?? '',
      ledgerTransactionId: cdr.rating?.ledgerTransactionId ?? '',
      costMicros: cdr.rating?.cost?.amount?.amountMicros.toString() ?? '',
      costCurrency: cdr.rating?.cost?.amount?.currency ?? '',
      // A number, not text: what is below zero is no formula.
      marginMicros: cdr.rating?.cost?.margin?.amountMicros ?? '',
    };
  }
}

function iso(ms: number | null): string {
  return ms === null ? '' : new Date(ms).toISOString();
}
