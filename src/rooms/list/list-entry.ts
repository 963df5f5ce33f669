import { withoutGuard } from '../../csv/read-csv-file';
import { Conflict, InvalidInput } from '../../kernel/app-error';
import type { E164 } from '../../kernel/phone-number';
import type { Room } from '../room';
import type { RoomRole } from '../../kernel/room-role';
import type { RoomLanguage } from '../room-rules';

/** Most entries of one room's list. */
export const MAX_LIST_ENTRIES = 5_000;
/** Longest name of an entry, in characters. */
export const MAX_NAME_LENGTH = 100;

/** A number that a room knows. Times are milliseconds since 1970 UTC. */
export type ListEntry = {
  readonly id: string;
  readonly roomId: string;
  readonly name: string;
  readonly number: E164;
  readonly role: RoomRole;
  /** Language of the prompts it hears; null: the room's. */
  readonly language: RoomLanguage | null;
  /** May enter without a PIN, if the room allows it and the caller ID can be trusted. */
  readonly mayEnter: boolean;
  /** Is called when the room dials out. */
  readonly dialOut: boolean;
  /** First moment at which the entry counts; null: always did. */
  readonly validFromMs: number | null;
  /** First moment at which it counts no more; null: never ends. */
  readonly validUntilMs: number | null;
  readonly createdAtMs: number;
};

/** What an owner writes down of an entry; the number is what one entry differs from another by. */
export type ListWish = Omit<ListEntry, 'id' | 'roomId' | 'createdAtMs'>;

/** The room's list has no place for another entry. */
export class ListFull extends Conflict {
  constructor(roomId: string) {
    super(`the list has ${MAX_LIST_ENTRIES} entries, which is the most; delete some first`, {
      roomId,
      maxEntries: MAX_LIST_ENTRIES,
    });
  }
}

/** Whether an entry counts at a moment. */
export function isValidAt(entry: Pick<ListEntry, 'validFromMs' | 'validUntilMs'>, nowMs: number): boolean {
  return (
    (entry.validFromMs === null || nowMs >= entry.validFromMs) &&
    (entry.validUntilMs === null || nowMs < entry.validUntilMs)
  );
}

/**
 * Whether a caller enters without a PIN: the room is open and allows it, its list has the caller's number now and lets it enter,
 * and the caller ID can be trusted (a trunk that verifies it, or attestation A of RFC 8588). Anybody can send any number, so
 * without trust the answer is no, whatever the list says.
 */
export function mayEnterWithoutPin(facts: {
  readonly entry: ListEntry | null;
  readonly room: Pick<Room, 'id' | 'state' | 'rules'>;
  readonly callerIdTrusted: boolean;
  readonly nowMs: number;
}): boolean {
  const { entry, room, callerIdTrusted, nowMs } = facts;
  return (
    callerIdTrusted &&
    entry !== null &&
    entry.roomId === room.id &&
    entry.mayEnter &&
    room.rules.allowsListedEntry &&
    room.state === 'open' &&
    isValidAt(entry, nowMs)
  );
}

/**
 * A name as it is kept: outer spaces go, and so does the apostrophe that a spreadsheet (or our own export) sets before =, +, -
 * and @, so that what was exported comes back the same.
 * @throws InvalidInput when it is empty, too long or not printable
 */
export function listedName(text: string, field = 'name'): string {
  const name = withoutGuard(text);
  if (name !== '' && name.length <= MAX_NAME_LENGTH && !/\p{C}/u.test(name)) return name;
  throw new InvalidInput(
    field,
    name === '' ? 'is empty' : `"${name.slice(0, 40)}" does not fit`,
    `give 1 to ${MAX_NAME_LENGTH} printable characters`,
  );
}

/** @throws InvalidInput when the entry would end before it begins */
export function checkTerm(
  term: Pick<ListEntry, 'validFromMs' | 'validUntilMs'>,
  field = 'validUntilMs',
): void {
  if (term.validFromMs === null || term.validUntilMs === null || term.validFromMs < term.validUntilMs) return;
  throw new InvalidInput(field, 'is not after the moment it is valid from', 'give a later end, or none');
}
