import { z } from 'zod';
import { limitSchema, type Route, route, timeSchema } from '../http/route';
import type { Database } from '../kernel/unit-of-work';
import { listEntries } from './audit-log';

const entrySchema = z.object({
  entryNumber: z.number(),
  atMs: z.number(),
  actor: z.object({ kind: z.string(), id: z.string(), label: z.string() }),
  action: z.string(),
  subject: z.string(),
  reason: z.string().nullable(),
  address: z.string().nullable(),
  facts: z.record(z.string(), z.unknown()),
});

/** URLs of the audit log. */
export function auditRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/audit',
      summary: 'Who did what, the newest first',
      scope: 'audit:read',
      query: z.object({
        actorId: z.string().max(36).optional(),
        subject: z.string().max(300).optional(),
        action: z.string().max(60).optional(),
        from: timeSchema.optional(),
        until: timeSchema.optional(),
        before: z.coerce.number().int().min(1).optional(),
        limit: limitSchema,
      }),
      answer: {
        kind: 'json',
        schema: z.object({ entries: z.array(entrySchema), next: z.number().nullable() }),
      },
      handle: async ({ query }) => {
        const found = await listEntries(database.report, {
          actorId: query.actorId ?? null,
          subject: query.subject ?? null,
          action: query.action ?? null,
          fromMs: query.from ?? null,
          untilMs: query.until ?? null,
          before: query.before ?? null,
          limit: query.limit,
        });
        const entries = found.slice(0, query.limit);
        return {
          entries,
          next: found.length > query.limit ? (entries.at(-1)?.entryNumber ?? null) : null,
        };
      },
    }),
  ];
}
