import type { Request } from 'express';
import { z } from 'zod';
import { EventStreams } from '../../http/event-stream';
import { type Route, route } from '../../http/route';
import { addressOf } from '../../http/session-door';
import { type Clock, sleep } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import { newId } from '../../kernel/ids';
import { ROOM_ROLES } from '../../kernel/room-role';
import type { Database } from '../../kernel/unit-of-work';
import {
  type BrowserAccess,
  LOGIN_SECRETS,
  loginFor,
  loginSchema,
  mustReach,
} from '../../phones/browser-access';
import { createGuest, type Guest, guestByToken } from '../../rooms/guests/guests-store';
import { PIN_FORM, ROOM_NUMBER_FORM } from '../../rooms/room';
import { roomById } from '../../rooms/rooms-store';
import { checkTypedPin } from '../check-typed-pin';
import { guestIdentity } from '../guest-call';
import type { LiveCalls } from '../live-calls';
import type { LiveRooms } from '../room-session/live-rooms';
import { actionWish, roomAction, roomSchema } from '../room-session/room-routes';
import { ActionRefused } from '../room-session/room-errors';
import type { RoomAction } from '../room-session/session-state';
import { GuestUnknown, RoomNotOpened } from './guest-errors';

/** Streams of guests open at once at this node. */
const MAX_STREAMS = 2_000;
/** The way guests come in, as far as guesses are counted by it; each network address is a caller of its own. */
const WEB_LINE = { id: 'web', trustsCallerId: true } as const;

type Parts = {
  readonly database: Database;
  readonly liveRooms: LiveRooms;
  readonly liveCalls: LiveCalls;
  readonly access: BrowserAccess;
  readonly realm: string;
  readonly clock: Clock;
  readonly log: Log;
};

/** The room as its guest sees it: who is there by name and role, and nobody's number. */
const guestRoomSchema = z.object({
  roomName: z.string(),
  role: z.enum(ROOM_ROLES),
  /** Which of the members he is; null while he is not in the room. */
  memberId: z.string().nullable(),
  /** Null while nobody is in it. */
  room: roomSchema
    .pick({ openedAtMs: true, isLocked: true, isAllMuted: true, recording: true, members: true, hands: true })
    .nullable(),
});

const OWN_ACTIONS: Readonly<Record<'mute' | 'unmute' | 'raise-hand' | 'lower-hand', RoomAction>> = {
  mute: { type: 'mute-self', on: true },
  unmute: { type: 'mute-self', on: false },
  'raise-hand': { type: 'raise-hand', on: true },
  'lower-hand': { type: 'raise-hand', on: false },
};

const guestAction = z.object({
  action: z.union([z.enum(['mute', 'unmute', 'raise-hand', 'lower-hand', 'leave']), actionWish]),
});

