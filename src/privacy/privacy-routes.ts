import type { Request } from 'express';
import { z } from 'zod';
import { languageSchema, type Route, route } from '../http/route';
import { Conflict } from '../kernel/app-error';
import type { Database } from '../kernel/unit-of-work';
import {
  consentsOf,
  currentPolicies,
  missingPolicies,
  noteConsent,
  policiesToAccept,
  publishPolicy,
} from './policies-store';

const CHOICE_COOKIE = '__Host-cookie-choice';
/** After this a visitor is asked again. */
const CHOICE_MS = 180 * 86_400_000;

const policyIdSchema = z.string().regex(/^[a-z0-9-]{1,40}$/, 'is no id; use small letters, digits and -');
const versionSchema = z.number().int().min(1).max(1_000_000);
export const policyVersionSchema = z.object({ policyId: policyIdSchema, version: versionSchema });
const policySchema = z.object({
  id: policyIdSchema,
  version: versionSchema,
  language: languageSchema,
  title: z.string().trim().min(1).max(200),
  textUrl: z
    .string()
    .max(500)
    .regex(/^(https?:\/\/|\/)[^\s<>"]+$/, 'is no address; begin with https:// or /'),
});
const choiceSchema = z.object({ analysis: z.boolean().nullable() });

/** URLs of policies, consents and the choice about cookies. */
export function privacyRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/policies',
      summary: 'The policies that count now, in each language that they are in',
      scope: 'public',
      answer: { kind: 'json', schema: z.object({ policies: z.array(policySchema) }) },
      handle: async () => ({ policies: await currentPolicies(database.read) }),
    }),
    route({
      method: 'post',
      path: '/policies',
      summary: 'Publishes a version of a policy in a language; people must agree to it before they go on',
      scope: 'policies:write',
      body: policySchema,
      answer: { kind: 'json', status: 201, schema: policySchema },
      handle: async ({ body, nowMs }) => {
        await database.write((sql) => publishPolicy(sql, body, nowMs));
        return body;
      },
    }),
    route({
      method: 'get',
      path: '/cookie-choice',
      summary: 'What a visitor chose about cookies that are not needed; null: nothing yet',
      scope: 'public',
      answer: { kind: 'json', schema: choiceSchema },
      handle: async (_, { req }) => ({ analysis: choiceOf(req) }),
    }),
    route({
      method: 'post',
      path: '/cookie-choice',
      summary: 'Notes the choice in a cookie, which is written now and not before',
      scope: 'public',
      remembered: false,
      body: z.object({ analysis: z.boolean() }),
      answer: { kind: 'json', schema: choiceSchema },
      handle: async ({ body }, { res }) => {
        res.cookie(CHOICE_COOKIE, body.analysis ? 'analysis' : 'needed', {
          secure: true,
          sameSite: 'lax',
          path: '/',
          maxAge: CHOICE_MS,
        });
        return body;
      },
    }),
    route({
      method: 'get',
      path: '/me/consents',
      summary: 'What somebody agreed to and refused, the newest first',
      scope: 'signed-in',
      answer: {
        kind: 'json',
        schema: z.object({
          consents: z.array(
            z.object({
              policyId: z.string(),
              version: z.number(),
              agreed: z.boolean(),
              atMs: z.number(),
            }),
          ),
        }),
      },
      handle: async ({ caller }) => ({ consents: await consentsOf(database.read, caller.personId ?? '') }),
    }),
    route({
      method: 'post',
      path: '/me/policies/accept',
      summary: 'Agrees to versions that count now; gives what is still missing',
      scope: 'signed-in',
      body: z.object({ policies: z.array(policyVersionSchema).min(1).max(50) }),
      answer: { kind: 'json', schema: z.object({ policiesToAccept: z.array(policyVersionSchema) }) },
      handle: async ({ body, caller, nowMs }) => {
        const personId = caller.personId ?? '';
        await database.write(async (sql) => {
          const current = await currentPolicies(sql);
          for (const said of body.policies) {
            if (!current.some(({ id, version }) => id === said.policyId && version === said.version))
              throw new Conflict(
                `version ${said.version} of ${said.policyId} does not count now; read it anew`,
              );
            const missing = missingPolicies(current, await consentsOf(sql, personId));
            if (missing.some(({ policyId }) => policyId === said.policyId))
              await noteConsent(sql, personId, said, true, nowMs);
          }
        });
        return { policiesToAccept: await policiesToAccept(database.read, personId) };
      },
    }),
  ];
}

function choiceOf(req: Request): boolean | null {
  const found = /(?:^|;\s*)__Host-cookie-choice=(analysis|needed)(?:;|$)/.exec(req.get('Cookie') ?? '')?.[1];
  return found === undefined ? null : found === 'analysis';
}
