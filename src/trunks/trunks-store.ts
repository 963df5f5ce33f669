import { BlockList, isIP } from 'node:net';
import { Conflict, InvalidInput, NotFound } from '../kernel/app-error';
import { hashPassword, type PasswordHashes } from '../kernel/digest-password';
import { fingerprint, newId } from '../kernel/ids';
import { type Database, DuplicateKey, type Sql, text, textOrNull } from '../kernel/unit-of-work';
import { DEFAULT_OUTWARD, type Outward } from './outward';
import {
  checkTrunk,
  checkTrunkPassword,
  DEFAULT_TRUNK,
  isOutward,
  type OutwardTrunk,
  toCidr,
  type Trunk,
  type TrunkLimits,
  type TrunkSettings,
  type TrunkState,
} from './trunk';
import { SELECT_TRUNK, SETTING_COLUMNS, settingValues, toTrunks, writeAddresses } from './trunk-rows';
import { openPassword, sealPassword, type TrunkKey } from './trunk-secrets';

/** Trunks that take calls from us which one choice looks at. */
const MAX_OUTWARD_TRUNKS = 1_000;

/** Passwords that are set, never read: the carrier's at us, and ours at the carrier, which needs the key it is sealed with. */
export type TrunkPasswords = {
  readonly inward?: string | undefined;
  readonly outward?: { readonly password: string; readonly key: TrunkKey } | undefined;
};

/** What is said of a new trunk; the rest is as in DEFAULT_TRUNK and DEFAULT_OUTWARD. */
export type NewTrunk = Partial<Omit<TrunkSettings, 'outward' | 'limits'>> & {
  readonly name: string;
  readonly limits?: Partial<TrunkLimits> | undefined;
  readonly outward?: Partial<Outward> | null | undefined;
  readonly passwords?: TrunkPasswords | undefined;
  readonly nowMs: number;
};

/** What is changed of a trunk; what is left out stays, also inside limits and outward. */
export type TrunkChange = Partial<Omit<NewTrunk, 'nowMs'>> & { readonly state?: TrunkState | undefined };

/**
 * Adds an active trunk.
 * @throws InvalidInput; NotFound for the cost deck; Conflict when the name, a username or an address belongs to a trunk already
 */
