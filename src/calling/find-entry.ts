import { isE164 } from '../kernel/phone-number';
import { type ListEntry, mayEnterWithoutPin } from '../rooms/list/list-entry';
import { roomsListing } from '../rooms/list/list-store';
import { type Room, RoomClosed, RoomNotYet } from '../rooms/room';
import { entryWindow } from '../rooms/schedule/occurrences';
import { schedulesOfRoom } from '../rooms/schedule/schedules-store';
import type { CallingParts } from './calling-parts';
import type { CallLine } from './identify-caller';

/** A room whose list names the caller. */
export type ListedEntry = { readonly room: Room; readonly entry: ListEntry };

/**
 * The rooms that this caller may enter without a PIN. A caller ID that anybody can make up opens nothing, so only one from a trunk that
 * is marked as verifying counts.
 */
export async function listedEntries(
  parts: Pick<CallingParts, 'database' | 'clock'>,
  caller: { readonly line: CallLine; readonly callerNumber: string | null },
): Promise<readonly ListedEntry[]> {
  const { callerNumber } = caller;
  const callerIdTrusted = caller.line.trustsCallerId;
  if (!callerIdTrusted || callerNumber === null || !isE164(callerNumber)) return [];
  const nowMs = parts.clock.nowMs();
  const listed = await roomsListing(parts.database.read, callerNumber, nowMs);
  return listed.filter(({ room, entry }) => mayEnterWithoutPin({ entry, room, callerIdTrusted, nowMs }));
}

/** Resolves when the room may be entered now. @throws RoomClosed, RoomNotYet */
export async function checkEnterable(
  parts: Pick<CallingParts, 'database' | 'clock'>,
  room: Room,
): Promise<void> {
  if (room.state !== 'open') throw new RoomClosed(room.id);
  const schedules = await schedulesOfRoom(parts.database.read, room.id);
  if (entryWindow(schedules, parts.clock.nowMs()) !== 'open') throw new RoomNotYet(room.id);
}
