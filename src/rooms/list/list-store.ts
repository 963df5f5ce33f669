import { Conflict, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { type E164, e164 } from '../../kernel/phone-number';
import {
  type Database,
  DuplicateKey,
  integer,
  integerOrNull,
  type Row,
  type Sql,
  type SqlValue,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import type { Room } from '../room';
import type { RoomRole } from '../../kernel/room-role';
import type { RoomLanguage } from '../room-rules';
import { roomById } from '../rooms-store';
import {
  checkTerm,
  type ListEntry,
  ListFull,
  listedName,
  type ListWish,
  MAX_LIST_ENTRIES,
} from './list-entry';

/** Rooms that are looked at for one caller's number: more than anybody would listen to in a menu. */
export const MAX_ROOMS_LISTING_A_NUMBER = 20;
/** Rows that one INSERT or DELETE takes: SQLite limits the placeholders of a statement. */
const ROWS_AT_ONCE = 100;

const COLUMNS = [
  'id',
  'room_id',
  'name',
  'number_e164',
  'role',
  'language',
  'may_enter',
  'dial_out',
  'valid_from_ms',
  'valid_until_ms',
  'created_at_ms',
];
const SELECT = `SELECT ${COLUMNS.map((column) => `room_list_entries.${column}`).join(', ')} FROM room_list_entries`;
/** Takes the moment twice. */
const VALID =
  '(valid_from_ms IS NULL OR valid_from_ms <= ?) AND (valid_until_ms IS NULL OR valid_until_ms > ?)';

/**
 * Puts a number on a room's list: from the console, or typed by a moderator on the keypad.
 * @throws NotFound for the room, InvalidInput, Conflict when the number is listed already, ListFull
 */
export async function addListEntry(
  database: Database,
  roomId: string,
  wish: ListWish,
  nowMs: number,
): Promise<ListEntry> {
  checkTerm(wish);
  const entry = { ...wish, id: newId(nowMs), roomId, name: listedName(wish.name), createdAtMs: nowMs };
  return database.write(async (sql) => {
    await lockList(sql, roomId);
    if ((await countEntries(sql, roomId)) >= MAX_LIST_ENTRIES) throw new ListFull(roomId);
    await orListedAlready(entry, () => insertEntries(sql, [entry]));
    return entry;
  });
}

/** Changes an entry; what is left out stays. @throws NotFound, InvalidInput, Conflict when the new number is listed already */
export async function changeListEntry(
  database: Database,
  position: { readonly roomId: string; readonly entryId: string },
  wish: { readonly [Name in keyof ListWish]?: ListWish[Name] | undefined },
): Promise<ListEntry> {
  return database.write(async (sql) => {
    await lockList(sql, position.roomId);
    const before = await listEntryById(sql, position.roomId, position.entryId);
    const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
    const entry: ListEntry = { ...before, ...given };
    checkTerm(entry);
    const after = { ...entry, name: listedName(entry.name) };
    const settable = COLUMNS.slice(2, -1);
    await orListedAlready(after, () =>
      sql.run(
        `UPDATE room_list_entries SET ${settable.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
        [...valuesOf(after).slice(2, -1), after.id],
      ),
    );
    return after;
  });
}

/** @throws NotFound */
export async function deleteListEntry(database: Database, roomId: string, entryId: string): Promise<void> {
  const deleted = await database.write((sql) =>
    sql.run('DELETE FROM room_list_entries WHERE id = ? AND room_id = ?', [entryId, roomId]),
  );
  if (deleted === 0) throw new NotFound('list entry', entryId);
}

/** @throws NotFound, also for an entry of another room */
export async function listEntryById(sql: Sql, roomId: string, entryId: string): Promise<ListEntry> {
  const [row] = await sql.all(`${SELECT} WHERE id = ? AND room_id = ?`, [entryId, roomId]);
  if (!row) throw new NotFound('list entry', entryId);
  return toEntry(row);
}

/** Entries of a room by id, oldest first, after `afterId`; with `dialOutAtMs` only those called out at that moment. */
export async function listEntries(
  sql: Sql,
  roomId: string,
  page: { afterId?: string | undefined; dialOutAtMs?: number | undefined; limit: number },
): Promise<readonly ListEntry[]> {
  const atMs = page.dialOutAtMs;
  const rows = await sql.all(
    `${SELECT} WHERE room_id = ? AND id > ?${atMs === undefined ? '' : ` AND dial_out = 1 AND ${VALID}`} ORDER BY id LIMIT ?`,
    [roomId, page.afterId ?? '', ...(atMs === undefined ? [] : [atMs, atMs]), page.limit],
  );
  return rows.map(toEntry);
}

/** The entry of a number in a room that counts now, or null. Whether it opens the room, mayEnterWithoutPin says. */
export async function listedEntry(
  sql: Sql,
  roomId: string,
  number: E164,
  nowMs: number,
): Promise<ListEntry | null> {
  const [row] = await sql.all(`${SELECT} WHERE room_id = ? AND number_e164 = ? AND ${VALID}`, [
    roomId,
    number,
    nowMs,
    nowMs,
  ]);
  return row ? toEntry(row) : null;
}

/**
 * Open rooms that allow listed entry and list this number, now, as one that may enter: by id, at most
 * MAX_ROOMS_LISTING_A_NUMBER. The caller ID's trust is for mayEnterWithoutPin to judge.
 */
export async function roomsListing(
  sql: Sql,
  number: E164,
  nowMs: number,
): Promise<readonly { readonly room: Room; readonly entry: ListEntry }[]> {
  const rows = await sql.all(
    `${SELECT} JOIN rooms ON rooms.id = room_list_entries.room_id JOIN room_rules ON room_rules.room_id = rooms.id
     WHERE number_e164 = ? AND may_enter = 1 AND ${VALID} AND rooms.state = 'open' AND room_rules.allows_listed_entry = 1
     ORDER BY room_list_entries.room_id LIMIT ?`,
    [number, nowMs, nowMs, MAX_ROOMS_LISTING_A_NUMBER],
  );
  return Promise.all(
    rows.map(toEntry).map(async (entry) => ({ room: await roomById(sql, entry.roomId), entry })),
  );
}

/** Locks a room's list against another writer until the unit of work ends, so that counting and inserting are one step. @throws NotFound */
export async function lockList(sql: Sql, roomId: string): Promise<void> {
  const [row] = await sql.all(`SELECT id FROM rooms WHERE id = ?${sql.forUpdate}`, [roomId]);
  if (!row) throw new NotFound('room', roomId);
}

/** The whole list of a room, which is bounded. */
export async function wholeList(sql: Sql, roomId: string): Promise<readonly ListEntry[]> {
  return listEntries(sql, roomId, { limit: MAX_LIST_ENTRIES });
}

/** Stores entries as they are. */
export async function insertEntries(sql: Sql, entries: readonly ListEntry[]): Promise<void> {
  const places = `(${COLUMNS.map(() => '?').join(', ')})`;
  for (const part of inParts(entries))
    await sql.run(
      `INSERT INTO room_list_entries (${COLUMNS.join(', ')}) VALUES ${part.map(() => places).join(', ')}`,
      part.flatMap(valuesOf),
    );
}

/** Removes entries by id. */
export async function removeEntries(sql: Sql, entries: readonly Pick<ListEntry, 'id'>[]): Promise<void> {
  for (const part of inParts(entries))
    await sql.run(
      `DELETE FROM room_list_entries WHERE id IN (${part.map(() => '?').join(', ')})`,
      part.map(({ id }) => id),
    );
}

async function countEntries(sql: Sql, roomId: string): Promise<number> {
  const [row] = await sql.all('SELECT COUNT(*) AS n FROM room_list_entries WHERE room_id = ?', [roomId]);
  return integer(row?.n);
}

async function orListedAlready(entry: ListEntry, store: () => Promise<unknown>): Promise<void> {
  try {
    await store();
  } catch (error) {
    if (error instanceof DuplicateKey)
      throw new Conflict('the number is on this list already; change its entry instead', {
        roomId: entry.roomId,
      });
    throw error;
  }
}

function* inParts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += ROWS_AT_ONCE) yield all.slice(from, from + ROWS_AT_ONCE);
}

/** The entry's values in the order of COLUMNS. */
function valuesOf(entry: ListEntry): SqlValue[] {
  return [
    entry.id,
    entry.roomId,
    entry.name,
    entry.number,
    entry.role,
    entry.language,
    Number(entry.mayEnter),
    Number(entry.dialOut),
    entry.validFromMs,
    entry.validUntilMs,
    entry.createdAtMs,
  ];
}

function toEntry(row: Row): ListEntry {
  return {
    id: text(row.id),
    roomId: text(row.room_id),
    name: text(row.name),
    number: e164(text(row.number_e164)),
    role: text(row.role) as RoomRole,
    language: textOrNull(row.language) as RoomLanguage | null,
    mayEnter: integer(row.may_enter) === 1,
    dialOut: integer(row.dial_out) === 1,
    validFromMs: integerOrNull(row.valid_from_ms),
    validUntilMs: integerOrNull(row.valid_until_ms),
    createdAtMs: integer(row.created_at_ms),
  };
}
