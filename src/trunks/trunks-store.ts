import { BlockList, isIP } from 'node:net';
import { Conflict, InvalidInput, NotFound } from '../kernel/app-error';
import { newId } from '../kernel/ids';
import { type Database, DuplicateKey, integer, type Row, type Sql, text } from '../kernel/unit-of-work';

/** A carrier's connection. Calls from its addresses are its; what it says of the caller's number is believed only if so marked. */
export type Trunk = {
  readonly id: string;
  readonly name: string;
  readonly state: 'active' | 'disabled';
  readonly trustsCallerId: boolean;
};

/**
 * Adds an active trunk that is recognised by its addresses ("192.0.2.7" or "192.0.2.0/24", IPv6 alike).
 * @throws InvalidInput for an address that is none; Conflict when the name or an address belongs to a trunk already
 */
export async function createTrunk(
  database: Database,
  wish: { name: string; addresses: readonly string[]; trustsCallerId: boolean; nowMs: number },
): Promise<Trunk> {
  const cidrs = wish.addresses.map(toCidr);
  const id = newId(wish.nowMs);
  try {
    await database.write(async (sql) => {
      await sql.run(
        "INSERT INTO trunks (id, name, state, trusts_caller_id, created_at_ms) VALUES (?, ?, 'active', ?, ?)",
        [id, wish.name, wish.trustsCallerId ? 1 : 0, wish.nowMs],
      );
      for (const cidr of cidrs)
        await sql.run('INSERT INTO trunk_addresses (trunk_id, cidr) VALUES (?, ?)', [id, cidr]);
    });
  } catch (error) {
    if (error instanceof DuplicateKey)
      throw new Conflict('a trunk with this name or one of these addresses exists', { name: wish.name });
    throw error;
  }
  return { id, name: wish.name, state: 'active', trustsCallerId: wish.trustsCallerId };
}

/** The active trunk that an address belongs to, the narrowest range first; null for everybody else. */
export async function trunkByAddress(sql: Sql, address: string): Promise<Trunk | null> {
  const rows = await sql.all(
    `SELECT t.id, t.name, t.state, t.trusts_caller_id, a.cidr FROM trunk_addresses a
     JOIN trunks t ON t.id = a.trunk_id WHERE t.state = 'active'`,
  );
  const matching = rows
    .map((row) => ({ row, cidr: text(row.cidr) }))
    .filter(({ cidr }) => contains(cidr, address))
    .toSorted((left, right) => prefixLength(right.cidr) - prefixLength(left.cidr));
  return matching[0] ? toTrunk(matching[0].row) : null;
}

/** @throws NotFound */
export async function trunkByName(sql: Sql, name: string): Promise<Trunk> {
  const [row] = await sql.all('SELECT id, name, state, trusts_caller_id FROM trunks WHERE name = ?', [name]);
  if (!row) throw new NotFound('trunk', name);
  return toTrunk(row);
}

/** A trunk that takes calls from us, and where. */
export type OutboundTrunk = Trunk & { readonly outboundHost: string; readonly outboundPort: number };

/** A host name or an IPv4 address: it becomes part of a SIP URI, so nothing else is taken. */
const HOST_FORM = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?$/i;

/** Says where a trunk takes calls from us. @throws InvalidInput, NotFound */
export async function setOutboundAddress(
  database: Database,
  trunkId: string,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  if (!HOST_FORM.test(host))
    throw new InvalidInput('host', `"${host}" is no host`, 'write a host name or an IPv4 address');
  if (!(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw new InvalidInput('port', `${port} is no port`, 'write 1 to 65535');
  await database.write(async (sql) => {
    const [row] = await sql.all('SELECT id FROM trunks WHERE id = ?', [trunkId]);
    if (!row) throw new NotFound('trunk', trunkId);
    await sql.run('UPDATE trunks SET outbound_host = ?, outbound_port = ? WHERE id = ?', [
      host,
      port,
      trunkId,
    ]);
  });
}

/** The active trunk that takes calls from us, the first by name; null when none does. */
export async function outboundTrunk(sql: Sql): Promise<OutboundTrunk | null> {
  const [row] = await sql.all(
    `SELECT id, name, state, trusts_caller_id, outbound_host, outbound_port FROM trunks
     WHERE state = 'active' AND outbound_host IS NOT NULL ORDER BY name LIMIT 1`,
  );
  if (!row) return null;
  const address = { outboundHost: text(row.outbound_host), outboundPort: integer(row.outbound_port) };
  return { ...toTrunk(row), ...address };
}

function toCidr(address: string): string {
  const [host = '', length] = address.split('/');
  const family = isIP(host);
  const most = family === 6 ? 128 : 32;
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (family === 0 || bits < 0 || bits > most)
    throw new InvalidInput(
      'addresses',
      `"${address}" is no address`,
      'write 192.0.2.7, 192.0.2.0/24 or an IPv6 address',
    );
  return `${host}/${bits}`;
}

function contains(cidr: string, address: string): boolean {
  const [network = '', bits = ''] = cidr.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function prefixLength(cidr: string): number {
  return Number(cidr.split('/')[1]);
}

function toTrunk(row: Row): Trunk {
  return {
    id: text(row.id),
    name: text(row.name),
    state: text(row.state) === 'active' ? 'active' : 'disabled',
    trustsCallerId: integer(row.trusts_caller_id) === 1,
  };
}
