import { fingerprint } from '../kernel/ids';
import { type Database, integer, type Row, type Sql, text, textOrNull } from '../kernel/unit-of-work';
import { type Binding, register, type RegisterOutcome, type RegisterWish } from './registrar';

const COLUMNS = `contact_uri, call_id, cseq, path, received_from, user_agent, priority_q, registered_at_ms, expires_at_ms, binding_text`;

/** A binding with the device it rings. */
export type DeviceBinding = Binding & { readonly deviceId: string };

/** Does what a REGISTER of the device asks for, all or nothing, one at a time for each device. @throws RegisterRefused */
export function storeRegister(
  database: Database,
  deviceId: string,
  wish: RegisterWish,
  nowMs: number,
): Promise<RegisterOutcome> {
  return database.write(async (sql) => {
    // Locking the device's row keeps two REGISTERs of one device from both passing the limit.
    await sql.all(`SELECT id FROM devices WHERE id = ?${sql.forUpdate}`, [deviceId]);
    const outcome = register(await readBindings(sql, deviceId), wish, nowMs);
    for (const binding of [...outcome.remove, ...outcome.put.map((one) => one.binding)])
      await sql.run('DELETE FROM registrations WHERE device_id = ? AND binding = ?', [
        deviceId,
        keyOf(binding),
      ]);
    for (const one of outcome.put) await insertBinding(sql, deviceId, one);
    return outcome;
  });
}

/** What a binding is called is as long as a URI may be; its key is of one length. */
function keyOf(binding: string): string {
  return fingerprint(binding);
}

async function insertBinding(sql: Sql, deviceId: string, one: Binding): Promise<void> {
  await sql.run(
    `INSERT INTO registrations (device_id, binding, binding_text, contact_uri, call_id, cseq, path, received_from, user_agent, priority_q,
       registered_at_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      deviceId,
      keyOf(one.binding),
      one.binding,
      one.contactUri,
      one.callId,
      one.cseq,
      one.path,
      one.receivedFrom,
      one.userAgent,
      one.priorityQ,
      one.registeredAtMs,
      one.expiresAtMs,
    ],
  );
}

async function readBindings(sql: Sql, deviceId: string): Promise<readonly Binding[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM registrations WHERE device_id = ? ORDER BY registered_at_ms, binding`,
    [deviceId],
  );
  return rows.map(toBinding);
}

/** Where an account's telephones are to be rung now, the preferred first. */
export async function bindingsOf(
  sql: Sql,
  accountId: string,
  nowMs: number,
): Promise<readonly DeviceBinding[]> {
  const rows = await sql.all(
    `SELECT r.device_id, ${COLUMNS} FROM registrations r
     JOIN (SELECT id AS owner_id FROM devices
           WHERE account_id = ? AND state = 'active' AND (expires_at_ms IS NULL OR expires_at_ms > ?)) d ON d.owner_id = r.device_id
     WHERE r.expires_at_ms > ? ORDER BY r.priority_q DESC, r.registered_at_ms DESC`,
    [accountId, nowMs, nowMs],
  );
  return rows.map((row) => ({ ...toBinding(row), deviceId: text(row.device_id) }));
}

/** The accounts, of those given, with a telephone that can be rung now. */
export async function registeredAccounts(
  sql: Sql,
  accountIds: readonly string[],
  nowMs: number,
): Promise<ReadonlySet<string>> {
  if (accountIds.length === 0) return new Set();
  const rows = await sql.all(
    `SELECT DISTINCT d.account_id FROM devices d JOIN registrations r ON r.device_id = d.id
     WHERE d.account_id IN (${accountIds.map(() => '?').join(', ')}) AND d.state = 'active' AND r.expires_at_ms > ?`,
    [...accountIds, nowMs],
  );
  return new Set(rows.map((row) => text(row.account_id)));
}

/** Where one device is to be rung now. */
export async function bindingsOfDevice(
  sql: Sql,
  deviceId: string,
  nowMs: number,
): Promise<readonly Binding[]> {
  return (await readBindings(sql, deviceId)).filter(({ expiresAtMs }) => expiresAtMs > nowMs);
}

/** Takes away a binding whose telephone is not there any more: its connection is gone. */
export async function dropBinding(database: Database, deviceId: string, binding: string): Promise<void> {
  await database.write((sql) =>
    sql.run('DELETE FROM registrations WHERE device_id = ? AND binding = ?', [deviceId, keyOf(binding)]),
  );
}

/** Removes bindings that have run out. */
export async function forgetExpiredBindings(sql: Sql, nowMs: number): Promise<void> {
  await sql.run('DELETE FROM registrations WHERE expires_at_ms < ?', [nowMs]);
}

function toBinding(row: Row): Binding {
  return {
    binding: text(row.binding_text),
    contactUri: text(row.contact_uri),
    callId: text(row.call_id),
    cseq: integer(row.cseq),
    path: textOrNull(row.path),
    receivedFrom: text(row.received_from),
    userAgent: text(row.user_agent),
    priorityQ: integer(row.priority_q),
    registeredAtMs: integer(row.registered_at_ms),
    expiresAtMs: integer(row.expires_at_ms),
  };
}
