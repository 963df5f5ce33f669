import { z } from 'zod';
import { cursorSchema, encodeCursor, limitSchema, type Route, route, timeSchema } from '../http/route';
import type { Database } from '../kernel/unit-of-work';
import { closeCase, listCases } from './cases-store';
import { DIFFERENCE_KINDS } from './reconcile';

const caseSchema = z.object({
  id: z.string(),
  kind: z.enum(DIFFERENCE_KINDS),
  cdrId: z.string(),
  legId: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
  state: z.enum(['open', 'closed']),
  openedAtMs: z.number(),
  closedAtMs: z.number().nullable(),
  closedBy: z.string().nullable(),
  note: z.string().nullable(),
});

const positionSchema = z.object({ openedAtMs: z.number().int(), id: z.string().max(36) });

/** URLs of the differences between our records and the media server's. */
export function caseRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/cases',
      summary: 'Differences between our records of legs and the media server’s, the newest first',
      scope: 'cases:read',
      query: z.object({
        state: z.enum(['open', 'closed']).optional(),
        kind: z.enum(DIFFERENCE_KINDS).optional(),
        cdr: z.string().max(64).optional(),
        from: timeSchema.optional(),
        to: timeSchema.optional(),
        limit: limitSchema,
        cursor: cursorSchema(positionSchema).optional(),
      }),
      answer: { kind: 'json', schema: z.object({ cases: z.array(caseSchema), next: z.string().nullable() }) },
      handle: async ({ query }) => {
        const { cases, next } = await listCases(database.read, {
          ...(query.state === undefined ? {} : { state: query.state }),
          ...(query.kind === undefined ? {} : { kind: query.kind }),
          ...(query.cdr === undefined ? {} : { cdrId: query.cdr }),
          ...(query.from === undefined ? {} : { fromMs: query.from }),
          ...(query.to === undefined ? {} : { toMs: query.to }),
          after: query.cursor ?? null,
          limit: query.limit,
        });
        return { cases, next: next ? encodeCursor(next) : null };
      },
    }),
    route({
      method: 'post',
      path: '/cases/{caseId}/close',
      summary: 'Closes a case with what was found out; who closes it is the key’s label',
      scope: 'cases:close',
      params: z.object({ caseId: z.string().max(36) }),
      body: z.object({ note: z.string().trim().min(1).max(500) }),
      answer: { kind: 'json', schema: caseSchema },
      handle: ({ params, body, caller, nowMs }) =>
        closeCase(database, {
          id: params.caseId,
          note: body.note,
          closedBy: `${caller.label.slice(0, 80)} (${caller.id})`,
          nowMs,
        }),
    }),
  ];
}
