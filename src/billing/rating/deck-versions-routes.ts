import { z } from 'zod';
import { limitSchema, route, type Route } from '../../http/route';
import { Conflict, NotFound } from '../../kernel/app-error';
import { currency } from '../../kernel/money';
import type { Database, Sql } from '../../kernel/unit-of-work';
import { createDeck, readDeck } from './decks-store';
import { exportRates } from './export-rates';
import { cancelScheduled, returnToFormer, setCalendar } from './publish-version';
import { deckHeadAt, findCalendar } from './rates-store';
import { bandCalendarSchema } from './time-bands';
import { findVersion, listVersions } from './versions-store';

const calendarSchema = bandCalendarSchema.nullable();
const versionSchema = z.object({
  version: z.number(),
  kind: z.enum(['import', 'calendar', 'return']),
  state: z.enum(['staging', 'scheduled', 'published', 'withdrawn', 'cancelled']),
  sourceName: z.string(),
  rateCount: z.number(),
  calendar: calendarSchema,
  startedAtMs: z.number(),
  publishAtMs: z.number().nullable(),
  publishedAtMs: z.number().nullable(),
  publishedAs: z.number().nullable(),
  withdrawnAs: z.number().nullable(),
});
const deckParams = z.object({ deckId: z.string().max(36) });
const versionParams = deckParams.extend({ version: z.coerce.number().int().min(1) });

/** URLs of a deck's history: what changed it, its time bands, and the way back. */
export function deckVersionRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/decks',
      summary: 'Makes a rate deck without rates; import files into it, or set its time bands first',
      scope: 'decks:write',
      body: z.strictObject({
        name: z.string().min(1).max(100),
        currency: z.string().length(3),
        chargeDecimals: z.int().min(0).max(6).default(6),
      }),
      answer: { kind: 'json', status: 201, schema: z.object({ id: z.string() }) },
      handle: async ({ body, nowMs }) => {
        const wanted = { ...body, currency: currency(body.currency), nowMs };
        return { id: (await database.write((sql) => createDeck(sql, wanted))).id };
      },
    }),
    route({
      method: 'get',
      path: '/decks/{deckId}/versions',
      summary: 'What changed the deck: imports, time bands and returns, the newest first',
      scope: 'decks:read',
      params: deckParams,
      query: z.object({ before: z.coerce.number().int().optional(), limit: limitSchema }),
      answer: {
        kind: 'json',
        schema: z.object({ versions: z.array(versionSchema), next: z.number().nullable() }),
      },
      handle: async ({ params, query }) => {
        await readDeck(database.read, params.deckId);
        const page = { before: query.before ?? null, limit: query.limit };
        const versions = await listVersions(database.read, params.deckId, page);
        const last = versions.length === query.limit ? versions.at(-1) : undefined;
        return { versions, next: last?.version ?? null };
      },
    }),
    route({
      method: 'get',
      path: '/decks/{deckId}/versions/{version}',
      summary: 'One version of the deck',
      scope: 'decks:read',
      params: versionParams,
      answer: { kind: 'json', schema: versionSchema },
      handle: async ({ params }) => {
        const version = await findVersion(database.read, params.deckId, params.version);
        if (!version) throw new NotFound('version', String(params.version));
        return version;
      },
    }),
    route({
      method: 'post',
      path: '/decks/{deckId}/versions/{version}/cancel',
      summary: 'Calls off a version that waits for its moment',
      scope: 'decks:write',
      params: versionParams,
      answer: { kind: 'json', schema: versionSchema },
      handle: async ({ params }) => {
        await cancelScheduled(database, params);
        return findVersion(database.read, params.deckId, params.version);
      },
    }),
    route({
      method: 'post',
      path: '/decks/{deckId}/return',
      summary: 'Takes the latest version back: what counted before it counts again',
      scope: 'decks:write',
      params: deckParams,
      body: z.strictObject({
        /** The version that is to be taken back, so that two who press at once take back one. */
        expected: z.int().min(1).optional(),
      }),
      answer: { kind: 'json', schema: z.object({ version: z.number(), withdrawn: z.number() }) },
      handle: ({ params, body, nowMs }) =>
        returnToFormer(database, { deckId: params.deckId, nowMs, expected: body.expected ?? null }),
    }),
    route({
      method: 'get',
      path: '/decks/{deckId}/calendar',
      summary: 'The deck’s time bands; null when prices do not depend on the time',
      scope: 'decks:read',
      params: deckParams,
      answer: { kind: 'json', schema: z.object({ calendar: calendarSchema }) },
      handle: async ({ params }) => ({
        calendar: await findCalendar(database.read, await headOf(database.read, params.deckId)),
      }),
    }),
    route({
      method: 'post',
      path: '/decks/{deckId}/calendar',
      summary: 'Sets the deck’s time bands, as a version of its own; calls that go on keep their price',
      scope: 'decks:write',
      params: deckParams,
      body: bandCalendarSchema,
      answer: { kind: 'json', schema: z.object({ version: z.number() }) },
      handle: async ({ params, body, nowMs }) => ({
        version: await setCalendar(database, { deckId: params.deckId, calendar: body, nowMs }),
      }),
    }),
    route({
      method: 'get',
      path: '/decks/{deckId}/rates.csv',
      summary: 'All rates of the deck as a file that import reads, as they are now or were in a version',
      scope: 'decks:read',
      params: deckParams,
      query: z.object({ version: z.coerce.number().int().min(0).optional() }),
      answer: { kind: 'stream', contentType: 'text/csv', about: 'One line a rate' },
      handle: async ({ params, query }, { res }) => {
        const head = await headOf(database.read, params.deckId, query.version);
        res.type('text/csv');
        res.setHeader('Content-Disposition', 'attachment; filename="rates.csv"');
        for await (const part of exportRates(database.report, head)) {
          if (res.destroyed) return;
          if (!res.write(part))
            await new Promise((resolve) => res.once('drain', resolve).once('close', resolve));
        }
        res.end();
      },
    }),
  ];
}

async function headOf(sql: Sql, deckId: string, version?: number) {
  const deck = await readDeck(sql, deckId);
  if (version !== undefined && version > deck.currentVersion)
    throw new Conflict(`the deck has come to version ${deck.currentVersion} only`, { deckId });
  return deckHeadAt(sql, deckId, version ?? deck.currentVersion);
}
