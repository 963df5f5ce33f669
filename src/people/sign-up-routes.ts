import { z } from 'zod';
import { beginProof, confirmProof, PROOF_CODE_DIGITS } from '../caller-id/prove-number';
import { isProven } from '../caller-id/proven-numbers-store';
import type { Caller } from '../http/api-keys';
import { countrySchema, languageSchema, type Route, route } from '../http/route';
import { Conflict } from '../kernel/app-error';
import { type E164, e164 } from '../kernel/phone-number';
import type { Database } from '../kernel/unit-of-work';
import { policyVersionSchema } from '../privacy/privacy-routes';
import { ticketSchema } from './provider-routes';
import { readPerson } from './people-store';
import { nameSchema } from './people-routes';
import {
  doneSchema,
  endEarlier,
  keepSession,
  mailSchema,
  passwordSchema,
  tokenSchema,
  visitorOf,
  whoAsks,
} from './session-routes';
import { confirmMail, signUp, type SignUpParts } from './sign-up';

/** URLs of signing up and of proving one's telephone. */
export function signUpRoutes({
  database,
  deckName,
  ticketKey,
  speakCode,
}: SignUpParts & {
  readonly database: Database;
  /** Calls a number and speaks a code there. */
  readonly speakCode: (wish: {
    readonly accountId: string;
    readonly number: E164;
    readonly code: string;
  }) => Promise<void>;
}): readonly Route[] {
  const phoneOf = async (caller: Caller) => {
    const { id, accountId, phone, phoneVerified } = await readPerson(database.read, whoAsks(caller).personId);
    if (accountId === null || phone === null)
      throw new Conflict('there is no account with a telephone number');
    return { personId: id, accountId, number: e164(phone), phoneVerified };
  };
  const noteVerified = (personId: string, nowMs: number) =>
    database.write((sql) =>
      sql.run('UPDATE people SET phone_verified_at_ms = ? WHERE id = ? AND phone_verified_at_ms IS NULL', [
        nowMs,
        personId,
      ]),
    );
  return [
    route({
      method: 'post',
      path: '/sign-ups',
      summary: 'Signs up: a mail with a link follows, and the account is opened when that is opened',
      scope: 'public',
      remembered: false,
      body: z.object({
        name: nameSchema,
        birthDate: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'is no date; write it as in 1990-12-31'),
        country: countrySchema,
        language: languageSchema,
        currency: z
          .string()
          .regex(/^[A-Z]{3}$/, 'is no currency; write three capital letters of ISO 4217, for example EUR')
          .optional(),
        phone: z
          .string()
          .max(20)
          .regex(/^\+[1-9]\d{6,14}$/, 'is no number; write +, country code and number'),
        mail: mailSchema,
        password: passwordSchema,
        policies: z.array(policyVersionSchema).max(50),
        cookies: z.strictObject({ analysis: z.boolean() }),
        ticket: ticketSchema.optional(),
      }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ body, nowMs }, { req }) => {
        const wish = { ...body, phone: e164(body.phone, 'phone') };
        await signUp(database, wish, { visitor: visitorOf(req), deckName, ticketKey, nowMs });
        return { done: true };
      },
    }),
    route({
      method: 'post',
      path: '/sign-ups/confirm-mail',
      summary: 'Opens the account by the mailed link, and signs in',
      scope: 'public',
      remembered: false,
      body: z.object({ token: tokenSchema }),
      answer: { kind: 'json', schema: z.object({ state: z.literal('signed-in') }) },
      handle: async ({ body, nowMs }, { req, res }) => {
        const done = await confirmMail(database, { ...body, visitor: visitorOf(req), nowMs });
        await endEarlier(database, req, nowMs);
        keepSession(res, done, nowMs);
        return { state: 'signed-in' };
      },
    }),
    route({
      method: 'post',
      path: '/me/phone/code',
      summary: 'Calls one’s telephone and speaks a code there',
      scope: 'signed-in',
      answer: { kind: 'json', schema: z.object({ expiresAtMs: z.number() }) },
      handle: async ({ caller, nowMs }) => {
        const { accountId, number } = await phoneOf(caller);
        const { code, expiresAtMs } = await beginProof(database, { accountId, number, nowMs });
        await speakCode({ accountId, number, code });
        return { expiresAtMs };
      },
    }),
    route({
      method: 'post',
      path: '/me/phone/confirm',
      summary: 'Proves one’s telephone with the code that was spoken',
      scope: 'signed-in',
      remembered: false,
      body: z.object({
        code: z.string().regex(/^\d{6}$/, `is no code; write its ${PROOF_CODE_DIGITS} digits`),
      }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ caller, body, nowMs }) => {
        const { personId, accountId, number } = await phoneOf(caller);
        // Proven as a caller's number before: that was the same call to the same telephone.
        if (!(await isProven(database.read, accountId, number)))
          await confirmProof(database, { accountId, number, typed: body.code, nowMs });
        await noteVerified(personId, nowMs);
        return { done: true };
      },
    }),
  ];
}
