import { AppError } from '../../kernel/app-error';
import type { Database } from '../../kernel/unit-of-work';
import { findAccessNumber } from '../../numbers/access-numbers-store';
import { normaliseWritten } from '../../numbers/normalise-dialled';
import { addListEntry } from '../../rooms/list/list-store';
import type { Room } from '../../rooms/room';

/**
 * Puts a number that a moderator typed on the room's list: it may enter and is called out, as a speaker. False when it is no number that can
 * be called, is one of our own, or is listed already.
 */
export async function listNumber(
  database: Database,
  room: Room,
  typed: string,
  nowMs: number,
): Promise<boolean> {
  const number = normaliseWritten(typed);
  if (number === null || (await findAccessNumber(database.read, number))) return false;
  const entry = {
    name: number,
    number,
    role: room.rules.participantRole,
    language: null,
    mayEnter: true,
    dialOut: true,
    validFromMs: null,
    validUntilMs: null,
  };
  try {
    await addListEntry(database, room.id, entry, nowMs);
    return true;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}
