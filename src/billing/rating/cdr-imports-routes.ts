import { z } from 'zod';
import { type CdrFileForm, cdrFileFormSchema, checkCdrFileForm } from '../../cdr/mediation/cdr-file-form';
import { readForm } from '../../csv/import-forms-store';
import { cursorSchema, encodeCursor, limitSchema, route, type Route } from '../../http/route';
import { NotFound } from '../../kernel/app-error';
import type { Database } from '../../kernel/unit-of-work';
import { type CdrImports, listCdrImports, listToldLines, readCdrImport } from './cdr-imports';

const MAX_FILE_BYTES = 64 * 1024 * 1024;

const importSchema = z.object({
  id: z.string(),
  source: z.string(),
  fileName: z.string(),
  state: z.enum(['running', 'done', 'failed']),
  linesRead: z.number(),
  imported: z.number(),
  known: z.number(),
  refused: z.number(),
  capped: z.number(),
  problem: z.string().nullable(),
  startedAtMs: z.number(),
  changedAtMs: z.number(),
});
const lineSchema = z.object({
  line: z.number(),
  place: z.number(),
  outcome: z.enum(['known', 'refused', 'capped']),
  field: z.string(),
  problem: z.string(),
  remedy: z.string(),
  cdrId: z.string().nullable(),
});
const importParams = z.object({ importId: z.string().max(36) });
const positionSchema = z.object({ line: z.number().int(), place: z.number().int() });

/** URLs of imports of other switches' CDRs: begun, followed, and what is to be told of single lines. */
export function cdrImportRoutes(database: Database, imports: CdrImports): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/cdr-imports',
      summary:
        'Begins to bring in another switch’s CDRs: rated and charged like ours, each once however often it comes',
      scope: 'cdrs:import',
      query: z.object({ form: z.string().max(60), fileName: z.string().max(255).default('upload.csv') }),
      upload: { contentType: 'text/csv', maxBytes: MAX_FILE_BYTES },
      answer: { kind: 'json', status: 201, schema: importSchema },
      handle: async ({ query, upload }) =>
        imports.begin({
          file: upload,
          fileName: query.fileName,
          form: await keptCdrForm(database, query.form),
        }),
    }),
    route({
      method: 'get',
      path: '/cdr-imports',
      summary: 'Imports of CDRs, the newest first',
      scope: 'cdrs:read',
      query: z.object({ before: z.string().max(36).optional(), limit: limitSchema }),
      answer: {
        kind: 'json',
        schema: z.object({ imports: z.array(importSchema), next: z.string().nullable() }),
      },
      handle: async ({ query, nowMs }) => {
        const page = { before: query.before ?? null, limit: query.limit, nowMs };
        const found = await listCdrImports(database.read, page);
        const last = found.length === query.limit ? found.at(-1) : undefined;
        return { imports: found, next: last?.id ?? null };
      },
    }),
    route({
      method: 'get',
      path: '/cdr-imports/{importId}',
      summary: 'How far an import is',
      scope: 'cdrs:read',
      params: importParams,
      answer: { kind: 'json', schema: importSchema },
      handle: async ({ params, nowMs }) => {
        const found = await readCdrImport(database.read, params.importId, nowMs);
        if (!found) throw new NotFound('import', params.importId);
        return found;
      },
    }),
    route({
      method: 'get',
      path: '/cdr-imports/{importId}/lines',
      summary: 'Lines that were refused, known already, or could not be paid whole, in the file’s order',
      scope: 'cdrs:read',
      params: importParams,
      query: z.object({ limit: limitSchema, cursor: cursorSchema(positionSchema).optional() }),
      answer: { kind: 'json', schema: z.object({ lines: z.array(lineSchema), next: z.string().nullable() }) },
      handle: async ({ params, query }) => {
        const page = { after: query.cursor ?? null, limit: query.limit };
        const lines = await listToldLines(database.read, params.importId, page);
        const last = lines.length === query.limit ? lines.at(-1) : undefined;
        return { lines, next: last ? encodeCursor({ line: last.line, place: last.place }) : null };
      },
    }),
  ];
}

/** A form of CDR files that was kept under a name. @throws NotFound */
export async function keptCdrForm(database: Database, name: string): Promise<CdrFileForm> {
  return checkCdrFileForm(cdrFileFormSchema.parse((await readForm(database.read, 'cdrs', name)).form));
}
