import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { z } from 'zod';
import type { Caller } from '../../http/api-keys';
import {
  countrySchema,
  flagSchema,
  limitSchema,
  lineFaultsSchema,
  OWN_ROOM,
  type Route,
  route,
} from '../../http/route';
import { maskNumber } from '../../kernel/phone-number';
import type { Database } from '../../kernel/unit-of-work';
import { ROOM_ROLES } from '../../kernel/room-role';
import { ROOM_LANGUAGES } from '../room-rules';
import { roomById } from '../rooms-store';
import { importList } from './import-list';
import type { ListEntry } from './list-entry';
import { LIST_COLUMN_NAMES, writtenNumber } from './list-line';
import { addListEntry, changeListEntry, deleteListEntry, listEntries, listEntryById } from './list-store';
import { MAX_LIST_FILE_BYTES } from './read-list-file';

/** Entries of the export read at a time. */
const EXPORT_PAGE = 500;

const momentSchema = z.number().int().min(0).nullable();
const entrySchema = z.object({
  id: z.string(),
  roomId: z.string(),
  name: z.string(),
  number: z.string(),
  role: z.enum(ROOM_ROLES),
  language: z.enum(ROOM_LANGUAGES).nullable(),
  mayEnter: z.boolean(),
  dialOut: z.boolean(),
  validFromMs: momentSchema,
  validUntilMs: momentSchema,
  createdAtMs: z.number(),
});
const wishSchema = z.object({
  name: z.string().max(200),
  number: z.string().max(40),
  role: z.enum(ROOM_ROLES),
  language: z.enum(ROOM_LANGUAGES).nullable(),
  mayEnter: z.boolean(),
  dialOut: z.boolean(),
  validFromMs: momentSchema,
  validUntilMs: momentSchema,
});
const roomParams = z.object({ roomId: z.string().max(36) });
const entryParams = roomParams.extend({ entryId: z.string().max(36) });
const countryQuery = z.object({ country: countrySchema.optional() });
const reportSchema = z.object({
  imported: z.boolean(),
  lines: z.number(),
  added: z.number(),
  changed: z.number(),
  unchanged: z.number(),
  removed: z.number(),
  faultCount: z.number(),
  faults: lineFaultsSchema,
});

/** URLs of rooms' number lists. Numbers are whole only for those who may see them. */
export function listRoutes(database: Database): readonly Route[] {
  return [...entryRoutes(database), ...fileRoutes(database)];
}

function entryRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/rooms/{roomId}/list',
      summary: 'Number list of a room, in the order it was written',
      scope: 'rooms:read',
      own: OWN_ROOM,
      params: roomParams,
      query: z.object({ after: z.string().max(36).optional(), limit: limitSchema }),
      answer: {
        kind: 'json',
        schema: z.object({ entries: z.array(entrySchema), next: z.string().nullable() }),
      },
      handle: async ({ params, query, caller }) => {
        await roomById(database.read, params.roomId);
        const entries = await listEntries(database.read, params.roomId, {
          afterId: query.after,
          limit: query.limit,
        });
        return {
          entries: entries.map((entry) => shownTo(caller, entry)),
          next: entries.length === query.limit ? (entries.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/rooms/{roomId}/list/{entryId}',
      summary: 'One entry of the number list',
      scope: 'rooms:read',
      own: OWN_ROOM,
      params: entryParams,
      answer: { kind: 'json', schema: entrySchema },
      handle: async ({ params, caller }) =>
        shownTo(caller, await listEntryById(database.read, params.roomId, params.entryId)),
    }),
    route({
      method: 'post',
      path: '/rooms/{roomId}/list',
      summary: 'Puts a number on the list; the country says where a number without country code is',
      scope: 'rooms:write',
      own: OWN_ROOM,
      params: roomParams,
      query: countryQuery,
      body: wishSchema.extend({
        role: wishSchema.shape.role.default('speaker'),
        language: wishSchema.shape.language.default(null),
        mayEnter: z.boolean().default(true),
        dialOut: z.boolean().default(false),
        validFromMs: momentSchema.default(null),
        validUntilMs: momentSchema.default(null),
      }),
      answer: { kind: 'json', status: 201, schema: entrySchema },
      handle: async ({ params, query, body, caller, nowMs }) => {
        const wish = { ...body, number: writtenNumber(body.number, query.country) };
        return shownTo(caller, await addListEntry(database, params.roomId, wish, nowMs));
      },
    }),
    route({
      method: 'patch',
      path: '/rooms/{roomId}/list/{entryId}',
      summary: 'Changes an entry of the number list; what is left out stays',
      scope: 'rooms:write',
      own: OWN_ROOM,
      params: entryParams,
      query: countryQuery,
      body: wishSchema.partial(),
      answer: { kind: 'json', schema: entrySchema },
      handle: async ({ params, query, body, caller }) => {
        const number = body.number === undefined ? undefined : writtenNumber(body.number, query.country);
        return shownTo(caller, await changeListEntry(database, params, { ...body, number }));
      },
    }),
    route({
      method: 'delete',
      path: '/rooms/{roomId}/list/{entryId}',
      summary: 'Takes a number off the list',
      scope: 'rooms:write',
      own: OWN_ROOM,
      params: entryParams,
      answer: { kind: 'json', schema: z.object({ deleted: z.literal(true) }) },
      handle: async ({ params }) => {
        await deleteListEntry(database, params.roomId, params.entryId);
        return { deleted: true };
      },
    }),
  ];
}

function fileRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/rooms/{roomId}/list/import',
      summary: `Imports a number list from CSV with the columns ${LIST_COLUMN_NAMES.join(', ')}; every fault with its line`,
      scope: 'rooms:write',
      own: OWN_ROOM,
      params: roomParams,
      query: z.object({
        mode: z.enum(['merge', 'replace']).default('merge'),
        dryRun: flagSchema,
        skipFaulty: flagSchema,
        country: countrySchema.optional(),
      }),
      upload: { contentType: 'text/csv', maxBytes: MAX_LIST_FILE_BYTES },
      answer: { kind: 'json', schema: reportSchema },
      handle: async ({ params, query, upload, nowMs }) =>
        importList(
          database,
          params.roomId,
          {
            file: upload,
            mode: query.mode,
            dryRun: query.dryRun === 'true',
            skipFaulty: query.skipFaulty === 'true',
            country: query.country,
          },
          nowMs,
        ),
    }),
    route({
      method: 'get',
      path: '/rooms/{roomId}/list.csv',
      summary: 'The number list as CSV, which an import takes again',
      scope: 'rooms:read',
      own: OWN_ROOM,
      params: roomParams,
      answer: { kind: 'stream', contentType: 'text/csv', about: 'One line a number; times in ISO 8601' },
      handle: async ({ params, caller }, { res }) => {
        await roomById(database.read, params.roomId);
        res.type('text/csv').setHeader('Content-Disposition', 'attachment; filename="number-list.csv"');
        // escape_formulas: a name may not become a formula in somebody's spreadsheet; the import takes its apostrophes off again.
        const csv = stringify({ header: true, columns: [...LIST_COLUMN_NAMES], escape_formulas: true });
        await pipeline(Readable.from(csvRows(database, params.roomId, caller)), csv, res);
      },
    }),
  ];
}

async function* csvRows(database: Database, roomId: string, caller: Caller) {
  let afterId = '';
  for (;;) {
    const entries = await listEntries(database.read, roomId, { afterId, limit: EXPORT_PAGE });
    for (const entry of entries.map((one) => shownTo(caller, one)))
      yield {
        name: entry.name,
        number: entry.number,
        role: entry.role,
        language: entry.language ?? '',
        may_enter: entry.mayEnter ? 'yes' : 'no',
        dial_out: entry.dialOut ? 'yes' : 'no',
        valid_from: iso(entry.validFromMs),
        valid_until: iso(entry.validUntilMs),
      };
    const last = entries.at(-1);
    if (!last || entries.length < EXPORT_PAGE) return;
    afterId = last.id;
  }
}

function shownTo(caller: Caller, entry: ListEntry): z.infer<typeof entrySchema> {
  return caller.scopes.includes('numbers:full') ? entry : { ...entry, number: maskNumber(entry.number) };
}

function iso(ms: number | null): string {
  return ms === null ? '' : new Date(ms).toISOString();
}
