import { Conflict, NotFound } from '../kernel/app-error';
import { newId, randomDigits } from '../kernel/ids';
import { type Database, DuplicateKey, integer, type Row, type Sql, text } from '../kernel/unit-of-work';
import { forgetGuests } from './guests/guests-store';
import { forgetGuessesAtRoom } from './guess-counters-store';
import { hashPin } from '../kernel/pin';
import type { Room, RoomSecrets } from './room';
import { changedRules, DEFAULT_ROOM_RULES, type RoomRulesWish } from './room-rules';
import { RULE_COLUMNS, rulesValues, toRules } from './room-rules-rows';

/** A new Room ID that is taken already is drawn again this often before we give up. */
const MAX_DRAWS = 20;
const ROOM_NUMBER_DIGITS = 8;
export const PIN_DIGITS = 6;

const COLUMNS = 'id, owner_account_id, name, room_number, max_seats, state, created_at_ms';
/** A room and its rules; every room has a row of each. */
const SELECT_ROOM = (more = '') =>
  `SELECT ${[COLUMNS, ...RULE_COLUMNS].join(', ')}${more} FROM rooms JOIN room_rules ON room_rules.room_id = rooms.id`;

/** A room with its hashes: for compare-room-pin alone. */
export type LockedRoom = {
  readonly room: Room;
  readonly participantPinHash: string;
  readonly moderatorPinHash: string;
};

/**
 * Makes an open room with a random Room ID and two different random PINs, which are given back this once.
 * @throws InvalidInput for rules that do not fit
 */
export async function createRoom(
  database: Database,
  wish: {
    ownerAccountId: string;
    name: string;
    maxSeats: number;
    rules?: RoomRulesWish | undefined;
    nowMs: number;
  },
): Promise<{ room: Room; secrets: RoomSecrets }> {
  const rules = changedRules(DEFAULT_ROOM_RULES, wish.rules ?? {});
  const id = newId(wish.nowMs);
  const pins = await newPins();
  const roomNumber = await withFreeNumber((number) =>
    database.write(async (sql) => {
      await sql.run(
        `INSERT INTO rooms (${COLUMNS}, participant_pin_hash, moderator_pin_hash) VALUES (?, ?, ?, ?, ?, 'open', ?, ?, ?)`,
        [
          id,
          wish.ownerAccountId,
          wish.name,
          number,
          wish.maxSeats,
          wish.nowMs,
          pins.participantHash,
          pins.moderatorHash,
        ],
      );
      const places = RULE_COLUMNS.map(() => ', ?').join('');
      await sql.run(`INSERT INTO room_rules (room_id, ${RULE_COLUMNS.join(', ')}) VALUES (?${places})`, [
        id,
        ...rulesValues(rules),
      ]);
    }),
  );
  const room = await roomById(database.read, id);
  return {
    room,
    secrets: { roomNumber, participantPin: pins.participantPin, moderatorPin: pins.moderatorPin },
  };
}

/** Replaces Room ID and both PINs; the old ones stop working at once, and a lockout of the room ends. @throws NotFound */
export async function rotateRoomSecrets(database: Database, roomId: string): Promise<RoomSecrets> {
  await roomById(database.read, roomId);
  const pins = await newPins();
  const roomNumber = await withFreeNumber((number) =>
    database.write(async (sql) => {
      await sql.run(
        'UPDATE rooms SET room_number = ?, participant_pin_hash = ?, moderator_pin_hash = ? WHERE id = ?',
        [number, pins.participantHash, pins.moderatorHash, roomId],
      );
      await forgetGuessesAtRoom(sql, roomId);
      await forgetGuests(sql, roomId);
    }),
  );
  return { roomNumber, participantPin: pins.participantPin, moderatorPin: pins.moderatorPin };
}

/** Opens or closes a room for new callers. @throws NotFound */
export async function setRoomState(database: Database, roomId: string, state: Room['state']): Promise<Room> {
  await database.write((sql) => sql.run('UPDATE rooms SET state = ? WHERE id = ?', [state, roomId]));
  return roomById(database.read, roomId);
}

