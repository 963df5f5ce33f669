import { hashPassword, type PasswordHashes } from '../../kernel/digest-password';
import { fingerprint, newId, randomHex, randomSecret } from '../../kernel/ids';
import { ROOM_ROLES, type RoomRole } from '../../kernel/room-role';
import { type Database, integer, type Row, type Sql, text } from '../../kernel/unit-of-work';

/** Somebody who opened a room by its PIN in a page: until it runs out he enters exactly that room, by that right. */
export type Guest = {
  readonly id: string;
  readonly roomId: string;
  readonly role: RoomRole;
  /** What he calls himself. */
  readonly name: string;
  readonly username: string;
  readonly expiresAtMs: number;
};

/** A guest as he is told once. */
export type NewGuest = { readonly guest: Guest; readonly password: string; readonly token: string };

/** How long a PIN that was typed once opens the room. */
export const GUEST_MS = 4 * 3_600_000;

const COLUMNS = 'id, room_id, role, name, username, expires_at_ms';

/** Lets a guest in, with a password and a token drawn by chance, which are kept as hashes alone. Those that ran out are forgotten. */
export async function createGuest(
  database: Database,
  wish: {
    readonly roomId: string;
    readonly role: RoomRole;
    readonly name: string;
    readonly realm: string;
    readonly nowMs: number;
  },
): Promise<NewGuest> {
  const { roomId, role, name, realm, nowMs } = wish;
  const password = randomSecret();
  const token = randomSecret();
  // In the form of a device's username, so that no telephone number is ever one.
  const username = `g${randomHex(5).slice(0, 9)}`;
  const guest: Guest = { id: newId(nowMs), roomId, role, name, username, expiresAtMs: nowMs + GUEST_MS };
  const hashes = hashPassword(username, realm, password);
  await database.write(async (sql) => {
    await sql.run('DELETE FROM guests WHERE expires_at_ms <= ?', [nowMs]);
    await sql.run(
      `INSERT INTO guests (${COLUMNS}, ha1_md5, ha1_sha256, token_hash, created_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        guest.id,
        roomId,
        role,
        name,
        username,
        guest.expiresAtMs,
        hashes.MD5,
        hashes['SHA-256'],
        fingerprint(token),
        nowMs,
      ],
    );
  });
  return { guest, password, token };
}

/** The guest with this username and what his password is kept as; null when there is none, or his time is over. */
export async function findGuest(
  sql: Sql,
  username: string,
  nowMs: number,
): Promise<{ readonly guest: Guest; readonly hashes: PasswordHashes } | null> {
  const [row] = await sql.all(
    `SELECT ${COLUMNS}, ha1_md5, ha1_sha256 FROM guests WHERE username = ? AND expires_at_ms > ?`,
    [username, nowMs],
  );
  if (!row) return null;
  return { guest: toGuest(row), hashes: { MD5: text(row.ha1_md5), 'SHA-256': text(row.ha1_sha256) } };
}

/** The guest who holds this token; null when nobody does, or his time is over. */
export async function guestByToken(sql: Sql, token: string, nowMs: number): Promise<Guest | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM guests WHERE token_hash = ? AND expires_at_ms > ?`, [
    fingerprint(token),
    nowMs,
  ]);
  return row ? toGuest(row) : null;
}

/** Forgets all guests of a room: its Room ID and PINs are new. */
export async function forgetGuests(sql: Sql, roomId: string): Promise<void> {
  await sql.run('DELETE FROM guests WHERE room_id = ?', [roomId]);
}

function toGuest(row: Row): Guest {
  const role = ROOM_ROLES.find((known) => known === text(row.role));
  if (!role) throw new Error(`guest ${text(row.id)} has the unknown role ${text(row.role)}`);
  return {
    id: text(row.id),
    roomId: text(row.room_id),
    role,
    name: text(row.name),
    username: text(row.username),
    expiresAtMs: integer(row.expires_at_ms),
  };
}
