import { Conflict, NotFound } from '../kernel/app-error';
import { newId, randomHex, randomSecret } from '../kernel/ids';
import { type Database, integer, integerOrNull, type Row, type Sql, text } from '../kernel/unit-of-work';
import type { Device } from './device';
import { hashPassword, type PasswordHashes } from '../kernel/digest-password';

/** Telephones one account may have in use. */
export const MAX_DEVICES_PER_ACCOUNT = 20;
/** Pages that may be its telephones at once; a further one takes the place of the oldest. */
export const MAX_BROWSERS_PER_ACCOUNT = 20;
/** A page is a telephone for so long. */
export const BROWSER_LOGIN_MS = 8 * 3_600_000;

const PASSWORD_BYTES = 18;
/** 36 bits: nobody finds one by trying before he is blocked. */
const USERNAME_DIGITS_HEX_BYTES = 4;

const COLUMNS = 'id, account_id, name, username, state, kind, created_at_ms, expires_at_ms';

/** A device as it is told once, with its password. */
export type NewDevice = { readonly device: Device; readonly password: string };

/**
 * Adds a device with a username and a password drawn by chance; the password is kept as hashes alone, for this realm.
 * @throws NotFound (account), Conflict when the account has as many as it may
 */
export async function createDevice(
  database: Database,
  wish: { readonly accountId: string; readonly name: string; readonly realm: string; readonly nowMs: number },
): Promise<NewDevice> {
  const password = randomSecret(PASSWORD_BYTES);
  const device = newDevice(wish, 'phone', null);
  await database.write(async (sql) => {
    // The account's row is locked, so that two wishes at once cannot both be the last one.
    const [account] = await sql.all(`SELECT id FROM accounts WHERE id = ?${sql.forUpdate}`, [wish.accountId]);
    if (!account) throw new NotFound('account', wish.accountId);
    const [row] = await sql.all(
      "SELECT COUNT(*) AS n FROM devices WHERE account_id = ? AND state = 'active' AND kind = 'phone'",
      [wish.accountId],
    );
    if (integer(row?.n) >= MAX_DEVICES_PER_ACCOUNT)
      throw new Conflict(`the account has ${MAX_DEVICES_PER_ACCOUNT} devices; revoke one first`, {
        accountId: wish.accountId,
        limit: MAX_DEVICES_PER_ACCOUNT,
      });
    await insertDevice(sql, device, hashPassword(device.username, wish.realm, password));
  });
  return { device, password };
}

/** A page's username and password, and until when they are good. */
export type BrowserLogin = {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly expiresAtMs: number;
};

/**
 * Makes a page a telephone of an account for some hours. Pages whose time is over, and the oldest when there are too many, are none any more.
 * @throws NotFound (account)
 */
export async function createBrowserLogin(
  database: Database,
  wish: { readonly accountId: string; readonly realm: string; readonly nowMs: number },
): Promise<BrowserLogin> {
  const { accountId, realm, nowMs } = wish;
  const password = randomSecret(PASSWORD_BYTES);
  const expiresAtMs = nowMs + BROWSER_LOGIN_MS;
  const device = newDevice({ accountId, name: 'browser', nowMs }, 'browser', expiresAtMs);
  await database.write(async (sql) => {
    const [account] = await sql.all(`SELECT id FROM accounts WHERE id = ?${sql.forUpdate}`, [accountId]);
    if (!account) throw new NotFound('account', accountId);
    const rows = await sql.all(
      `SELECT id, expires_at_ms FROM devices WHERE account_id = ? AND kind = 'browser' AND state = 'active' ORDER BY id DESC`,
      [accountId],
    );
    const over = rows.filter(
      (row, at) => integer(row.expires_at_ms) <= nowMs || at >= MAX_BROWSERS_PER_ACCOUNT - 1,
    );
    for (const row of over) await takeOutOfUse(sql, text(row.id));
    await insertDevice(sql, device, hashPassword(device.username, realm, password));
  });
  return { id: device.id, username: device.username, password, expiresAtMs };
}

function newDevice(
  wish: { readonly accountId: string; readonly name: string; readonly nowMs: number },
  kind: Device['kind'],
  expiresAtMs: number | null,
): Device {
  return {
    id: newId(wish.nowMs),
    accountId: wish.accountId,
    name: wish.name,
    username: `p${randomHex(USERNAME_DIGITS_HEX_BYTES)}${randomHex(1).slice(0, 1)}`,
    state: 'active',
    kind,
    createdAtMs: wish.nowMs,
    expiresAtMs,
  };
}

function insertDevice(sql: Sql, device: Device, hashes: PasswordHashes): Promise<unknown> {
  return sql.run(
    `INSERT INTO devices (${COLUMNS}, ha1_md5, ha1_sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      device.id,
      device.accountId,
      device.name,
      device.username,
      device.state,
      device.kind,
      device.createdAtMs,
      device.expiresAtMs,
      hashes.MD5,
      hashes['SHA-256'],
    ],
  );
}

/** Takes a device out of use for good, with its registrations. @throws NotFound */
export async function revokeDevice(database: Database, deviceId: string): Promise<void> {
  await database.write(async (sql) => {
    await readDevice(sql, deviceId);
    await takeOutOfUse(sql, deviceId);
  });
}

async function takeOutOfUse(sql: Sql, deviceId: string): Promise<void> {
  await sql.run("UPDATE devices SET state = 'revoked' WHERE id = ?", [deviceId]);
  await sql.run('DELETE FROM registrations WHERE device_id = ?', [deviceId]);
  await sql.run('DELETE FROM device_addresses WHERE device_id = ?', [deviceId]);
}

/** @throws NotFound */
export async function readDevice(sql: Sql, deviceId: string): Promise<Device> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM devices WHERE id = ?`, [deviceId]);
  if (!row) throw new NotFound('device', deviceId);
  return toDevice(row);
}

/** All devices of an account, the oldest first, those revoked too. */
export async function devicesOf(sql: Sql, accountId: string, limit: number): Promise<readonly Device[]> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM devices WHERE account_id = ? ORDER BY id LIMIT ?`, [
    accountId,
    limit,
  ]);
  return rows.map(toDevice);
}

/** The device in use with this username and what its password is kept as; null when there is none, or its time is over. */
export async function findDevice(
  sql: Sql,
  username: string,
  nowMs: number,
): Promise<{ readonly device: Device; readonly hashes: PasswordHashes } | null> {
  const [row] = await sql.all(
    `SELECT ${COLUMNS}, ha1_md5, ha1_sha256 FROM devices
     WHERE username = ? AND state = 'active' AND (expires_at_ms IS NULL OR expires_at_ms > ?)`,
    [username, nowMs],
  );
  if (!row) return null;
  return { device: toDevice(row), hashes: { MD5: text(row.ha1_md5), 'SHA-256': text(row.ha1_sha256) } };
}

function toDevice(row: Row): Device {
  return {
    id: text(row.id),
    accountId: text(row.account_id),
    name: text(row.name),
    username: text(row.username),
    state: text(row.state) === 'active' ? 'active' : 'revoked',
    kind: text(row.kind) === 'browser' ? 'browser' : 'phone',
    createdAtMs: integer(row.created_at_ms),
    expiresAtMs: integerOrNull(row.expires_at_ms),
  };
}