/** URLs of guests: callers who open a room by Room ID and PIN in a page instead of on a keypad. */
export function guestRoutes(parts: Parts): readonly Route[] {
  const { database, liveRooms, liveCalls, clock } = parts;
  const streams = new EventStreams(clock, MAX_STREAMS);
  return [
    route({
      method: 'post',
      path: '/guests',
      summary:
        'Opens a room by Room ID and PIN for a page, under the limits of the keypad; it then calls in by SIP',
      scope: 'public',
      body: z.object({
        roomNumber: z.string().regex(ROOM_NUMBER_FORM, 'is no Room ID; write its 6 to 9 digits'),
        pin: z.string().regex(PIN_FORM, 'is no PIN; write its 4 to 12 digits'),
        name: z
          .string()
          .trim()
          .min(1)
          .max(60)
          .regex(/^[^\p{C}<>"]*$/u, 'has signs that no name has; write letters, digits and spaces'),
      }),
      answer: {
        kind: 'json',
        status: 201,
        schema: loginSchema.extend({
          guestToken: z.string().nullable(),
          role: z.enum(ROOM_ROLES),
          roomName: z.string(),
        }),
      },
      toldOnce: [...LOGIN_SECRETS, 'guestToken'],
      handle: async ({ body, nowMs }, { req }) => {
        mustReach(parts.access);
        const guesser = { callId: newId(nowMs), callerNumber: guesserOf(req), line: WEB_LINE };
        const { opened, delayMs } = await checkTypedPin(parts, guesser, body);
        await sleep(clock, delayMs);
        if (!opened) throw new RoomNotOpened();
        const { room, role } = opened;
        const made = await createGuest(database, {
          roomId: room.id,
          role,
          name: body.name,
          realm: parts.realm,
          nowMs: clock.nowMs(),
        });
        return {
          ...loginFor(parts.access, { ...made.guest, password: made.password }),
          guestToken: made.token,
          role,
          roomName: room.name,
        };
      },
    }),
    route({
      method: 'get',
      path: '/guest/room',
      summary: 'The room of a guest and who is in it; the guest is known by "Authorization: Guest <token>"',
      scope: 'public',
      answer: { kind: 'json', schema: guestRoomSchema },
      handle: async (_, { req }) => roomOf(parts, await guestOf(parts, req)),
    }),
    route({
      method: 'get',
      path: '/guest/events',
      summary: 'The same at once and after every change, as server-sent events',
      scope: 'public',
      answer: {
        kind: 'stream',
        contentType: 'text/event-stream',
        about: 'Event "room" with what GET /guest/room gives, at once and after every change of the room',
      },
      handle: async (_, { req, res }) => {
        const guest = await guestOf(parts, req);
        const first = await roomOf(parts, guest);
        streams.serve({ res }, (send) => {
          send('room', first);
          const stop = liveRooms.watch(({ room }) => {
            if (room.roomId === guest.roomId) send('room', seenBy(parts, guest, first.roomName));
          });
          // A login that has run out sees nothing any more.
          const end = clock.after(Math.max(0, guest.expiresAtMs - clock.nowMs()), () => res.end());
          return () => {
            stop();
            end.cancel();
          };
        });
      },
    }),
    route({
      method: 'post',
      path: '/guest/actions',
      summary:
        'Does something in the room with the guest’s own right, as his keypad would, and gives the room as it is then',
      scope: 'public',
      body: guestAction,
      answer: { kind: 'json', schema: guestRoomSchema },
      handle: async ({ body: { action } }, { req }) => {
        const guest = await guestOf(parts, req);
        const memberId = memberIdOf(parts, guest);
        const session = liveRooms.find(guest.roomId);
        if (!session || memberId === null) throw new ActionRefused('no-such-member', 'any');
        if (action === 'leave') liveCalls.end(memberId);
        else {
          const wish = typeof action === 'string' ? OWN_ACTIONS[action] : roomAction(action);
          session.act({ kind: 'member', memberId, askedBy: guestIdentity(guest) }, wish);
        }
        return roomOf(parts, guest);
      },
    }),
  ];
}

/** @throws GuestUnknown */
async function guestOf({ database, clock }: Parts, req: Request): Promise<Guest> {
  const token = /^Guest (\S{1,100})$/.exec(req.get('Authorization') ?? '')?.[1];
  const guest = token ? await guestByToken(database.read, token, clock.nowMs()) : null;
  if (!guest) throw new GuestUnknown();
  return guest;
}

async function roomOf(parts: Parts, guest: Guest): Promise<z.infer<typeof guestRoomSchema>> {
  const { name } = await roomById(parts.database.read, guest.roomId);
  return seenBy(parts, guest, name);
}

function seenBy(parts: Parts, guest: Guest, roomName: string): z.infer<typeof guestRoomSchema> {
  const { role } = guest;
  const memberId = memberIdOf(parts, guest);
  const view = memberId === null ? undefined : parts.liveRooms.find(guest.roomId)?.view();
  // Who has not been let in does not learn who is there.
  const me = view?.members.find((member) => member.memberId === memberId);
  if (!view || me?.place !== 'inside') return { roomName, role, memberId, room: null };
  const { openedAtMs, isLocked, isAllMuted, recording, members, hands } = view;
  const room = { openedAtMs, isLocked, isAllMuted, recording, members: [...members], hands: [...hands] };
  return { roomName, role, memberId, room };
}

function memberIdOf({ liveRooms }: Parts, guest: Guest): string | null {
  return liveRooms.find(guest.roomId)?.memberIdOf(guestIdentity(guest)) ?? null;
}

function guesserOf(req: Request): string {
  return `web:${addressOf(req)}`;
}
