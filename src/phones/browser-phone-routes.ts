import { z } from 'zod';
import { OWN_ACCOUNT, type Route, route } from '../http/route';
import type { Database } from '../kernel/unit-of-work';
import { type BrowserAccess, LOGIN_SECRETS, loginFor, loginSchema, mustReach } from './browser-access';
import { createBrowserLogin } from './devices-store';

/** The URL by which a page becomes a telephone of an account. */
export function browserPhoneRoutes(
  database: Database,
  realm: string,
  access: BrowserAccess,
): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/accounts/{accountId}/browser-phone',
      summary: 'Makes a page a telephone of the account for some hours; its password is told this once',
      scope: 'devices:write',
      own: OWN_ACCOUNT,
      params: z.object({ accountId: z.string().max(36) }),
      answer: { kind: 'json', status: 201, schema: loginSchema },
      toldOnce: LOGIN_SECRETS,
      handle: async ({ params, nowMs }) => {
        mustReach(access);
        const login = await createBrowserLogin(database, { accountId: params.accountId, realm, nowMs });
        return loginFor(access, login);
      },
    }),
  ];
}
