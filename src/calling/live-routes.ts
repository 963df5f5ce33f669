import { z } from 'zod';
import type { Caller } from '../http/api-keys';
import { EventStreams } from '../http/event-stream';
import { type Route, route } from '../http/route';
import { NotFound } from '../kernel/app-error';
import type { Clock } from '../kernel/clock';
import { maskNumber } from '../kernel/phone-number';
import { ROOM_ROLES } from '../kernel/room-role';
import type { LiveCall, LiveCallChange, LiveCalls } from './live-calls';
import type { LiveRooms } from './room-session/live-rooms';

/** Streams open at once. */
const MAX_STREAMS = 100;

const callSchema = z.object({
  callId: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  fromNumber: z.string().nullable(),
  isWithheld: z.boolean(),
  dialledNumber: z.string(),
  trunkId: z.string().nullable(),
  accountId: z.string().nullable(),
  deviceId: z.string().nullable(),
  phase: z.enum(['ringing', 'menu', 'waiting', 'talking']),
  roomId: z.string().nullable(),
  roomRole: z.enum(ROOM_ROLES).nullable(),
  startedAtMs: z.number(),
  enteredAtMs: z.number().nullable(),
  paidSeconds: z.number().nullable(),
});

/** URLs of what is going on right now, and of what would. */
export function liveRoutes(parts: {
  liveCalls: LiveCalls;
  liveRooms: LiveRooms;
  clock: Clock;
}): readonly Route[] {
  const { liveCalls, liveRooms } = parts;
  const streams = new EventStreams(parts.clock, MAX_STREAMS);
  return [
    route({
      method: 'get',
      path: '/live/calls',
      summary: 'Calls that are going on',
      scope: 'calls:read',
      answer: { kind: 'json', schema: z.object({ calls: z.array(callSchema) }) },
      handle: async ({ caller }) => ({ calls: liveCalls.list().map((call) => callFor(caller, call)) }),
    }),
    route({
      method: 'get',
      path: '/live/events',
      summary: 'A snapshot of the live calls and rooms, then every change, as server-sent events',
      scope: 'calls:read',
      answer: {
        kind: 'stream',
        contentType: 'text/event-stream',
        about:
          'Event "snapshot" with all calls and rooms, then "started", "changed" and "ended" with a call each, "room-changed" and "room-closed" with a room',
      },
      handle: async ({ caller }, raw) =>
        streams.serve(raw, (send) => {
          send('snapshot', {
            calls: liveCalls.list().map((call) => callFor(caller, call)),
            rooms: liveRooms.list(),
          });
          const stop = liveCalls.watch((change: LiveCallChange) =>
            send(change.type, callFor(caller, change.call)),
          );
          const stopRooms = liveRooms.watch(({ type, room }) => send(`room-${type}`, room));
          return () => {
            stop();
            stopRooms();
          };
        }),
    }),
    route({
      method: 'post',
      path: '/live/calls/{callId}/end',
      summary: 'Takes a caller out: he is told, and the call ends',
      scope: 'calls:end',
      params: z.object({ callId: z.string().max(36) }),
      answer: { kind: 'json', schema: z.object({ ending: z.literal(true) }) },
      handle: async ({ params }) => {
        if (!liveCalls.end(params.callId)) throw new NotFound('live call', params.callId);
        return { ending: true };
      },
    }),
  ];
}

/** A call as this reader may see it; the same rules as for CDRs. */
function callFor({ scopes }: Caller, call: LiveCall): LiveCall {
  if (scopes.includes('numbers:withheld')) return call;
  const told = call.isWithheld ? { ...call, fromNumber: null } : call;
  if (scopes.includes('numbers:full')) return told;
  return {
    ...told,
    fromNumber: told.fromNumber === null ? null : maskNumber(told.fromNumber),
    dialledNumber: maskNumber(told.dialledNumber),
  };
}
