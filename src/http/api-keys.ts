import { InvalidInput } from '../kernel/app-error';
import { fingerprint, newId, randomSecret } from '../kernel/ids';
import {
  type Database,
  integer,
  integerOrNull,
  type Sql,
  text,
  textOrNull,
  whereOf,
} from '../kernel/unit-of-work';
import { isCustomer, isRole, narrowed, OWN_SCOPES, ROLES, type Scope } from './roles';

/** Marks our keys, so that a leaked one is recognised wherever it turns up. */
const PREFIX = 'v123_';

/** Who sends a request, by the key he shows or the session he is signed in by. */
export type Caller = {
  readonly id: string;
  readonly label: string;
  /** What he may do to everything. */
  readonly scopes: readonly Scope[];
  /** What he may do to things of his own account; empty without one. */
  readonly ownScopes: readonly Scope[];
  /** Whose things are his own; null for keys and staff that belong to no account. */
  readonly accountId: string | null;
  /** Who is signed in; null for a key. */
  readonly personId: string | null;
  /** The session that he is signed in by; null for a key. */
  readonly sessionId: string | null;
};

export type KeyWanted = {
  readonly label: string;
  readonly role: string;
  /** The account whose own things the key reaches, with the role `user`; null for staff and programs of the house. */
  readonly accountId: string | null;
  /** Narrows the role; empty: all that the role may. */
  readonly scopes: readonly string[];
  /** Null: does not expire. */
  readonly expiresAtMs: number | null;
  readonly nowMs: number;
};

/**
 * Makes a key and gives its secret, which is stored as a fingerprint only and cannot be shown again.
 * @throws InvalidInput for an unknown role or a scope that the role does not have
 */
export async function createApiKey(
  database: Database,
  wanted: KeyWanted,
): Promise<{ id: string; secret: string }> {
  if (!isRole(wanted.role))
    throw new InvalidInput('role', `"${wanted.role}" is none`, `use ${Object.keys(ROLES).join(', ')}`);
  if (isCustomer(wanted.role) !== (wanted.accountId !== null))
    throw new InvalidInput(
      'accountId',
      wanted.accountId === null
        ? 'is missing for a customer’s key'
        : `does not go with the role ${wanted.role}`,
      'a key of an account has the role of a customer, and every other key has no account',
    );
  const ofRole: readonly string[] = wanted.accountId === null ? ROLES[wanted.role] : OWN_SCOPES;
  const beyond = wanted.scopes.find((scope) => !ofRole.includes(scope));
  if (beyond !== undefined)
    throw new InvalidInput(
      'scopes',
      `${wanted.role} does not have "${beyond}"`,
      `choose from ${ofRole.join(', ')}`,
    );
  const id = newId(wanted.nowMs);
  const secret = PREFIX + randomSecret(32);
  await database.write(async (sql) => {
    await sql.run(
      'INSERT INTO api_keys (id, label, role, account_id, secret_fingerprint, created_at_ms, expires_at_ms, revoked_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, NULL)',
      [
        id,
        wanted.label,
        wanted.role,
        wanted.accountId,
        fingerprint(secret),
        wanted.nowMs,
        wanted.expiresAtMs,
      ],
    );
    for (const scope of new Set(wanted.scopes))
      await sql.run('INSERT INTO api_key_scopes (key_id, scope) VALUES (?, ?)', [id, scope]);
  });
  return { id, secret };
}

/** The caller who shows this secret, or null when it is unknown, expired or revoked. */
export async function callerByKey(sql: Sql, secret: string, nowMs: number): Promise<Caller | null> {
  // One row for each scope it is narrowed to, or one without.
  const rows = await sql.all(
    `SELECT k.id, k.label, k.role, k.account_id, s.scope FROM api_keys k LEFT JOIN api_key_scopes s ON s.key_id = k.id
     WHERE k.secret_fingerprint = ? AND k.revoked_at_ms IS NULL AND (k.expires_at_ms IS NULL OR k.expires_at_ms > ?)`,
    [fingerprint(secret), nowMs],
  );
  const [row] = rows;
  const role = row ? text(row.role) : '';
  if (!row || !isRole(role)) return null;
  const narrowedTo = rows.flatMap(({ scope }) => (scope === null ? [] : [text(scope)]));
  const accountId = textOrNull(row.account_id);
  return {
    id: text(row.id),
    label: text(row.label),
    scopes: narrowed(ROLES[role], narrowedTo),
    ownScopes: accountId === null ? [] : narrowed(OWN_SCOPES, narrowedTo),
    accountId,
    personId: null,
    sessionId: null,
  };
}

/** A key as it is listed: all but its secret. */
export type ListedKey = {
  readonly id: string;
  readonly label: string;
  readonly role: string;
  readonly accountId: string | null;
  /** What it was narrowed to; empty: all that the role may. */
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
};

/** Keys that count, those of one account or (null) all, from after `afterId` on, one more than `limit` when there are more. */
export async function listApiKeys(
  sql: Sql,
  wanted: {
    readonly accountId: string | null;
    readonly afterId: string | null;
    readonly limit: number;
    readonly nowMs: number;
  },
): Promise<readonly ListedKey[]> {
  const { where, values } = whereOf([
    ['account_id = ?', wanted.accountId],
    ['id > ?', wanted.afterId],
    ['(expires_at_ms IS NULL OR expires_at_ms > ?)', wanted.nowMs],
  ]);
  const rows = await sql.all(
    `SELECT id, label, role, account_id, created_at_ms, expires_at_ms FROM api_keys ${where} AND revoked_at_ms IS NULL ORDER BY id LIMIT ?`,
    [...values, wanted.limit + 1],
  );
  const keys: ListedKey[] = [];
  for (const row of rows) {
    const scopes = await sql.all('SELECT scope FROM api_key_scopes WHERE key_id = ? ORDER BY scope', [
      text(row.id),
    ]);
    keys.push({
      id: text(row.id),
      label: text(row.label),
      role: text(row.role),
      accountId: textOrNull(row.account_id),
      scopes: scopes.map(({ scope }) => text(scope)),
      createdAtMs: integer(row.created_at_ms),
      expiresAtMs: integerOrNull(row.expires_at_ms),
    });
  }
  return keys;
}

/** Ends a key at once, or only one of this account. False when there is none, or it had ended. */
export async function revokeApiKey(
  database: Database,
  id: string,
  nowMs: number,
  accountId: string | null = null,
): Promise<boolean> {
  const { where, values } = whereOf([
    ['id = ?', id],
    ['account_id = ?', accountId],
  ]);
  const changed = await database.write((sql) =>
    sql.run(`UPDATE api_keys SET revoked_at_ms = ? ${where} AND revoked_at_ms IS NULL`, [nowMs, ...values]),
  );
  return changed === 1;
}

/** Whether anybody has a key yet. */
export async function hasApiKeys(sql: Sql): Promise<boolean> {
  return (await sql.all('SELECT id FROM api_keys LIMIT 1')).length > 0;
}
