import { compareAccountPin } from '../accounts/account-pins';
import { compareRoomPin } from '../rooms/compare-room-pin';
import { type PinTry, takeTry } from '../rooms/guess-counters-store';
import type { JudgedTry } from '../rooms/guess-limits';
import type { Room } from '../rooms/room';
import type { RoomRole } from '../kernel/room-role';
import type { CallingParts } from './calling-parts';
import type { CallLine } from './identify-caller';

/** The answer to a typed pair, to be given `delayMs` from now. */
export type CheckedPair = {
  /** The room and the caller's role in it; null is a refusal, whatever its reason. */
  readonly opened: { readonly room: Room; readonly role: RoomRole } | null;
  readonly delayMs: number;
};

/** The answer to a typed account PIN, to be given `delayMs` from now; null is a refusal, whatever its reason. */
export type CheckedAccountPin = { readonly accountId: string | null; readonly delayMs: number };

type CheckParts = Pick<CallingParts, 'database' | 'clock' | 'log'>;
type Guesser = { readonly callId: string; readonly callerNumber: string | null; readonly line: CallLine };

/**
 * Compares a typed pair and counts the try for caller, room and trunk. A wrong PIN, an unknown Room ID and a right pair during a
 * lockout do the same work and get the same answer after the same delay.
 */
export async function checkTypedPin(
  parts: CheckParts,
  call: Guesser,
  typed: { readonly roomNumber: string; readonly pin: string },
): Promise<CheckedPair> {
  const { room, role } = await compareRoomPin(parts.database.read, typed);
  const judged = await judge(parts, call, { room, right: role !== null });
  return { opened: judged.admitted && room && role ? { room, role } : null, delayMs: judged.delayMs };
}

/** The same for an account PIN: counted for caller, account and trunk. */
export async function checkAccountPin(
  parts: CheckParts,
  call: Guesser,
  typed: string,
): Promise<CheckedAccountPin> {
  const { account, isRight } = await compareAccountPin(parts.database.read, typed);
  const accountId = account?.id ?? null;
  const judged = await judge(parts, call, { room: null, accountId, right: isRight });
  return { accountId: judged.admitted ? accountId : null, delayMs: judged.delayMs };
}

async function judge(
  parts: CheckParts,
  { callId, callerNumber, line }: Guesser,
  guess: Pick<PinTry, 'room' | 'accountId' | 'right'>,
): Promise<JudgedTry> {
  const judged = await takeTry(parts.database, { callerNumber, trunk: line, ...guess }, parts.clock.nowMs());
  for (const kind of judged.newLockouts)
    parts.log.warn('guesses locked out', {
      kind,
      cdrId: callId,
      lineId: line.id,
      roomId: guess.room?.id ?? null,
      ownerAccountId: guess.room?.ownerAccountId ?? guess.accountId ?? null,
    });
  if (!judged.admitted)
    parts.log.info('menu refused a try', { cdrId: callId, locked: judged.locked, delayMs: judged.delayMs });
  return judged;
}
