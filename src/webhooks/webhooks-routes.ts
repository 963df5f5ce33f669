import { z } from 'zod';
import { cursorSchema, encodeCursor, limitSchema, type Route, route, timeSchema } from '../http/route';
import { Conflict } from '../kernel/app-error';
import { newId } from '../kernel/ids';
import type { Database } from '../kernel/unit-of-work';
import { deliverAgain, listDeliveries } from './deliveries-store';
import { endpointSecret } from './endpoint-secret';
import {
  deleteEndpoint,
  type Endpoint,
  insertEndpoint,
  listEndpoints,
  MAX_ENDPOINTS,
  readEndpoint,
  rotateSecret,
  updateEndpoint,
} from './endpoints-store';
import { EVENT_KINDS, type EventKind, type StoredEvent } from './event';
import { listEvents } from './events-store';
import { recordTest } from './record-events';
import { endpointUrl, type Targets } from './target-address';

/** After a rotation the secret before signs too, so that a receiver can change over without losing a message. */
const FORMER_SECRET_KEPT_MS = 86_400_000;
const MAX_REPLAYED = 10_000;

const kindSchema = z.enum(Object.keys(EVENT_KINDS) as [EventKind, ...EventKind[]]);
const endpointSchema = z.object({
  id: z.string(),
  url: z.string(),
  description: z.string(),
  kinds: z.array(kindSchema),
  state: z.enum(['active', 'paused']),
  createdAtMs: z.number(),
});
const withSecretSchema = endpointSchema.extend({ secret: z.string().nullable() });
const stateSchema = z.enum(['waiting', 'done', 'dead']);
const deliverySchema = z.object({
  eventId: z.string(),
  objectKey: z.string(),
  state: stateSchema,
  attempts: z.number(),
  tryAtMs: z.number(),
  giveUpAtMs: z.number(),
  lastAnswer: z.string().nullable(),
  finishedAtMs: z.number().nullable(),
});
const eventSchema = z.object({
  id: z.string(),
  kind: kindSchema,
  objectKey: z.string(),
  accountId: z.string().nullable(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  recordedAtMs: z.number(),
});

const wishSchema = z.object({
  url: z.string().min(1).max(500),
  description: z.string().max(200).default(''),
  kinds: z.array(kindSchema).min(1).max(Object.keys(EVENT_KINDS).length),
});
const endpointParams = z.object({ endpointId: z.string().max(36) });
const eventCursor = cursorSchema(z.object({ eventId: z.string().max(36) })).optional();

/** URLs of those who are told what happens, and of what happened. */
export function webhookRoutes(
  database: Database,
  { key, targets }: { readonly key: string; readonly targets: Targets },
): readonly Route[] {
  const secretOf = ({ id, secretNumber }: Endpoint) => endpointSecret(key, id, secretNumber);
  return [
    ...endpointRoutes(database, targets, secretOf),
    ...deliveryRoutes(database),
    route({
      method: 'get',
      path: '/events',
      summary:
        'What happened, the oldest first, kept for 30 days; calls are among it while an endpoint wants them',
      scope: 'webhooks:read',
      query: z.object({
        kind: kindSchema.optional(),
        from: timeSchema.optional(),
        limit: limitSchema,
        cursor: eventCursor,
      }),
      answer: {
        kind: 'json',
        schema: z.object({ events: z.array(eventSchema), next: z.string().nullable() }),
      },
      handle: async ({ query }) => {
        const events = await listEvents(database.read, {
          afterId: query.cursor?.eventId ?? null,
          fromMs: query.from ?? 0,
          kinds: query.kind ? [query.kind] : [],
          limit: query.limit,
        });
        return { events, next: nextAfter(events, query.limit) };
      },
    }),
  ];
}

function endpointRoutes(
  database: Database,
  targets: Targets,
  secretOf: (endpoint: Endpoint) => string,
): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/webhook-endpoints',
      summary: 'Who is told what happens',
      scope: 'webhooks:read',
      answer: { kind: 'json', schema: z.object({ endpoints: z.array(endpointSchema) }) },
      handle: async () => ({ endpoints: (await listEndpoints(database.read)).map(shown) }),
    }),
    route({
      method: 'post',
      path: '/webhook-endpoints',
      summary: 'Has a URL told what happens; the secret that signs its messages is told once',
      scope: 'webhooks:write',
      body: wishSchema,
      answer: { kind: 'json', status: 201, schema: withSecretSchema },
      toldOnce: ['secret'],
      handle: async ({ body, nowMs }) => {
        const endpoint: Endpoint = {
          ...body,
          id: newId(nowMs),
          url: endpointUrl(body.url, targets),
          state: 'active',
          secretNumber: 1,
          formerSecretUntilMs: 0,
          createdAtMs: nowMs,
        };
        await database.write(async (sql) => {
          if ((await listEndpoints(sql)).length >= MAX_ENDPOINTS)
            throw new Conflict(`there are ${MAX_ENDPOINTS} endpoints already`, { most: MAX_ENDPOINTS });
          await insertEndpoint(sql, endpoint);
        });
        return { ...shown(endpoint), secret: secretOf(endpoint) };
      },
    }),
    route({
      method: 'patch',
      path: '/webhook-endpoints/{endpointId}',
      summary: 'Changes where an endpoint is, what it is told, or whether it is told anything now',
      scope: 'webhooks:write',
      params: endpointParams,
      body: z.object({
        url: wishSchema.shape.url.optional(),
        description: z.string().max(200).optional(),
        kinds: wishSchema.shape.kinds.optional(),
        state: z.enum(['active', 'paused']).optional(),
      }),
      answer: { kind: 'json', schema: endpointSchema },
      handle: async ({ params, body }) => {
        const url = body.url === undefined ? undefined : endpointUrl(body.url, targets);
        return database.write(async (sql) => {
          const before = await readEndpoint(sql, params.endpointId);
          const after: Endpoint = {
            ...before,
            url: url ?? before.url,
            description: body.description ?? before.description,
            kinds: body.kinds ?? before.kinds,
            state: body.state ?? before.state,
          };
          await updateEndpoint(sql, after);
          return shown(after);
        });
      },
    }),
    route({
      method: 'post',
      path: '/webhook-endpoints/{endpointId}/rotate-secret',
      summary: 'Gives an endpoint a new secret, told once; for a day the one before signs too',
      scope: 'webhooks:write',
      params: endpointParams,
      answer: { kind: 'json', schema: withSecretSchema },
      toldOnce: ['secret'],
      handle: async ({ params, nowMs }) => {
        const endpoint = await database.write((sql) =>
          rotateSecret(sql, params.endpointId, nowMs + FORMER_SECRET_KEPT_MS),
        );
        return { ...shown(endpoint), secret: secretOf(endpoint) };
      },
    }),
    route({
      method: 'delete',
      path: '/webhook-endpoints/{endpointId}',
      summary: 'Tells an endpoint nothing more; what waited for it is dropped',
      scope: 'webhooks:write',
      params: endpointParams,
      answer: { kind: 'json', schema: z.object({ id: z.string() }) },
      handle: async ({ params }) => {
        await database.write((sql) => deleteEndpoint(sql, params.endpointId));
        return { id: params.endpointId };
      },
    }),
  ];
}

function deliveryRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/webhook-endpoints/{endpointId}/test',
      summary: 'Sends an endpoint a message of the kind endpoint.tested; its delivery says what came of it',
      scope: 'webhooks:write',
      params: endpointParams,
      answer: { kind: 'json', schema: z.object({ eventId: z.string() }) },
      handle: async ({ params, nowMs }) => ({
        eventId: await database.write(async (sql) => {
          await readEndpoint(sql, params.endpointId);
          return recordTest(sql, params.endpointId, nowMs);
        }),
      }),
    }),
    route({
      method: 'get',
      path: '/webhook-endpoints/{endpointId}/deliveries',
      summary:
        'What an endpoint was sent or is to be sent, the newest first; `dead` was given up after three days',
      scope: 'webhooks:read',
      params: endpointParams,
      query: z.object({ state: stateSchema.optional(), limit: limitSchema, cursor: eventCursor }),
      answer: {
        kind: 'json',
        schema: z.object({ deliveries: z.array(deliverySchema), next: z.string().nullable() }),
      },
      handle: async ({ params, query }) => {
        await readEndpoint(database.read, params.endpointId);
        const page = await listDeliveries(database.read, {
          endpointId: params.endpointId,
          state: query.state ?? null,
          beforeId: query.cursor?.eventId ?? null,
          limit: query.limit,
        });
        const last = page.length === query.limit ? page.at(-1) : undefined;
        return {
          deliveries: page.map(({ endpointId: _, ...delivery }) => delivery),
          next: last ? encodeCursor({ eventId: last.eventId }) : null,
        };
      },
    }),
    route({
      method: 'post',
      path: '/webhook-endpoints/{endpointId}/replay',
      summary:
        'Sends an endpoint again what happened from a moment or after an event, of the kinds it wants, and what was given up; 10,000 at a time, `next` says from where on there is more',
      scope: 'webhooks:write',
      params: endpointParams,
      body: z.object({ from: timeSchema.optional(), afterEventId: z.string().max(36).optional() }),
      answer: { kind: 'json', schema: z.object({ events: z.number(), next: z.string().nullable() }) },
      handle: async ({ params, body, nowMs }) => {
        const endpoint = await readEndpoint(database.read, params.endpointId);
        const events = await listEvents(database.report, {
          afterId: body.afterEventId ?? null,
          fromMs: body.from ?? 0,
          kinds: endpoint.kinds,
          limit: MAX_REPLAYED,
        });
        await database.write(async (sql) => {
          for (const event of events) await deliverAgain(sql, { endpointId: endpoint.id, event }, nowMs);
        });
        return {
          events: events.length,
          next: events.length === MAX_REPLAYED ? (events.at(-1)?.id ?? null) : null,
        };
      },
    }),
  ];
}

function nextAfter(events: readonly StoredEvent[], limit: number): string | null {
  const last = events.length === limit ? events.at(-1) : undefined;
  return last ? encodeCursor({ eventId: last.id }) : null;
}

function shown({ id, url, description, kinds, state, createdAtMs }: Endpoint) {
  return { id, url, description, kinds, state, createdAtMs };
}
