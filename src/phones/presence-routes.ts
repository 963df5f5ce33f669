import { z } from 'zod';
import { OWN_ACCOUNT, type Route, route } from '../http/route';
import type { Database } from '../kernel/unit-of-work';
import { allowWatcher, forbidWatcher, watchersOf } from './presence-watchers-store';

const watcherSchema = z.object({ watcherAccountId: z.string(), addedAtMs: z.number() });
const listSchema = z.object({ watchers: z.array(watcherSchema) });
const ownerParams = z.object({ accountId: z.string().max(36) });

/** URLs of who may see whether an account is there. */
export function presenceRoutes(database: Database): readonly Route[] {
  const list = async (accountId: string) => ({ watchers: [...(await watchersOf(database.read, accountId))] });
  return [
    route({
      method: 'get',
      path: '/accounts/{accountId}/presence-watchers',
      summary: 'Accounts that may see whether this one is there; 200 at most',
      scope: 'devices:read',
      own: OWN_ACCOUNT,
      params: ownerParams,
      answer: { kind: 'json', schema: listSchema },
      handle: ({ params }) => list(params.accountId),
    }),
    route({
      method: 'post',
      path: '/accounts/{accountId}/presence-watchers',
      summary: 'Lets an account see whether this one is registered and whether it talks',
      scope: 'devices:write',
      own: OWN_ACCOUNT,
      params: ownerParams,
      body: z.object({ watcherAccountId: z.string().max(36) }),
      answer: { kind: 'json', status: 201, schema: listSchema },
      handle: async ({ params: { accountId }, body: { watcherAccountId }, nowMs }) => {
        await allowWatcher(database, { ownerAccountId: accountId, watcherAccountId, nowMs });
        return list(accountId);
      },
    }),
    route({
      method: 'delete',
      path: '/accounts/{accountId}/presence-watchers/{watcherAccountId}',
      summary: 'Takes an account off the list; what it watches now ends',
      scope: 'devices:write',
      own: OWN_ACCOUNT,
      params: ownerParams.extend({ watcherAccountId: z.string().max(36) }),
      answer: { kind: 'json', schema: listSchema },
      handle: async ({ params: { accountId, watcherAccountId } }) => {
        await database.write((sql) => forbidWatcher(sql, { ownerAccountId: accountId, watcherAccountId }));
        return list(accountId);
      },
    }),
  ];
}
