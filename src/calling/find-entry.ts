import { RoomClosed, RoomNotYet, type Room, type RoomRole } from '../rooms/room';
import type { ListEntry } from '../rooms/list/list-entry';
import { roomsListing } from '../rooms/list/list-store';
import { entryWindowOf } from '../rooms/schedule/schedules-store';
import type { Trunk } from '../trunks/trunks-store';
import type { CallingParts } from './calling-parts';

/** A room whose list names the caller. */
export type ListedEntry = { readonly room: Room; readonly entry: ListEntry };

/**
 * The rooms that this caller may enter without a PIN. A caller ID that anybody can make up opens nothing, so only one from a trunk that
 * is marked as verifying counts.
 */
export async function listedEntries(
  parts: Pick<CallingParts, 'database' | 'clock'>,
  caller: { readonly trunk: Trunk; readonly callerNumber: string | null },
): Promise<readonly ListedEntry[]> {
  if (!caller.trunk.trustsCallerId || caller.callerNumber === null) return [];
  return roomsListing(parts.database.read, caller.callerNumber, parts.clock.nowMs());
}

/** The room, if it may be entered now. @throws RoomClosed, RoomNotYet */
export async function enterableRoom(
  parts: Pick<CallingParts, 'database' | 'clock'>,
  wanted: { readonly room: Room; readonly role: RoomRole },
): Promise<{ readonly room: Room; readonly role: RoomRole }> {
  const { room } = wanted;
  if (room.state !== 'open') throw new RoomClosed(room.id);
  const window = await entryWindowOf(parts.database.read, room.id, parts.clock.nowMs());
  if (window !== 'open') throw new RoomNotYet(room.id);
  return wanted;
}
