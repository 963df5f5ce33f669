import {
  integer,
  integerOrNull,
  type Row,
  type Sql,
  type SqlValue,
  text,
  textOrNull,
} from '../kernel/unit-of-work';
import { DEFAULT_OUTWARD, type Outward, type SipAddress } from './outward';
import { toCidr, type Trunk, type TrunkSettings } from './trunk';

/** Columns that a trunk's settings are stored in, in the order of settingValues. */
export const SETTING_COLUMNS = [
  'name',
  'digest_username',
  'digest_realm',
  'requires_tls',
  'trusts_caller_id',
  'is_trusted_peer',
  'country',
  'max_channels',
  'max_channels_in',
  'max_channels_out',
  'max_calls_per_second',
  'outward',
] as const;

export const SELECT_TRUNK = `SELECT id, state, ${SETTING_COLUMNS.join(', ')} FROM trunks`;

/** A trunk's settings as values of SETTING_COLUMNS. */
export function settingValues(settings: TrunkSettings): SqlValue[] {
  const { limits } = settings;
  return [
    settings.name,
    settings.digest?.username ?? null,
    settings.digest?.realm ?? null,
    Number(settings.requiresTls),
    Number(settings.trustsCallerId),
    Number(settings.isTrustedPeer),
    settings.country,
    limits.channels,
    limits.channelsIn,
    limits.channelsOut,
    limits.callsPerSecond,
    settings.outward === null ? null : outwardText(settings.outward),
  ];
}

/** Writes the rows beside a trunk's own: the addresses it is known by and where it takes calls. @throws DuplicateKey for an address of another trunk */
export async function writeAddresses(sql: Sql, trunkId: string, settings: TrunkSettings): Promise<void> {
  await sql.run('DELETE FROM trunk_addresses WHERE trunk_id = ?', [trunkId]);
  for (const address of settings.addresses)
    await sql.run('INSERT INTO trunk_addresses (trunk_id, cidr) VALUES (?, ?)', [trunkId, toCidr(address)]);
  await sql.run('DELETE FROM trunk_targets WHERE trunk_id = ?', [trunkId]);
  for (const [index, { host, port }] of (settings.outward?.targets ?? []).entries())
    await sql.run('INSERT INTO trunk_targets (trunk_id, priority, host, port) VALUES (?, ?, ?, ?)', [
      trunkId,
      index + 1,
      host,
      port,
    ]);
}

/** The trunks of these rows with what stands beside them: three reads, however many they are. */
export async function toTrunks(sql: Sql, rows: readonly Row[]): Promise<readonly Trunk[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => text(row.id));
  const places = ids.map(() => '?').join(', ');
  const addresses = await sql.all(
    `SELECT trunk_id, cidr FROM trunk_addresses WHERE trunk_id IN (${places}) ORDER BY cidr`,
    ids,
  );
  const targets = await sql.all(
    `SELECT trunk_id, host, port FROM trunk_targets WHERE trunk_id IN (${places}) ORDER BY trunk_id, priority`,
    ids,
  );
  return rows.map((row) => ({
    id: text(row.id),
    state: text(row.state) === 'active' ? 'active' : 'disabled',
    name: text(row.name),
    addresses: addresses.filter((one) => one.trunk_id === row.id).map((one) => text(one.cidr)),
    digest:
      textOrNull(row.digest_username) === null
        ? null
        : { username: text(row.digest_username), realm: text(row.digest_realm) },
    requiresTls: integer(row.requires_tls) === 1,
    trustsCallerId: integer(row.trusts_caller_id) === 1,
    isTrustedPeer: integer(row.is_trusted_peer) === 1,
    country: textOrNull(row.country),
    limits: {
      channels: integerOrNull(row.max_channels),
      channelsIn: integerOrNull(row.max_channels_in),
      channelsOut: integerOrNull(row.max_channels_out),
      callsPerSecond: integerOrNull(row.max_calls_per_second),
    },
    outward: toOutward(
      textOrNull(row.outward),
      targets
        .filter((one) => one.trunk_id === row.id)
        .map((one) => ({ host: text(one.host), port: integerOrNull(one.port) })),
    ),
  }));
}

function outwardText({ targets: _, ...outward }: Outward): string {
  const said = Object.entries(outward).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(DEFAULT_OUTWARD[name as keyof Outward]),
  );
  return JSON.stringify(Object.fromEntries(said));
}

function toOutward(stored: string | null, targets: readonly SipAddress[]): Outward | null {
  if (stored === null) return null;
  return { ...DEFAULT_OUTWARD, ...(JSON.parse(stored) as Partial<Outward>), targets };
}
