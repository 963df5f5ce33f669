import type { Request } from 'express';
import { z } from 'zod';
import type { Caller } from '../http/api-keys';
import { type Route, route } from '../http/route';
import { addressOf } from '../http/session-door';
import { Conflict } from '../kernel/app-error';
import type { Database } from '../kernel/unit-of-work';
import {
  addPasskey,
  type OurPages,
  passkeysOf,
  passkeyToMake,
  passkeyToShow,
  removePasskey,
  signInByPasskey,
} from './passkeys-webauthn';
import { readPerson } from './people-store';
import { doneSchema, endEarlier, keepSession, visitorOf, whoAsks } from './session-routes';

/** A field of WebAuthn in base64url; attestations are some kilobytes at most. */
const bytesSchema = z
  .string()
  .max(20_000)
  .regex(/^[\w-]*=*$/);
const credentialSchema = {
  id: bytesSchema,
  rawId: bytesSchema,
  type: z.literal('public-key'),
  clientExtensionResults: z.record(z.string(), z.unknown()).default({}),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).optional(),
};
const madeSchema = z.object({
  ...credentialSchema,
  response: z.object({
    clientDataJSON: bytesSchema,
    attestationObject: bytesSchema,
    transports: z.array(z.string().max(20)).max(10).optional(),
  }),
});
const shownSchema = z.object({
  ...credentialSchema,
  response: z.object({
    clientDataJSON: bytesSchema,
    authenticatorData: bytesSchema,
    signature: bytesSchema,
    userHandle: bytesSchema.optional(),
  }),
});
const passkeySchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAtMs: z.number(),
  usedAtMs: z.number().nullable(),
});
/** What a browser is given, as the W3C writes it down. */
const optionsSchema = z.record(z.string(), z.unknown());

/** URLs of passkeys. */
export function passkeyRoutes(database: Database, publicUrl: string): readonly Route[] {
  const person = (caller: Caller) => readPerson(database.read, whoAsks(caller).personId);
  // Without PUBLIC_URL the page's own origin counts, which was compared with the Host before.
  const ourPages = (req: Request): OurPages => {
    const origin = publicUrl || req.get('Origin');
    if (!origin) throw new Conflict('passkeys belong to a site, and this request names none; set PUBLIC_URL');
    return { origin };
  };
  return [
    route({
      method: 'post',
      path: '/me/passkeys/options',
      summary: 'What a browser needs to make a passkey',
      scope: 'signed-in',
      remembered: false,
      answer: { kind: 'json', schema: optionsSchema },
      handle: async ({ caller, nowMs }, { req }) =>
        passkeyToMake(database, ourPages(req), { person: await person(caller), nowMs }),
    }),
    route({
      method: 'post',
      path: '/me/passkeys',
      summary: 'Keeps a passkey that the browser has made',
      scope: 'signed-in',
      remembered: false,
      body: z.object({ name: z.string().trim().min(1).max(100), response: madeSchema }),
      answer: { kind: 'json', status: 201, schema: passkeySchema },
      handle: async ({ caller, body, nowMs }, { req }) =>
        addPasskey(database, ourPages(req), {
          ...body,
          person: await person(caller),
          address: addressOf(req),
          nowMs,
        }),
    }),
    route({
      method: 'get',
      path: '/me/passkeys',
      summary: 'One’s passkeys, in the order they were made',
      scope: 'signed-in',
      answer: { kind: 'json', schema: z.object({ passkeys: z.array(passkeySchema) }) },
      handle: async ({ caller }) => ({
        passkeys: await passkeysOf(database.read, whoAsks(caller).personId),
      }),
    }),
    route({
      method: 'delete',
      path: '/me/passkeys/{passkeyId}',
      summary: 'Forgets a passkey',
      scope: 'signed-in',
      params: z.object({ passkeyId: z.string().max(36) }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ caller, params, nowMs }, { req }) => {
        const wish = { ...params, person: await person(caller), address: addressOf(req), nowMs };
        await removePasskey(database, wish);
        return { done: true };
      },
    }),
    route({
      method: 'post',
      path: '/session/passkey/options',
      summary: 'What a browser needs to sign in by a passkey',
      scope: 'public',
      remembered: false,
      answer: { kind: 'json', schema: optionsSchema },
      handle: ({ nowMs }, { req }) => passkeyToShow(database, ourPages(req), nowMs),
    }),
    route({
      method: 'post',
      path: '/session/passkey',
      summary: 'Signs in by a passkey, which is both factors; also after the password',
      scope: 'public',
      remembered: false,
      body: z.object({ response: shownSchema }),
      answer: { kind: 'json', schema: z.object({ state: z.literal('signed-in') }) },
      handle: async ({ body, nowMs }, { req, res }) => {
        const response = body.response as Parameters<typeof signInByPasskey>[2]['response'];
        const done = await signInByPasskey(database, ourPages(req), {
          response,
          visitor: visitorOf(req),
          nowMs,
        });
        await endEarlier(database, req, nowMs);
        keepSession(res, done, nowMs);
        return { state: 'signed-in' };
      },
    }),
  ];
}
