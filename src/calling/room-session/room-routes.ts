import { z } from 'zod';
import { OWN_ROOM, type Route, route } from '../../http/route';
import { NotFound } from '../../kernel/app-error';
import type { Sql } from '../../kernel/unit-of-work';
import { ROOM_ROLES } from '../../kernel/room-role';
import { roomById } from '../../rooms/rooms-store';
import { broadcast } from './broadcast';
import type { LiveRooms } from './live-rooms';
import type { Actor, RoomAction } from './session-state';

const roomParams = z.object({ roomId: z.string().max(36) });

const memberSchema = z.object({
  memberId: z.string(),
  number: z.number(),
  name: z.string().nullable(),
  role: z.enum(ROOM_ROLES),
  place: z.enum(['waiting', 'lobby', 'inside']),
  arrivedAtMs: z.number(),
  muted: z.enum(['self', 'moderator']).nullable(),
  hasFloor: z.boolean(),
  isDeaf: z.boolean(),
  isTalking: z.boolean(),
});

/** A live room; `hands` are member ids in the order in which they asked to speak. */
export const roomSchema = z.object({
  roomId: z.string(),
  roomSessionId: z.string(),
  openedAtMs: z.number(),
  isLocked: z.boolean(),
  isAllMuted: z.boolean(),
  recording: z.enum(['off', 'on', 'paused']),
  recordingId: z.string().nullable(),
  broadcastListeners: z.number(),
  diallingOut: z.number(),
  members: z.array(memberSchema),
  hands: z.array(z.string()),
});

const memberId = z.string().max(36);
const on = z.boolean();
const nextOrId = memberId.default('next');
const entryIds = z.union([z.literal('all'), z.array(z.string().max(36)).min(1).max(500)]).default('all');

/** One action of the room's control core, with its members by id. */
export const actionWish = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['help', 'who']) }),
  z.object({
    type: z.enum(['mute-self', 'raise-hand', 'mute-all', 'lock', 'record', 'pause-recording']),
    on,
  }),
  z.object({ type: z.enum(['mute-member', 'deafen-member']), memberId, on }),
  z.object({ type: z.literal('kick'), memberId }),
  z.object({ type: z.enum(['admit', 'reject', 'give-floor']), memberId: nextOrId }),
  z.object({ type: z.literal('dial-out'), entryIds }),
  z.object({ type: z.literal('list-number'), number: z.string().min(1).max(20) }),
  z.object({ type: z.literal('end-for-all') }),
]);

/** An action of staff. `as`: with the rights of this member instead of staff's. */
const actionSchema = z.object({ as: memberId.optional(), action: actionWish });

/** URLs of rooms that somebody is in: the same controls as the keypad, by the same core. */
export function liveRoomRoutes(parts: { liveRooms: LiveRooms; sql: Sql }): readonly Route[] {
  const { liveRooms, sql } = parts;
  return [
    route({
      method: 'get',
      path: '/live/rooms',
      summary: 'Rooms that somebody is in, with who is there',
      scope: 'calls:read',
      answer: { kind: 'json', schema: z.object({ rooms: z.array(roomSchema) }) },
      handle: async () => ({ rooms: liveRooms.list() }),
    }),
    route({
      method: 'get',
      path: '/live/rooms/{roomId}',
      summary: 'One room that somebody is in',
      scope: 'calls:read',
      own: OWN_ROOM,
      params: roomParams,
      answer: { kind: 'json', schema: roomSchema },
      handle: async ({ params }) => liveRooms.get(params.roomId).view(),
    }),
    route({
      method: 'post',
      path: '/live/rooms/{roomId}/actions',
      summary: 'Does something in a room, as the keypad would, and gives the room as it is then',
      scope: 'rooms:control',
      own: OWN_ROOM,
      params: roomParams,
      body: actionSchema,
      answer: { kind: 'json', schema: roomSchema },
      handle: async ({ params, body, caller }) => {
        const session = liveRooms.get(params.roomId);
        const by: Actor =
          body.as === undefined ? { kind: 'operator' } : { kind: 'member', memberId: body.as };
        session.act({ ...by, askedBy: caller.id }, roomAction(body.action));
        return session.view();
      },
    }),
    route({
      method: 'post',
      path: '/rooms/{roomId}/dial-out',
      summary: 'Calls people on the room’s number list, whether somebody is in the room or not',
      scope: 'rooms:control',
      own: OWN_ROOM,
      params: roomParams,
      body: z.object({ entryIds }),
      answer: { kind: 'json', schema: roomSchema },
      handle: async ({ params, body, caller }) => {
        const session = liveRooms.open(await roomById(sql, params.roomId));
        session.act({ kind: 'operator', askedBy: caller.id }, { type: 'dial-out', entryIds: body.entryIds });
        return session.view();
      },
    }),
    route({
      method: 'get',
      path: '/live/rooms/{roomId}/audio',
      summary: 'What is said in a room that is broadcast: listen-only, to the end of the conversation',
      scope: 'public',
      params: roomParams,
      answer: { kind: 'stream', contentType: 'audio/wav', about: 'WAV, 16 bit, 8 kHz, mono, without an end' },
      handle: async ({ params }, { req, res }) => {
        const session = liveRooms.find(params.roomId);
        // Of a room that is not broadcast nobody learns whether it exists.
        if (!session?.room.rules.isBroadcast) throw new NotFound('broadcast', params.roomId);
        await broadcast(session, req, res);
      },
    }),
  ];
}

/** An action in the core's words: members by id, the next one by 'next'. */
export function roomAction(wish: z.infer<typeof actionWish>): RoomAction {
  if (!('memberId' in wish)) return wish;
  const { memberId: id, ...rest } = wish;
  return { ...rest, member: id === 'next' ? 'next' : { memberId: id } };
}
