import { z } from 'zod';
import type { Caller } from '../http/api-keys';
import { Denied } from '../http/error-response';
import { type Route, route } from '../http/route';
import { addressOf, sessionSecretOf } from '../http/session-door';
import type { Database } from '../kernel/unit-of-work';
import { readPerson } from './people-store';
import { doneSchema, keepSession, passwordSchema, visitorOf, whoAsks } from './session-routes';
import { findSession } from './sessions';
import {
  beginTotp,
  confirmTotp,
  removeTotp,
  renewRecoveryCodes,
  showSecondFactor,
} from './set-up-second-factor';
import { mustBePassword } from './sign-in';

const codeSchema = z.string().trim().min(1).max(40);
const codesSchema = z.object({ recoveryCodes: z.array(z.string()) });

/** URLs of authenticator programs and recovery codes. `key` seals secrets: 32 bytes. */
export function secondFactorRoutes(database: Database, key: Buffer): readonly Route[] {
  const person = (caller: Caller) => readPerson(database.read, whoAsks(caller).personId);
  return [
    route({
      method: 'post',
      path: '/session/second-factor',
      summary: 'Ends signing in with a code, after the password',
      scope: 'public',
      remembered: false,
      body: z.object({ method: z.enum(['totp', 'recovery-code']), code: codeSchema }),
      answer: { kind: 'json', schema: z.object({ state: z.literal('signed-in') }) },
      handle: async ({ body, nowMs }, { req, res }) => {
        const found = await findSession(database.read, sessionSecretOf(req) ?? '', nowMs);
        if (found?.session.stage !== 'second-factor')
          throw new Denied(
            'unauthenticated',
            'sign in with your password first; the code follows within ten minutes',
          );
        const wish = {
          ...body,
          person: found.person,
          waiting: found.session,
          visitor: visitorOf(req),
          nowMs,
        };
        keepSession(res, await showSecondFactor(database, key, wish), nowMs);
        return { state: 'signed-in' };
      },
    }),
    route({
      method: 'post',
      path: '/me/totp',
      summary: 'Begins to set up an authenticator program; it counts once a code of it is confirmed',
      scope: 'signed-in',
      remembered: false,
      answer: { kind: 'json', schema: z.object({ secret: z.string(), uri: z.string() }) },
      handle: async ({ caller, nowMs }) => beginTotp(database, key, { person: await person(caller), nowMs }),
    }),
    route({
      method: 'post',
      path: '/me/totp/confirm',
      summary: 'Ends setting up; gives recovery codes, which are told this once',
      scope: 'signed-in',
      remembered: false,
      body: z.object({ code: codeSchema }),
      answer: { kind: 'json', schema: codesSchema },
      handle: async ({ caller, body, nowMs }, { req }) => ({
        recoveryCodes: await confirmTotp(database, key, {
          ...body,
          person: await person(caller),
          address: addressOf(req),
          nowMs,
        }),
      }),
    }),
    route({
      method: 'post',
      path: '/me/totp/remove',
      summary: 'Takes the authenticator program away',
      scope: 'signed-in',
      remembered: false,
      body: z.object({ password: passwordSchema }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ caller, body, nowMs }, { req }) => {
        const who = await person(caller);
        const asked = { ...body, person: who, field: 'password', visitor: visitorOf(req), nowMs };
        await mustBePassword(database, asked);
        await removeTotp(database, { person: who, address: addressOf(req), nowMs });
        return { done: true };
      },
    }),
    route({
      method: 'post',
      path: '/me/recovery-codes',
      summary: 'Makes recovery codes anew, told this once; earlier ones stop counting',
      scope: 'signed-in',
      remembered: false,
      answer: { kind: 'json', schema: codesSchema },
      handle: async ({ caller, nowMs }, { req }) => ({
        recoveryCodes: await renewRecoveryCodes(database, {
          person: await person(caller),
          address: addressOf(req),
          nowMs,
        }),
      }),
    }),
  ];
}
