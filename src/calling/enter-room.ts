import type { CreditGrant } from '../billing/credit/credit-grant';
import type { E164 } from '../kernel/phone-number';
import type { Leg } from '../media/leg';
import { promptFile } from '../media/prompts';
import { type Room, RoomClosed, type RoomRole } from '../rooms/room';
import type { CallingParts } from './calling-parts';

/** A caller who has been let in: from `chargedFromMs` on his call costs the room's owner. */
export type Entered = {
  readonly room: Room;
  readonly role: RoomRole;
  readonly chargedFromMs: number;
  readonly grant: CreditGrant;
};

/**
 * Takes a caller with the right PIN into the room: seat, hold on the owner's credit, journal, conference, in this order, so that
 * nobody talks without a seat, money and a record. What was taken is given back by the end of the call, however it comes.
 * @throws RoomClosed, RoomFull, InsufficientCredit, NoRate, AccountBlocked, LegGone, JournalUnavailable
 */
export async function enterRoom(
  parts: CallingParts,
  call: { callId: string; leg: Leg; number: E164; language: string; startedAtMs: number },
  opened: { room: Room; role: RoomRole },
): Promise<Entered> {
  const { room, role } = opened;
  if (room.state !== 'open') throw new RoomClosed(room.id);
  parts.seats.take(room, call.callId);
  const grant = await parts.credit.reserve({
    callId: call.callId,
    payerAccountId: room.ownerAccountId,
    number: call.number,
    startedAtMs: call.startedAtMs,
    nowMs: parts.clock.nowMs(),
  });
  await call.leg.play([promptFile(parts.settings.promptsDir, call.language, 'entering-room')]);
  await call.leg.join(conferenceName(room.id), role === 'moderator' ? { moderator: true } : {});
  const chargedFromMs = parts.clock.nowMs();
  await parts.keeper.entered(call.callId, {
    roomId: room.id,
    roomSessionId: null,
    roomRole: role,
    payerAccountId: room.ownerAccountId,
    chargedFromMs,
  });
  return { room, role, chargedFromMs, grant };
}

/** The conference of a room on the media server; carries no Room ID, since everybody who looks at the server sees it. */
export function conferenceName(roomId: string): string {
  return `room-${roomId}`;
}
