import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Caller } from '../http/api-keys';
import { type Route, route } from '../http/route';
import { addressOf, clearSessionCookie, sessionSecretOf, setSessionCookie } from '../http/session-door';
import { NotFound } from '../kernel/app-error';
import type { Database } from '../kernel/unit-of-work';
import { readPerson } from './people-store';
import { isStaff, type Person } from './person';
import { policiesToAccept } from '../privacy/policies-store';
import { reasonOf, stateReason } from './reasons';
import { askForReset, resetPassword } from './reset-password';
import { methodsAfterPassword, secondFactorOf } from './second-factor';
import { callerOf } from './session-door';
import { csrfTokenOf, endSession, endSessions, findSession, sessionsOf, type Visitor } from './sessions';
import { changePassword, type SignedIn, signIn, signOut } from './sign-in';

/** As long as a password may be, and a little longer, so that one too long is told so and not passed over. */
export const passwordSchema = z.string().min(1).max(1_000);
export const mailSchema = z.string().min(3).max(254);
export const tokenSchema = z.string().min(1).max(100);
export const doneSchema = z.object({ done: z.literal(true) });
export const signedInSchema = z.union([
  z.object({ state: z.literal('signed-in') }),
  z.object({
    state: z.literal('second-factor'),
    methods: z.array(z.enum(['totp', 'passkey', 'recovery-code'])),
  }),
]);

export const personSchema = z.object({
  id: z.string(),
  name: z.string(),
  mail: z.string(),
  mailVerified: z.boolean(),
  phone: z.string().nullable(),
  phoneVerified: z.boolean(),
  language: z.string().nullable(),
  country: z.string().nullable(),
});

export function personJson(person: Person): z.infer<typeof personSchema> {
  const { id, name, mail, mailVerified, phone, phoneVerified, language, country } = person;
  return { id, name, mail, mailVerified, phone, phoneVerified, language, country };
}

/** Who is at the other end, as far as a request tells. */
export function visitorOf(req: Request): Visitor {
  return { address: addressOf(req), browser: req.get('User-Agent') ?? '' };
}

/** Who is signed in; routes with the scope 'signed-in' are asked by nobody else. */
export function whoAsks(caller: Caller): { readonly personId: string; readonly sessionId: string } {
  if (caller.personId === null || caller.sessionId === null) throw new Error('nobody is signed in here');
  return { personId: caller.personId, sessionId: caller.sessionId };
}

/** Has the browser keep a new session. */
export function keepSession(res: Response, { session, secret }: SignedIn, nowMs: number): void {
  setSessionCookie(res, secret, session.expiresAtMs - nowMs);
}

/** Ends the session that a browser came with, when it gets another: no secret outlives a rise of rights. */
export async function endEarlier(database: Database, req: Request, nowMs: number): Promise<void> {
  const secret = sessionSecretOf(req);
  const earlier = secret === null ? null : await findSession(database.read, secret, nowMs);
  if (earlier) await database.write((sql) => endSession(sql, earlier.person.id, earlier.session.id));
}