export async function createTrunk(database: Database, wish: NewTrunk): Promise<Trunk> {
  const { nowMs, passwords = {}, ...said } = wish;
  const settings = merged({ ...DEFAULT_TRUNK, name: wish.name }, said);
  const id = newId(nowMs);
  return orTaken(settings.name, () =>
    database.write(async (sql) => {
      const columns = ['id', 'state', 'created_at_ms', ...SETTING_COLUMNS];
      await sql.run(
        `INSERT INTO trunks (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
        [id, 'active', nowMs, ...settingValues(settings)],
      );
      await requireCostDeck(sql, settings);
      await writeAddresses(sql, id, settings);
      await writePasswords(sql, { id, before: null, settings, passwords });
      return trunkById(sql, id);
    }),
  );
}

/** @throws NotFound, InvalidInput, Conflict as createTrunk */
export function changeTrunk(database: Database, trunkId: string, change: TrunkChange): Promise<Trunk> {
  return orTaken(change.name ?? trunkId, () =>
    database.write(async (sql) => {
      await sql.all(`SELECT id FROM trunks WHERE id = ?${sql.forUpdate}`, [trunkId]);
      const before = await trunkById(sql, trunkId);
      const { state = before.state, passwords = {}, ...said } = change;
      const settings = merged(before, said);
      await sql.run(
        `UPDATE trunks SET state = ?, ${SETTING_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`,
        [state, ...settingValues(settings), trunkId],
      );
      await requireCostDeck(sql, settings);
      await writeAddresses(sql, trunkId, settings);
      await writePasswords(sql, { id: trunkId, before, settings, passwords });
      return trunkById(sql, trunkId);
    }),
  );
}

/** @throws NotFound */
export async function trunkById(sql: Sql, trunkId: string): Promise<Trunk> {
  return one(sql, `${SELECT_TRUNK} WHERE id = ?`, trunkId);
}

/** @throws NotFound */
export async function trunkByName(sql: Sql, name: string): Promise<Trunk> {
  return one(sql, `${SELECT_TRUNK} WHERE name = ?`, name);
}

/** Trunks by id, the oldest first. */
export async function listTrunks(
  sql: Sql,
  page: { readonly afterId?: string | undefined; readonly limit: number },
): Promise<readonly Trunk[]> {
  return toTrunks(
    sql,
    await sql.all(`${SELECT_TRUNK} WHERE id > ? ORDER BY id LIMIT ?`, [page.afterId ?? '', page.limit]),
  );
}

/** The active trunk that an address belongs to, the narrowest range first; null for everybody else. */
export async function trunkByAddress(sql: Sql, address: string): Promise<Trunk | null> {
  const rows = await sql.all(
    `SELECT a.trunk_id, a.cidr FROM trunk_addresses a
     JOIN trunks t ON t.id = a.trunk_id WHERE t.state = 'active'`,
  );
  const [matching] = rows
    .map((row) => ({ trunkId: text(row.trunk_id), cidr: text(row.cidr) }))
    .filter(({ cidr }) => contains(cidr, address))
    .toSorted((left, right) => prefixLength(right.cidr) - prefixLength(left.cidr));
  return matching ? trunkById(sql, matching.trunkId) : null;
}

/** A trunk and what the digest it sends is checked against. */
export type DigestTrunk = { readonly trunk: Trunk; readonly realm: string; readonly hashes: PasswordHashes };

/** The active trunk that shows itself with this username, or null. */
export async function trunkByDigestUsername(sql: Sql, username: string): Promise<DigestTrunk | null> {
  const [row] = await sql.all(
    "SELECT id, digest_realm, digest_md5, digest_sha256 FROM trunks WHERE digest_username = ? AND state = 'active'",
    [username],
  );
  if (!row) return null;
  return {
    trunk: await trunkById(sql, text(row.id)),
    realm: text(row.digest_realm),
    hashes: { MD5: text(row.digest_md5), 'SHA-256': text(row.digest_sha256) },
  };
}

/** Active trunks that take calls from us, by name. */
export async function outwardTrunks(sql: Sql): Promise<readonly OutwardTrunk[]> {
  const rows = await sql.all(
    `${SELECT_TRUNK} WHERE state = 'active' AND outward IS NOT NULL ORDER BY name LIMIT ?`,
    [MAX_OUTWARD_TRUNKS],
  );
  return (await toTrunks(sql, rows)).filter(isOutward);
}

/** Our password at a carrier; null when it asks for none. @throws SealBroken */
export async function outwardPassword(sql: Sql, key: TrunkKey, trunkId: string): Promise<string | null> {
  const [row] = await sql.all('SELECT outward_password FROM trunks WHERE id = ?', [trunkId]);
  const sealed = textOrNull(row?.outward_password);
  return sealed === null ? null : openPassword(key, trunkId, sealed);
}

/** What changes by trunk whenever our password at it is set; of the password itself it tells nothing. */
export async function outwardPasswordMarks(sql: Sql): Promise<ReadonlyMap<string, string>> {
  const rows = await sql.all(
    `SELECT id, outward_password FROM trunks WHERE state = 'active' AND outward_password IS NOT NULL
     ORDER BY name LIMIT ?`,
    [MAX_OUTWARD_TRUNKS],
  );
  return new Map(rows.map((row) => [text(row.id), fingerprint(text(row.outward_password))]));
}

async function one(sql: Sql, statement: string, key: string): Promise<Trunk> {
  const [trunk] = await toTrunks(sql, await sql.all(statement, [key]));
  if (!trunk) throw new NotFound('trunk', key);
  return trunk;
}

function merged(before: TrunkSettings, said: Omit<TrunkChange, 'state' | 'passwords'>): TrunkSettings {
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const outward =
    said.outward === undefined
      ? before.outward
      : said.outward && { ...(before.outward ?? DEFAULT_OUTWARD), ...said.outward };
  const after = { ...before, ...given, limits: { ...before.limits, ...said.limits }, outward };
  const addresses = after.addresses.map(toCidr);
  checkTrunk(after);
  return { ...after, addresses };
}

async function requireCostDeck(sql: Sql, { outward }: TrunkSettings): Promise<void> {
  if (!outward || outward.costDeckId === null) return;
  const [deck] = await sql.all('SELECT id FROM rate_decks WHERE id = ?', [outward.costDeckId]);
  if (!deck) throw new NotFound('rate deck', outward.costDeckId);
}

async function writePasswords(
  sql: Sql,
  {
    id,
    before,
    settings,
    passwords,
  }: { id: string; before: Trunk | null; settings: TrunkSettings; passwords: TrunkPasswords },
): Promise<void> {
  const { digest } = settings;
  if (passwords.inward !== undefined && digest) {
    checkTrunkPassword('password', passwords.inward);
    const hashes = hashPassword(digest.username, digest.realm, passwords.inward);
    await sql.run('UPDATE trunks SET digest_md5 = ?, digest_sha256 = ? WHERE id = ?', [
      hashes.MD5,
      hashes['SHA-256'],
      id,
    ]);
  } else if (!digest) {
    await sql.run('UPDATE trunks SET digest_md5 = NULL, digest_sha256 = NULL WHERE id = ?', [id]);
  } else if (digest.username !== before?.digest?.username || digest.realm !== before.digest.realm)
    throw new InvalidInput('password', 'is missing', 'a new username or realm needs the password again');

  const ours = settings.outward?.digest ?? null;
  if (passwords.outward !== undefined && ours) {
    const { key, password } = passwords.outward;
    checkTrunkPassword('outwardPassword', password);
    await sql.run('UPDATE trunks SET outward_password = ? WHERE id = ?', [
      sealPassword(key, id, password),
      id,
    ]);
  } else if (!ours) await sql.run('UPDATE trunks SET outward_password = NULL WHERE id = ?', [id]);
  else if (!before?.outward?.digest)
    throw new InvalidInput('outwardPassword', 'is missing', 'give our password at the carrier');
}

async function orTaken<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DuplicateKey)
      throw new Conflict('a trunk with this name, this username or one of these addresses exists', { name });
    throw error;
  }
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