/** What an owner may change of a room; a field that is left out stays as it is. */
export type RoomWish = {
  readonly name?: string | undefined;
  readonly maxSeats?: number | undefined;
  readonly rules?: RoomRulesWish | undefined;
};

/**
 * Changes name, seats and rules of a room. Callers inside keep the rules they entered under until they are read again.
 * @throws NotFound, InvalidInput
 */
export async function changeRoom(database: Database, roomId: string, wish: RoomWish): Promise<Room> {
  return database.write(async (sql) => {
    // The row lock keeps two changes at once from writing over each other's fields.
    const [row] = await sql.all(`${SELECT_ROOM()} WHERE rooms.id = ?${sql.forUpdate}`, [roomId]);
    if (!row) throw new NotFound('room', roomId);
    const room = toRoom(row);
    const rules = changedRules(room.rules, wish.rules ?? {});
    await sql.run('UPDATE rooms SET name = ?, max_seats = ? WHERE id = ?', [
      wish.name ?? room.name,
      wish.maxSeats ?? room.maxSeats,
      roomId,
    ]);
    await sql.run(
      `UPDATE room_rules SET ${RULE_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE room_id = ?`,
      [...rulesValues(rules), roomId],
    );
    return roomById(sql, roomId);
  });
}

/** @throws NotFound */
export async function roomById(sql: Sql, id: string): Promise<Room> {
  const [row] = await sql.all(`${SELECT_ROOM()} WHERE rooms.id = ?`, [id]);
  if (!row) throw new NotFound('room', id);
  return toRoom(row);
}

/** The room with this Room ID and its hashes, or null. */
export async function lockedRoomByNumber(sql: Sql, roomNumber: string): Promise<LockedRoom | null> {
  const [row] = await sql.all(
    `${SELECT_ROOM(', participant_pin_hash, moderator_pin_hash')} WHERE room_number = ?`,
    [roomNumber],
  );
  return row
    ? {
        room: toRoom(row),
        participantPinHash: text(row.participant_pin_hash),
        moderatorPinHash: text(row.moderator_pin_hash),
      }
    : null;
}

/** Rooms by id, oldest first, after `afterId`; of one owner when given. */
export async function listRooms(
  sql: Sql,
  page: { ownerAccountId?: string | undefined; afterId?: string | undefined; limit: number },
): Promise<readonly Room[]> {
  const owner = page.ownerAccountId === undefined ? '' : ' AND owner_account_id = ?';
  const rows = await sql.all(`${SELECT_ROOM()} WHERE rooms.id > ?${owner} ORDER BY rooms.id LIMIT ?`, [
    page.afterId ?? '',
    ...(page.ownerAccountId === undefined ? [] : [page.ownerAccountId]),
    page.limit,
  ]);
  return rows.map(toRoom);
}

async function newPins() {
  const participantPin = randomDigits(PIN_DIGITS);
  let moderatorPin = randomDigits(PIN_DIGITS);
  while (moderatorPin === participantPin) moderatorPin = randomDigits(PIN_DIGITS);
  const [participantHash, moderatorHash] = await Promise.all([
    hashPin(participantPin),
    hashPin(moderatorPin),
  ]);
  return { participantPin, moderatorPin, participantHash, moderatorHash };
}

async function withFreeNumber(store: (roomNumber: string) => Promise<unknown>): Promise<string> {
  for (let draw = 1; draw <= MAX_DRAWS; draw++) {
    const roomNumber = randomDigits(ROOM_NUMBER_DIGITS);
    try {
      await store(roomNumber);
      return roomNumber;
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
    }
  }
  throw new Conflict('no free Room ID was found; there are too many rooms for eight digits', {
    draws: MAX_DRAWS,
  });
}

function toRoom(row: Row): Room {
  return {
    id: text(row.id),
    ownerAccountId: text(row.owner_account_id),
    name: text(row.name),
    roomNumber: text(row.room_number),
    maxSeats: integer(row.max_seats),
    state: text(row.state) === 'open' ? 'open' : 'closed',
    createdAtMs: integer(row.created_at_ms),
    rules: toRules(row),
  };
}
