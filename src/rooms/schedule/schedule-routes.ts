import { z } from 'zod';
import { OWN_ROOM, type Route, route } from '../../http/route';
import type { Database } from '../../kernel/unit-of-work';
import { listAccessNumbers } from '../../numbers/access-numbers-store';
import { roomById, rotateRoomSecrets } from '../rooms-store';
import { invitationText, MAX_INVITED_NUMBERS, secretTexts } from './invitation';
import { occurrencesBetween } from './occurrences';
import { REPEATS, type StoredSchedule, WEEKDAYS } from './schedule';
import {
  changeSchedule,
  createSchedule,
  deleteSchedule,
  scheduleById,
  schedulesOfRoom,
} from './schedules-store';

/** Meetings shown with a schedule. */
const NEXT_SHOWN = 5;

/** Kinds of the fields; their limits and what must fit together, checkedSchedule checks. */
const wishSchema = z.object({
  timeZone: z.string().max(64),
  startsLocal: z.string().max(16),
  durationMinutes: z.number().int(),
  repeats: z.enum(REPEATS),
  interval: z.number().int(),
  weekdays: z.array(z.enum(WEEKDAYS)).max(7),
  untilDate: z.string().max(10).nullable(),
  count: z.number().int().nullable(),
  earlyEntryMinutes: z.number().int(),
  dialsOut: z.boolean(),
});
const scheduleSchema = wishSchema.extend({
  id: z.string(),
  roomId: z.string(),
  revision: z.number(),
  createdAtMs: z.number(),
  changedAtMs: z.number(),
  next: z.array(z.object({ startsAtMs: z.number(), endsAtMs: z.number() })),
});
const roomParams = z.object({ roomId: z.string().max(36) });
const scheduleParams = roomParams.extend({ scheduleId: z.string().max(36) });

/** URLs of rooms' schedules and invitations. */
export function scheduleRoutes(database: Database): readonly Route[] {
  return [...readingRoutes(database), ...writingRoutes(database), ...invitationRoutes(database)];
}

function readingRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'get',
      path: '/rooms/{roomId}/schedules',
      summary: `When a room meets, each schedule with its next ${NEXT_SHOWN} meetings`,
      scope: 'rooms:read',
      own: OWN_ROOM,
      params: roomParams,
      answer: { kind: 'json', schema: z.object({ schedules: z.array(scheduleSchema) }) },
      handle: async ({ params, nowMs }) => {
        await roomById(database.read, params.roomId);
        const schedules = await schedulesOfRoom(database.read, params.roomId);
        return { schedules: schedules.map((schedule) => withNext(schedule, nowMs)) };
      },
    }),
    route({
      method: 'get',
      path: '/rooms/{roomId}/schedules/{scheduleId}',
      summary: 'One schedule',
      scope: 'rooms:read',
      own: OWN_ROOM,
      params: scheduleParams,
      answer: { kind: 'json', schema: scheduleSchema },
      handle: async ({ params, nowMs }) =>
        withNext(await scheduleById(database.read, params.roomId, params.scheduleId), nowMs),
    }),
  ];
}

function writingRoutes(database: Database): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/rooms/{roomId}/schedules',
      summary: 'Plans meetings; a room with schedules may be entered only around its meetings',
      scope: 'rooms:write',
      own: OWN_ROOM,
      params: roomParams,
      body: wishSchema.extend({
        durationMinutes: z.number().int().default(60),
        repeats: z.enum(REPEATS).default('never'),
        interval: z.number().int().default(1),
        weekdays: wishSchema.shape.weekdays.default([]),
        untilDate: wishSchema.shape.untilDate.default(null),
        count: wishSchema.shape.count.default(null),
        earlyEntryMinutes: z.number().int().default(10),
        dialsOut: z.boolean().default(false),
      }),
      answer: { kind: 'json', status: 201, schema: scheduleSchema },
      handle: async ({ params, body, nowMs }) =>
        withNext(await createSchedule(database, params.roomId, body, nowMs), nowMs),
    }),
    route({
      method: 'patch',
      path: '/rooms/{roomId}/schedules/{scheduleId}',
      summary: 'Changes a schedule; what is left out stays',
      scope: 'rooms:write',
      own: OWN_ROOM,
      params: scheduleParams,
      body: wishSchema.partial(),
      answer: { kind: 'json', schema: scheduleSchema },
      handle: async ({ params, body, nowMs }) =>
        withNext(await changeSchedule(database, params, body, nowMs), nowMs),
    }),
    route({
      method: 'delete',
      path: '/rooms/{roomId}/schedules/{scheduleId}',
      summary: 'Deletes a schedule; a room without any is always open',
      scope: 'rooms:write',
      own: OWN_ROOM,
      params: scheduleParams,
      answer: { kind: 'json', schema: z.object({ deleted: z.literal(true) }) },
      handle: async ({ params }) => {
        await deleteSchedule(database, params.roomId, params.scheduleId);
        return { deleted: true };
      },
    }),
  ];
}

function invitationRoutes(database: Database): readonly Route[] {
  const invitation = async (roomId: string, scheduleId: string) => {
    const schedule = await scheduleById(database.read, roomId, scheduleId);
    const numbers = await listAccessNumbers(database.read, MAX_INVITED_NUMBERS);
    return invitationText(await roomById(database.read, roomId), schedule, numbers);
  };
  return [
    route({
      method: 'get',
      path: '/rooms/{roomId}/schedules/{scheduleId}/invitation.ics',
      summary:
        'Calendar file with the room’s name, its meetings and the numbers to dial; neither Room ID nor PIN',
      scope: 'rooms:read',
      own: OWN_ROOM,
      params: scheduleParams,
      answer: { kind: 'stream', contentType: 'text/calendar', about: 'RFC 5545' },
      handle: async ({ params }, { res }) => {
        const text = await invitation(params.roomId, params.scheduleId);
        res.type('text/calendar').setHeader('Content-Disposition', 'attachment; filename="invitation.ics"');
        res.send(text);
      },
    }),
    route({
      method: 'post',
      path: '/rooms/{roomId}/invitations',
      summary:
        'Draws a new Room ID and new PINs and gives what two channels need: the calendar file, and the texts with the secrets, told this once',
      scope: 'rooms:write',
      own: OWN_ROOM,
      params: roomParams,
      body: z.object({
        scheduleId: z.string().max(36),
        rotateSecrets: z.literal(
          true,
          'must be true: PINs are kept only as hashes, so they can be told only when new ones are drawn, and the old ones stop working; the calendar file alone is at invitation.ics',
        ),
      }),
      answer: {
        kind: 'json',
        status: 201,
        schema: z.object({
          invitation: z.string(),
          secretTexts: z.object({ participant: z.string(), moderator: z.string() }).nullable(),
        }),
      },
      toldOnce: ['secretTexts'],
      handle: async ({ params, body }) => {
        // Before the secrets change: a schedule that is not there must not cost the room its PINs.
        const text = await invitation(params.roomId, body.scheduleId);
        const room = await roomById(database.read, params.roomId);
        const secrets = await rotateRoomSecrets(database, params.roomId);
        return { invitation: text, secretTexts: secretTexts(room, secrets) };
      },
    }),
  ];
}

function withNext(schedule: StoredSchedule, nowMs: number): z.infer<typeof scheduleSchema> {
  const fromMs = nowMs - schedule.durationMinutes * 60_000 + 1;
  return {
    ...schedule,
    weekdays: [...schedule.weekdays],
    next: [...occurrencesBetween(schedule, fromMs, Number.POSITIVE_INFINITY, NEXT_SHOWN)],
  };
}
