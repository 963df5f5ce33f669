import { z } from 'zod';
import { type Route, route } from '../../http/route';
import type { Database } from '../../kernel/unit-of-work';
import {
  HOUSE_MAX_INBOUND,
  HOUSE_MAX_OUTBOUND,
  LIMIT_KINDS,
  readCallLimits,
  setCallLimit,
} from './call-limits';

const limitParams = z.object({ kind: z.enum(LIMIT_KINDS), id: z.string().min(1).max(36) });
const limitsSchema = z.object({
  limits: z.array(z.object({ kind: z.enum(LIMIT_KINDS), id: z.string(), most: z.number() })),
  house: z.object({ accountIn: z.number(), accountOut: z.number() }),
});

/** URLs of how many calls may go on at once. */
export function limitRoutes(database: Database): readonly Route[] {
  const limitsOf = async (id: string) => ({
    limits: await readCallLimits(database.read, id),
    house: { accountIn: HOUSE_MAX_INBOUND, accountOut: HOUSE_MAX_OUTBOUND },
  });
  return [
    route({
      method: 'get',
      path: '/call-limits/{id}',
      summary: 'Limits that were set for an account or a room, and the house’s for all others',
      scope: 'accounts:read',
      params: z.object({ id: z.string().min(1).max(36) }),
      answer: { kind: 'json', schema: limitsSchema },
      handle: ({ params }) => limitsOf(params.id),
    }),
    route({
      method: 'patch',
      path: '/call-limits/{kind}/{id}',
      summary: 'Sets how many calls may go on at once; null gives back the house’s limit; running calls stay',
      scope: 'accounts:write',
      params: limitParams,
      body: z.object({ most: z.number().int().min(0).nullable() }),
      answer: { kind: 'json', schema: limitsSchema },
      handle: async ({ params, body }) => {
        await database.write((sql) => setCallLimit(sql, { ...params, most: body.most }));
        return limitsOf(params.id);
      },
    }),
  ];
}