/** URLs of signing in and out, of sessions and passwords. */
export function sessionRoutes({
  database,
  houseLanguage,
}: {
  readonly database: Database;
  readonly houseLanguage: string;
}): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/session',
      summary: 'Who is signed in, and what he may do',
      scope: 'signed-in',
      answer: {
        kind: 'json',
        schema: z.object({
          person: personSchema,
          role: z.string(),
          scopes: z.array(z.string()),
          accountId: z.string().nullable(),
          csrfToken: z.string(),
          expiresAtMs: z.number(),
          secondFactor: z.object({
            totp: z.boolean(),
            passkeys: z.number(),
            recoveryCodesLeft: z.number(),
          }),
          reason: z
            .object({ text: z.string(), subject: z.string().nullable(), untilMs: z.number() })
            .nullable(),
          policiesToAccept: z.array(z.object({ policyId: z.string(), version: z.number() })),
        }),
      },
      handle: async ({ nowMs }, { req, res }) => {
        const secret = sessionSecretOf(req) ?? '';
        const found = await findSession(database.read, secret, nowMs);
        if (!found) throw new Error('the session ended while it was asked about');
        const { person, session } = found;
        const { scopes, ownScopes } = callerOf(person, session.id);
        res.setHeader('Cache-Control', 'no-store');
        return {
          person: personJson(person),
          role: person.role,
          scopes: [...new Set([...scopes, ...ownScopes])],
          accountId: person.accountId,
          csrfToken: csrfTokenOf(secret),
          expiresAtMs: session.expiresAtMs,
          secondFactor: await secondFactorOf(database.read, person.id),
          reason: await reasonOf(database.read, session.id, nowMs),
          // Staff works under a contract of its own.
          policiesToAccept: isStaff(person.role) ? [] : await policiesToAccept(database.read, person.id),
        };
      },
    }),
    route({
      method: 'post',
      path: '/session',
      summary: 'Signs in by mail address and password; a second factor may have to follow',
      scope: 'public',
      remembered: false,
      body: z.object({ mail: mailSchema, password: passwordSchema }),
      answer: { kind: 'json', schema: signedInSchema },
      handle: async ({ body, nowMs }, { req, res }) => {
        const done = await signIn(
          database,
          { ...body, visitor: visitorOf(req), nowMs },
          async (sql, id) => methodsAfterPassword(await secondFactorOf(sql, id)).length > 0,
        );
        await endEarlier(database, req, nowMs);
        keepSession(res, done, nowMs);
        if (done.session.stage === 'signed-in') return { state: 'signed-in' };
        const methods = methodsAfterPassword(await secondFactorOf(database.read, done.person.id));
        return { state: 'second-factor', methods };
      },
    }),
    route({
      method: 'post',
      path: '/session/reason',
      summary: 'Says what staff looks at things of people for; it counts for an hour and is audited',
      scope: 'signed-in',
      body: z.object({
        reason: z.string().trim().min(3).max(500),
        subject: z.string().trim().min(1).max(200).optional(),
      }),
      answer: {
        kind: 'json',
        schema: z.object({ text: z.string(), subject: z.string().nullable(), untilMs: z.number() }),
      },
      handle: async ({ caller, body, nowMs }, { req }) => {
        const { personId, sessionId } = whoAsks(caller);
        return stateReason(database, {
          person: await readPerson(database.read, personId),
          sessionId,
          reason: body.reason,
          subject: body.subject ?? null,
          address: addressOf(req),
          nowMs,
        });
      },
    }),
    route({
      method: 'delete',
      path: '/session',
      summary: 'Signs out',
      scope: 'signed-in',
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ caller, nowMs }, { req, res }) => {
        const { personId, sessionId } = whoAsks(caller);
        const person = await readPerson(database.read, personId);
        await signOut(database, { person, sessionId, address: addressOf(req), nowMs });
        clearSessionCookie(res);
        return { done: true };
      },
    }),
    route({
      method: 'get',
      path: '/me/sessions',
      summary: 'Where somebody is signed in, the newest first',
      scope: 'signed-in',
      answer: {
        kind: 'json',
        schema: z.object({
          sessions: z.array(
            z.object({
              id: z.string(),
              address: z.string(),
              browser: z.string(),
              createdAtMs: z.number(),
              seenAtMs: z.number(),
              expiresAtMs: z.number(),
              isCurrent: z.boolean(),
            }),
          ),
        }),
      },
      handle: async ({ caller, nowMs }) => {
        const { personId, sessionId } = whoAsks(caller);
        const found = await sessionsOf(database.read, await readPerson(database.read, personId), nowMs);
        return {
          sessions: found.map(({ id, address, browser, createdAtMs, seenAtMs, expiresAtMs }) => ({
            id,
            address,
            browser,
            createdAtMs,
            seenAtMs,
            expiresAtMs,
            isCurrent: id === sessionId,
          })),
        };
      },
    }),
    route({
      method: 'delete',
      path: '/me/sessions/{sessionId}',
      summary: 'Ends one session of one’s own',
      scope: 'signed-in',
      params: z.object({ sessionId: z.string().max(36) }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ caller, params }) => {
        const { personId } = whoAsks(caller);
        if (!(await database.write((sql) => endSession(sql, personId, params.sessionId))))
          throw new NotFound('session', params.sessionId);
        return { done: true };
      },
    }),
    route({
      method: 'post',
      path: '/me/sessions/end-others',
      summary: 'Ends all sessions but this one',
      scope: 'signed-in',
      answer: { kind: 'json', schema: z.object({ ended: z.number() }) },
      handle: async ({ caller }) => {
        const { personId, sessionId } = whoAsks(caller);
        return { ended: await database.write((sql) => endSessions(sql, personId, sessionId)) };
      },
    }),
    route({
      method: 'post',
      path: '/me/password',
      summary: 'Changes the password; all other sessions end',
      scope: 'signed-in',
      remembered: false,
      body: z.object({ currentPassword: passwordSchema, newPassword: passwordSchema }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ caller, body, nowMs }, { req, res }) => {
        const person = await readPerson(database.read, whoAsks(caller).personId);
        const wish = { ...body, person, visitor: visitorOf(req), houseLanguage, nowMs };
        keepSession(res, await changePassword(database, wish), nowMs);
        return { done: true };
      },
    }),
    route({
      method: 'post',
      path: '/password-resets',
      summary:
        'Mails a link to a new password, if the mail address is somebody’s; the answer is always the same',
      scope: 'public',
      remembered: false,
      body: z.object({ mail: mailSchema }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ body, nowMs }, { req }) => {
        await askForReset(database, { mail: body.mail, address: addressOf(req), houseLanguage, nowMs });
        return { done: true };
      },
    }),
    route({
      method: 'post',
      path: '/password-resets/confirm',
      summary: 'Sets a new password by the mailed link; all sessions end and a second factor stays',
      scope: 'public',
      remembered: false,
      body: z.object({ token: tokenSchema, newPassword: passwordSchema }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ body, nowMs }, { req }) => {
        await resetPassword(database, { ...body, visitor: visitorOf(req), houseLanguage, nowMs });
        return { done: true };
      },
    }),
  ];
}
