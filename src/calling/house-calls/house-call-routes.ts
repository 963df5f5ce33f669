import { z } from 'zod';
import { OWN_ACCOUNT, type Route, route } from '../../http/route';
import type { HouseCalls } from './house-calls';

/** URLs of calls that an account has the house make. */
export function houseCallRoutes(houseCalls: HouseCalls): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/accounts/{accountId}/call-backs',
      summary: 'Calls one number and then another and connects them; the account pays both legs',
      scope: 'calls:begin',
      own: OWN_ACCOUNT,
      params: z.object({ accountId: z.string().max(36) }),
      body: z.object({ first: z.string().trim().min(1).max(40), second: z.string().trim().min(1).max(40) }),
      answer: { kind: 'json', status: 201, schema: z.object({ callId: z.string() }) },
      handle: async ({ params, body }) => ({
        callId: await houseCalls.callBack({ accountId: params.accountId, ...body }),
      }),
    }),
  ];
}
