import { z } from 'zod';
import { flagSchema, limitSchema, lineFaultsSchema, route, type Route, timeSchema } from '../../http/route';
import { readForm } from '../../csv/import-forms-store';
import { InvalidInput, NotFound } from '../../kernel/app-error';
import { currency } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { type DeckImports, findImport, listImports } from './deck-imports';
import { checkRateFileForm, type RateFileForm, rateFileFormSchema } from './rate-file-form';

/** Half a million lines of a hundred bytes fit. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

const differenceSchema = z.object({
  new: z.number(),
  dearer: z.number(),
  cheaper: z.number(),
  changed: z.number(),
  ended: z.number(),
  unchanged: z.number(),
  largestChanges: z.array(
    z.object({
      prefix: z.string(),
      destination: z.string(),
      beforeMicros: z.number(),
      afterMicros: z.number(),
      percent: z.number().nullable(),
    }),
  ),
});

const importSchema = z.object({
  id: z.string(),
  deckName: z.string(),
  sourceName: z.string(),
  isDryRun: z.boolean(),
  state: z.enum(['running', 'done', 'refused', 'failed']),
  step: z.string(),
  doneCount: z.number(),
  problem: z.string().nullable(),
  startedAtMs: z.number(),
  changedAtMs: z.number(),
  report: z
    .object({
      published: z.boolean(),
      publishAtMs: z.number().nullable(),
      deckId: z.string().nullable(),
      version: z.number().nullable(),
      rateCount: z.number(),
      lineCount: z.number(),
      difference: differenceSchema.nullable(),
      effect: z
        .object({
          fromMs: z.number(),
          untilMs: z.number(),
          calls: z.number(),
          presentMicros: z.string(),
          newMicros: z.string(),
          withoutPrice: z.number(),
        })
        .nullable(),
      faultCount: z.number(),
      faults: lineFaultsSchema,
    })
    .nullable(),
});

/** URLs of imports of prices: begun, followed, and their reports. */
export function deckImportRoutes(database: Database, imports: DeckImports): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/deck-imports',
      summary:
        'Begins to bring a file of prices into a deck, made when it is not there; ask the import for progress and report',
      scope: 'decks:write',
      query: z.object({
        deck: z.string().min(1).max(100),
        currency: z.string().length(3),
        sourceName: z.string().max(255).default('upload.csv'),
        /** A form that was kept; left out, the file is in our own form. */
        form: z.string().max(60).optional(),
        dryRun: flagSchema,
        /** Prices of the deck that the file does not name end. */
        replaces: flagSchema,
        publishAt: timeSchema.optional(),
      }),
      upload: { contentType: 'text/csv', maxBytes: MAX_FILE_BYTES },
      answer: { kind: 'json', status: 201, schema: importSchema },
      handle: async ({ query, upload, nowMs }) => {
        if (query.publishAt !== undefined && query.publishAt <= nowMs)
          throw new InvalidInput('publishAt', 'is past', 'leave it out to publish at once');
        return imports.begin({
          deckName: query.deck,
          currency: currency(query.currency),
          file: upload,
          sourceName: query.sourceName,
          form: query.form === undefined ? null : await keptRateForm(database, query.form),
          publishAtMs: query.publishAt ?? null,
          replaces: query.replaces === 'true',
          isDryRun: query.dryRun === 'true',
        });
      },
    }),
    route({
      method: 'get',
      path: '/deck-imports',
      summary: 'Imports of prices, the newest first',
      scope: 'decks:read',
      query: z.object({ before: z.string().max(36).optional(), limit: limitSchema }),
      answer: {
        kind: 'json',
        schema: z.object({ imports: z.array(importSchema), next: z.string().nullable() }),
      },
      handle: async ({ query, nowMs }) => {
        const page = { before: query.before ?? null, limit: query.limit, nowMs };
        const found = await listImports(database.read, page);
        const last = found.length === query.limit ? found.at(-1) : undefined;
        return { imports: found, next: last?.id ?? null };
      },
    }),
    route({
      method: 'get',
      path: '/deck-imports/{importId}',
      summary:
        'How far an import is, and its report: faults by line, difference, effect on last month’s calls',
      scope: 'decks:read',
      params: z.object({ importId: z.string().max(36) }),
      answer: { kind: 'json', schema: importSchema },
      handle: async ({ params, nowMs }) => {
        const found = await findImport(database.read, params.importId, nowMs);
        if (!found) throw new NotFound('import', params.importId);
        return found;
      },
    }),
  ];
}

/** A form of rate files that was kept under a name. @throws NotFound */
export async function keptRateForm(database: Database, name: string): Promise<RateFileForm> {
  return checkRateFileForm(rateFileFormSchema.parse((await readForm(database.read, 'rates', name)).form));
}
