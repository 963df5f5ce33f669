import { compareRoomPin } from '../rooms/compare-room-pin';
import { takeTry } from '../rooms/guess-counters-store';
import type { Room, RoomRole } from '../rooms/room';
import type { Trunk } from '../trunks/trunks-store';
import type { CallingParts } from './calling-parts';

/** The answer to a typed pair, to be given `delayMs` from now. */
export type CheckedPair = {
  /** The room and the caller's role in it; null is a refusal, whatever its reason. */
  readonly opened: { readonly room: Room; readonly role: RoomRole } | null;
  readonly delayMs: number;
};

/**
 * Compares a typed pair and counts the try for caller, room and trunk. A wrong PIN, an unknown Room ID and a right pair during a
 * lockout do the same work and get the same answer after the same delay.
 */
export async function checkTypedPin(
  parts: Pick<CallingParts, 'database' | 'clock' | 'log'>,
  call: { readonly callId: string; readonly callerNumber: string | null; readonly trunk: Trunk },
  typed: { readonly roomNumber: string; readonly pin: string },
): Promise<CheckedPair> {
  const { room, role } = await compareRoomPin(parts.database.read, typed);
  const { callId, callerNumber, trunk } = call;
  const judged = await takeTry(
    parts.database,
    { callerNumber, trunk, room, right: role !== null },
    parts.clock.nowMs(),
  );
  for (const kind of judged.newLockouts)
    parts.log.warn('guesses locked out', {
      kind,
      cdrId: callId,
      trunkId: trunk.id,
      roomId: room?.id ?? null,
      ownerAccountId: room?.ownerAccountId ?? null,
    });
  if (!judged.admitted)
    parts.log.info('menu refused a try', { cdrId: callId, locked: judged.locked, delayMs: judged.delayMs });
  return { opened: judged.admitted && room && role ? { room, role } : null, delayMs: judged.delayMs };
}
