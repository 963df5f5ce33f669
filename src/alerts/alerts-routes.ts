import { z } from 'zod';
import { cursorSchema, encodeCursor, limitSchema, type Route, route, timeSchema } from '../http/route';
import type { Sql } from '../kernel/unit-of-work';
import { listAlerts } from './alerts-store';

const alertSchema = z.object({
  id: z.string(),
  kind: z.string(),
  ownerAccountId: z.string().nullable(),
  roomId: z.string().nullable(),
  callerNumber: z.string().nullable(),
  trunkId: z.string().nullable(),
  details: z.record(z.string(), z.unknown()).nullable(),
  raisedAtMs: z.number(),
});

const positionSchema = z.object({ raisedAtMs: z.number().int(), id: z.string().max(36) });

/** URLs of alerts. Numbers are whole only for those who may see them. */
export function alertRoutes(sql: Sql): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/alerts',
      summary: 'What somebody must be told, the newest first',
      scope: 'alerts:read',
      query: z.object({
        owner: z.string().max(36).optional(),
        kind: z.string().max(40).optional(),
        from: timeSchema.optional(),
        to: timeSchema.optional(),
        limit: limitSchema,
        cursor: cursorSchema(positionSchema).optional(),
      }),
      answer: {
        kind: 'json',
        schema: z.object({ alerts: z.array(alertSchema), next: z.string().nullable() }),
      },
      handle: async ({ query, caller }) => {
        const { alerts, next } = await listAlerts(sql, {
          ...(query.owner === undefined ? {} : { ownerAccountId: query.owner }),
          ...(query.kind === undefined ? {} : { kind: query.kind }),
          ...(query.from === undefined ? {} : { fromMs: query.from }),
          ...(query.to === undefined ? {} : { toMs: query.to }),
          after: query.cursor ?? null,
          limit: query.limit,
          numbers: caller.scopes.includes('numbers:full') ? 'full' : 'masked',
        });
        return { alerts, next: next ? encodeCursor(next) : null };
      },
    }),
  ];
}
