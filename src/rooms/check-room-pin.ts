import type { Sql } from '../kernel/unit-of-work';
import { hashPin, isPin } from './pin';
import { PIN_FORM, ROOM_NUMBER_FORM, type Room, type RoomRole } from './room';
import { lockedRoomByNumber } from './rooms-store';

/** Hash of a PIN nobody can type: an unknown Room ID is checked against it, so that it costs what a wrong PIN costs. */
let decoy: Promise<string> | undefined;

/**
 * The room and role that a Room ID and PIN open, or null. Unknown room, wrong PIN and digits of a wrong form cannot be told apart
 * by the answer or by its time: all of them do the same work.
 */
export async function checkRoomPin(
  sql: Sql,
  typed: { roomNumber: string; pin: string },
): Promise<{ room: Room; role: RoomRole } | null> {
  decoy ??= hashPin('no digits at all');
  const wellFormed = ROOM_NUMBER_FORM.test(typed.roomNumber) && PIN_FORM.test(typed.pin);
  const found = await lockedRoomByNumber(sql, wellFormed ? typed.roomNumber : '');
  const decoyHash = await decoy;
  const [isModerator, isParticipant] = await Promise.all([
    isPin(typed.pin, found?.moderatorPinHash ?? decoyHash),
    isPin(typed.pin, found?.participantPinHash ?? decoyHash),
  ]);
  if (!found || !(isModerator || isParticipant)) return null;
  return { room: found.room, role: isModerator ? 'moderator' : 'participant' };
}
