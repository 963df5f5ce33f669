import { z } from 'zod';
import { OWN_ACCOUNT, type Route, route, timeSchema } from '../../http/route';
import { readAccount } from '../../accounts/accounts-store';
import type { Database } from '../../kernel/unit-of-work';
import { BUNDLE_PERIODS } from './bundle';
import { endBundle, grantBundle, listBundles } from './bundles-store';

const bundleSchema = z.object({
  id: z.string(),
  accountId: z.string(),
  name: z.string(),
  secondsPerPeriod: z.number(),
  period: z.enum(BUNDLE_PERIODS),
  priority: z.number(),
  validFromMs: z.number(),
  validUntilMs: z.number(),
  prefixes: z.array(z.string()),
});
const accountParams = z.object({ accountId: z.string().max(36) });

/** URLs of included minutes. */
export function bundleRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/bundles',
      summary: 'Included minutes in the order of their use, with what this period has left',
      scope: 'accounts:read',
      own: OWN_ACCOUNT,
      params: accountParams,
      answer: {
        kind: 'json',
        schema: z.object({
          bundles: z.array(bundleSchema.extend({ heldSeconds: z.number(), usedSeconds: z.number() })),
        }),
      },
      handle: async ({ params, nowMs }) => {
        await readAccount(database.read, params.accountId);
        return { bundles: await listBundles(database.read, params.accountId, nowMs) };
      },
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/bundles',
      summary: 'Grants minutes to numbers that begin with one of the prefixes',
      scope: 'ledger:write',
      params: accountParams,
      body: z.object({
        name: z.string().trim().min(1).max(100),
        secondsPerPeriod: z.number().int().min(1),
        period: z.enum(BUNDLE_PERIODS).default('month'),
        priority: z.number().int().min(0).max(1_000).default(100),
        validFrom: timeSchema.optional(),
        validUntil: timeSchema,
        prefixes: z.array(z.string().max(14)).min(1).max(200),
      }),
      answer: { kind: 'json', status: 201, schema: bundleSchema },
      handle: ({ params, body: { validFrom, validUntil, ...body }, nowMs }) =>
        grantBundle(database, {
          ...body,
          accountId: params.accountId,
          validFromMs: validFrom ?? nowMs,
          validUntilMs: validUntil,
          nowMs,
        }),
    }),
    route({
      method: 'delete',
      path: '/bundles/{bundleId}',
      summary: 'Ends a bundle now; what running calls hold of it stays theirs',
      scope: 'ledger:write',
      params: z.object({ bundleId: z.string().max(36) }),
      answer: { kind: 'json', schema: z.object({ ended: z.literal(true) }) },
      handle: async ({ params, nowMs }) => {
        await database.write((sql) => endBundle(sql, params.bundleId, nowMs));
        return { ended: true };
      },
    }),
  ];
}
