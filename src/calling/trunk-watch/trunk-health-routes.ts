import { z } from 'zod';
import { type Route, route } from '../../http/route';
import type { Sql } from '../../kernel/unit-of-work';
import { isOutward } from '../../trunks/trunk';
import { trunkById } from '../../trunks/trunks-store';
import type { TrunkWatch } from './trunk-watch';

const healthSchema = z.object({
  trunkId: z.string(),
  alive: z.boolean(),
  targets: z.array(
    z.object({
      host: z.string(),
      port: z.number().nullable(),
      alive: z.boolean(),
      failures: z.number(),
    }),
  ),
  registration: z.object({
    phase: z.enum(['none', 'elsewhere', 'stopped', 'trying', 'registered', 'waiting']),
    validUntilMs: z.number().nullable(),
    fault: z.string().nullable(),
  }),
});

/** What a trunk that no call goes out by is asked: nothing. */
const NOT_WATCHED = {
  alive: true,
  targets: [],
  registration: { phase: 'none', validUntilMs: null, fault: null },
} as const;

/** URL of how a trunk is. */
export function trunkHealthRoutes(sql: Sql, watch: TrunkWatch): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/trunks/{trunkId}/health',
      summary: 'Whether the targets of a trunk answer this node, and whether we are registered at it',
      scope: 'trunks:read',
      params: z.object({ trunkId: z.string().max(36) }),
      answer: { kind: 'json', schema: healthSchema },
      handle: async ({ params: { trunkId } }) => {
        const trunk = await trunkById(sql, trunkId);
        const health = isOutward(trunk) ? watch.health(trunk) : NOT_WATCHED;
        return { trunkId, ...health, targets: [...health.targets] };
      },
    }),
  ];
}
