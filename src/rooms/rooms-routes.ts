import { z } from 'zod';
import { limitSchema, OWN_ROOM, type Route, route } from '../http/route';
import type { Database } from '../kernel/unit-of-work';
import type { Room } from './room';
import {
  ENTRY_SOUNDS,
  PARTICIPANT_ROLES,
  RECORDING_WISHES,
  RETENTION_CLASS_NAMES,
  ROOM_LANGUAGES,
} from './room-rules';
import { changeRoom, createRoom, listRooms, roomById, rotateRoomSecrets, setRoomState } from './rooms-store';

/** Most callers one room may seat. */
const MAX_SEATS = 500;

/** Kinds of the rules; their limits and what must fit together, changedRules checks. */
const rulesSchema = z.strictObject({
  allowsListedEntry: z.boolean(),
  lobby: z.boolean(),
  waitsForModerator: z.boolean(),
  chargesWaiting: z.boolean(),
  entrySound: z.enum(ENTRY_SOUNDS),
  participantRole: z.enum(PARTICIPANT_ROLES),
  language: z.enum(ROOM_LANGUAGES).nullable(),
  endsAloneAfterSeconds: z.number().int().nullable(),
  endsWithoutModeratorAfterSeconds: z.number().int().nullable(),
  endsSilentAfterSeconds: z.number().int().nullable(),
  maxDurationSeconds: z.number().int().nullable(),
  maxWaitSeconds: z.number().int(),
  recording: z.enum(RECORDING_WISHES),
  retentionClass: z.enum(RETENTION_CLASS_NAMES),
  isPublic: z.boolean(),
  isBroadcast: z.boolean(),
  dialOutParallel: z.number().int(),
  dialOutAttempts: z.number().int(),
  dialOutRetrySeconds: z.number().int(),
  callerIdNumber: z.string().max(16).nullable(),
});
const nameSchema = z.string().trim().min(1).max(200);
const maxSeatsSchema = z.number().int().min(2).max(MAX_SEATS);

/** The Room ID is a secret: it is told with the PINs when a room is made or rotated, and nowhere else. */
const roomSchema = z.object({
  id: z.string(),
  ownerAccountId: z.string(),
  name: z.string(),
  maxSeats: z.number(),
  state: z.enum(['open', 'closed']),
  createdAtMs: z.number(),
  rules: rulesSchema,
});
const secretsSchema = z
  .object({ roomNumber: z.string(), participantPin: z.string(), moderatorPin: z.string() })
  .nullable();
const roomParams = z.object({ roomId: z.string().max(36) });

/** URLs of rooms. */
export function roomRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/rooms',
      summary: 'Rooms in the order they were made',
      scope: 'rooms:read',
      own: { thing: 'account', at: 'query.owner' },
      query: z.object({
        owner: z.string().max(36).optional(),
        after: z.string().max(36).optional(),
        limit: limitSchema,
      }),
      answer: { kind: 'json', schema: z.object({ rooms: z.array(roomSchema), next: z.string().nullable() }) },
      handle: async ({ query }) => {
        const rooms = await listRooms(database.read, {
          ownerAccountId: query.owner,
          afterId: query.after,
          limit: query.limit,
        });
        return {
          rooms: rooms.map(roomJson),
          next: rooms.length === query.limit ? (rooms.at(-1)?.id ?? null) : null,
        };
      },
    }),
    route({
      method: 'get',
      path: '/rooms/{roomId}',
      summary: 'One room',
      scope: 'rooms:read',
      own: OWN_ROOM,
      params: roomParams,
      answer: { kind: 'json', schema: roomSchema },
      handle: async ({ params }) => roomJson(await roomById(database.read, params.roomId)),
    }),
    route({
      method: 'post',
      path: '/rooms',
      summary: 'Makes a room; its Room ID and PINs are told this once',
      scope: 'rooms:write',
      own: { thing: 'account', at: 'body.ownerAccountId' },
      body: z.object({
        ownerAccountId: z.string().max(36),
        name: nameSchema,
        maxSeats: maxSeatsSchema.default(20),
        rules: rulesSchema.partial().optional(),
      }),
      answer: { kind: 'json', status: 201, schema: z.object({ room: roomSchema, secrets: secretsSchema }) },
      toldOnce: ['secrets'],
      handle: async ({ body, nowMs }) => {
        const { room, secrets } = await createRoom(database, { ...body, nowMs });
        return { room: roomJson(room), secrets };
      },
    }),
    route({
      method: 'patch',
      path: '/rooms/{roomId}',
      summary: 'Changes name, seats or rules; what is left out stays',
      scope: 'rooms:write',
      own: OWN_ROOM,
      params: roomParams,
      body: z.object({
        name: nameSchema.optional(),
        maxSeats: maxSeatsSchema.optional(),
        rules: rulesSchema.partial().optional(),
      }),
      answer: { kind: 'json', schema: roomSchema },
      handle: async ({ params, body }) => roomJson(await changeRoom(database, params.roomId, body)),
    }),
    route({
      method: 'post',
      path: '/rooms/{roomId}/rotate',
      summary:
        'Replaces Room ID and both PINs; the old ones stop working at once, the new ones are told this once',
      scope: 'rooms:write',
      own: OWN_ROOM,
      params: roomParams,
      answer: { kind: 'json', schema: z.object({ secrets: secretsSchema }) },
      toldOnce: ['secrets'],
      handle: async ({ params }) => ({ secrets: await rotateRoomSecrets(database, params.roomId) }),
    }),
    ...(['open', 'closed'] as const).map((state) =>
      route({
        method: 'post',
        path: `/rooms/{roomId}/${state === 'open' ? 'open' : 'close'}`,
        summary: state === 'open' ? 'Lets callers in again' : 'Lets no further caller in; those inside stay',
        scope: 'rooms:write',
        own: OWN_ROOM,
        params: roomParams,
        answer: { kind: 'json', schema: roomSchema },
        handle: async ({ params }) => roomJson(await setRoomState(database, params.roomId, state)),
      }),
    ),
  ];
}

function roomJson({ roomNumber: _, ...room }: Room): z.infer<typeof roomSchema> {
  return room;
}
