import { z } from 'zod';
import type { Actor } from '../audit/audit-log';
import type { Caller } from '../http/api-keys';
import { limitSchema, type Route, route } from '../http/route';
import { addressOf } from '../http/session-door';
import type { Database } from '../kernel/unit-of-work';
import { hasAdministrator, listPeople, readPerson } from './people-store';
import { PERSON_STATES, type Person, STAFF_ROLES } from './person';
import {
  doneSchema,
  endEarlier,
  keepSession,
  mailSchema,
  passwordSchema,
  personJson,
  personSchema,
  tokenSchema,
  visitorOf,
} from './session-routes';
import { countRequest } from './sign-in-tries';
import { acceptInvitation, becomeFirstOperator, changePerson, inviteStaff } from './staff';

export const nameSchema = z.string().trim().min(1).max(200);
const enteredSchema = z.object({ state: z.literal('signed-in') });
const staffRoleSchema = z.enum(STAFF_ROLES);
const listedSchema = personSchema.extend({
  role: z.string(),
  state: z.enum(PERSON_STATES),
  accountId: z.string().nullable(),
  createdAtMs: z.number(),
});
const personParams = z.object({ personId: z.string().max(36) });

/** How whoever asks is named in the audit log. */
export function actorOfCaller(caller: Caller): Actor {
  return { kind: caller.personId === null ? 'key' : 'person', id: caller.id, label: caller.label };
}

/** URLs of the people who run this service, and of their first one. */
export function peopleRoutes({
  database,
  houseLanguage,
  onFirstOperator,
}: {
  readonly database: Database;
  readonly houseLanguage: string;
  /** Told when the first administrator is there: his link is of no use any more. */
  readonly onFirstOperator: () => void;
}): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/first-operator',
      summary: 'Whether this service still waits for its first administrator',
      scope: 'public',
      answer: { kind: 'json', schema: z.object({ open: z.boolean() }) },
      handle: async () => ({ open: !(await hasAdministrator(database.read)) }),
    }),
    route({
      method: 'post',
      path: '/first-operator',
      summary: 'Makes the first administrator by the link that the first start wrote, and signs him in',
      scope: 'public',
      remembered: false,
      body: z.object({ token: tokenSchema, name: nameSchema, mail: mailSchema, password: passwordSchema }),
      answer: { kind: 'json', schema: enteredSchema },
      handle: async ({ body, nowMs }, { req, res }) => {
        await countRequest(database, { what: 'first-operator', address: addressOf(req), nowMs });
        const done = await becomeFirstOperator(database, { ...body, visitor: visitorOf(req), nowMs });
        await endEarlier(database, req, nowMs);
        onFirstOperator();
        keepSession(res, done, nowMs);
        return { state: 'signed-in' };
      },
    }),
    route({
      method: 'post',
      path: '/staff-invitations',
      summary: 'Mails somebody a link by which he becomes staff',
      scope: 'people:write',
      body: z.object({ mail: mailSchema, role: staffRoleSchema }),
      answer: { kind: 'json', schema: doneSchema },
      handle: async ({ body, caller, nowMs }) => {
        await inviteStaff(database, {
          ...body,
          language: houseLanguage,
          actor: actorOfCaller(caller),
          nowMs,
        });
        return { done: true };
      },
    }),
    route({
      method: 'post',
      path: '/staff-invitations/accept',
      summary: 'Makes whoever was invited staff, and signs him in',
      scope: 'public',
      remembered: false,
      body: z.object({ token: tokenSchema, name: nameSchema, password: passwordSchema }),
      answer: { kind: 'json', schema: enteredSchema },
      handle: async ({ body, nowMs }, { req, res }) => {
        await countRequest(database, { what: 'invitation', address: addressOf(req), nowMs });
        const done = await acceptInvitation(database, { ...body, visitor: visitorOf(req), nowMs });
        await endEarlier(database, req, nowMs);
        keepSession(res, done, nowMs);
        return { state: 'signed-in' };
      },
    }),
    route({
      method: 'get',
      path: '/people',
      summary: 'People who sign in, in the order they came',
      scope: 'people:read',
      personal: true,
      query: z.object({
        search: z.string().trim().min(1).max(100).optional(),
        role: z.string().max(12).optional(),
        state: z.enum(PERSON_STATES).optional(),
        after: z.string().max(36).optional(),
        limit: limitSchema,
      }),
      answer: {
        kind: 'json',
        schema: z.object({ people: z.array(listedSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const found = await listPeople(database.read, {
          search: query.search ?? null,
          role: query.role ?? null,
          state: query.state ?? null,
          afterId: query.after ?? null,
          limit: query.limit,
        });
        const people = found.slice(0, query.limit);
        return {
          people: people.map(listedJson),
          next: found.length > query.limit ? (people.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/people/{personId}',
      summary: 'One person',
      scope: 'people:read',
      personal: true,
      params: personParams,
      answer: { kind: 'json', schema: listedSchema },
      handle: async ({ params }) => listedJson(await readPerson(database.read, params.personId)),
    }),
    route({
      method: 'patch',
      path: '/people/{personId}',
      summary: 'Gives staff another role, or blocks somebody; his sessions end',
      scope: 'people:write',
      params: personParams,
      body: z.object({ role: staffRoleSchema.optional(), state: z.enum(PERSON_STATES).optional() }),
      answer: { kind: 'json', schema: listedSchema },
      handle: async ({ params, body, caller, nowMs }) =>
        listedJson(await changePerson(database, { ...params, ...body, actor: actorOfCaller(caller), nowMs })),
    }),
  ];
}

function listedJson(person: Person): z.infer<typeof listedSchema> {
  const { role, state, accountId, createdAtMs } = person;
  return { ...personJson(person), role, state, accountId, createdAtMs };
}
