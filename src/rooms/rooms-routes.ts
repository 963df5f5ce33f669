import { z } from 'zod';
import { limitSchema, type Route, route } from '../http/route';
import type { Database } from '../kernel/unit-of-work';
import type { Room } from './room';
import { createRoom, listRooms, roomById, rotateRoomSecrets, setRoomState } from './rooms-store';

/** Most callers one room may seat. */
const MAX_SEATS = 500;

/** The Room ID is a secret: it is told with the PINs when a room is made or rotated, and nowhere else. */
const roomSchema = z.object({
  id: z.string(),
  ownerAccountId: z.string(),
  name: z.string(),
  maxSeats: z.number(),
  state: z.enum(['open', 'closed']),
  createdAtMs: z.number(),
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
      params: roomParams,
      answer: { kind: 'json', schema: roomSchema },
      handle: async ({ params }) => roomJson(await roomById(database.read, params.roomId)),
    }),
    route({
      method: 'post',
      path: '/rooms',
      summary: 'Makes a room; its Room ID and PINs are told this once',
      scope: 'rooms:write',
      body: z.object({
        ownerAccountId: z.string().max(36),
        name: z.string().trim().min(1).max(200),
        maxSeats: z.number().int().min(2).max(MAX_SEATS).default(20),
      }),
      answer: { kind: 'json', status: 201, schema: z.object({ room: roomSchema, secrets: secretsSchema }) },
      toldOnce: ['secrets'],
      handle: async ({ body, nowMs }) => {
        const { room, secrets } = await createRoom(database, { ...body, nowMs });
        return { room: roomJson(room), secrets };
      },
    }),
    route({
      method: 'post',
      path: '/rooms/{roomId}/rotate',
      summary:
        'Replaces Room ID and both PINs; the old ones stop working at once, the new ones are told this once',
      scope: 'rooms:write',
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
