import type { Sql } from '../kernel/unit-of-work';
import { hashPin, isPin } from '../kernel/pin';
import { PIN_FORM, ROOM_NUMBER_FORM, type Room } from './room';
import { type RoomRole } from '../kernel/room-role';
import { lockedRoomByNumber } from './rooms-store';

/** Hash of a PIN nobody can type: an unknown Room ID is checked against it, so that it costs what a wrong PIN costs. */
let decoy: Promise<string> | undefined;

/** What a pair of Room ID and PIN means. */
export type ComparedPair = {
  /** The room that was guessed at; null when the Room ID names none or the PIN cannot be one. For counting alone: nobody is told. */
  readonly room: Room | null;
  /** The role that the PIN opens this room with; null when it does not. */
  readonly role: RoomRole | null;
};

/**
 * Compares a Room ID and PIN. Unknown room, wrong PIN and digits of a wrong form cannot be told apart by the time it takes: all of
 * them do the same work. Whether a right pair is admitted, the counters of guesses say.
 */
export async function compareRoomPin(
  sql: Sql,
  typed: { roomNumber: string; pin: string },
): Promise<ComparedPair> {
  decoy ??= hashPin('no digits at all');
  const wellFormed = ROOM_NUMBER_FORM.test(typed.roomNumber) && PIN_FORM.test(typed.pin);
  const found = await lockedRoomByNumber(sql, wellFormed ? typed.roomNumber : '');
  const decoyHash = await decoy;
  const [isModerator, isParticipant] = await Promise.all([
    isPin(typed.pin, found?.moderatorPinHash ?? decoyHash),
    isPin(typed.pin, found?.participantPinHash ?? decoyHash),
  ]);
  const room = found?.room ?? null;
  if (!room || !(isModerator || isParticipant)) return { room, role: null };
  return { room, role: isModerator ? 'moderator' : room.rules.participantRole };
}
