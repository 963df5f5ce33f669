import { InvalidInput } from '../kernel/app-error';
import { fingerprint, newId, randomSecret } from '../kernel/ids';
import { type Database, type Sql, text } from '../kernel/unit-of-work';
import { allowedScopes, isRole, ROLES, type Scope } from './roles';

/** Marks our keys, so that a leaked one is recognised wherever it turns up. */
const PREFIX = 'v123_';

/** Who sends a request, by the key he shows. */
export type Caller = { readonly id: string; readonly label: string; readonly scopes: readonly Scope[] };

export type KeyWanted = {
  readonly label: string;
  readonly role: string;
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
  const ofRole: readonly string[] = ROLES[wanted.role];
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
      'INSERT INTO api_keys (id, label, role, secret_fingerprint, created_at_ms, expires_at_ms, revoked_at_ms) VALUES (?, ?, ?, ?, ?, ?, NULL)',
      [id, wanted.label, wanted.role, fingerprint(secret), wanted.nowMs, wanted.expiresAtMs],
    );
    for (const scope of new Set(wanted.scopes))
      await sql.run('INSERT INTO api_key_scopes (key_id, scope) VALUES (?, ?)', [id, scope]);
  });
  return { id, secret };
}

/** The caller who shows this secret, or null when it is unknown, expired or revoked. */
export async function callerByKey(sql: Sql, secret: string, nowMs: number): Promise<Caller | null> {
  const [row] = await sql.all(
    `SELECT id, label, role FROM api_keys
     WHERE secret_fingerprint = ? AND revoked_at_ms IS NULL AND (expires_at_ms IS NULL OR expires_at_ms > ?)`,
    [fingerprint(secret), nowMs],
  );
  const role = row ? text(row.role) : '';
  if (!row || !isRole(role)) return null;
  const id = text(row.id);
  const scopes = await sql.all('SELECT scope FROM api_key_scopes WHERE key_id = ?', [id]);
  return {
    id,
    label: text(row.label),
    scopes: allowedScopes(
      role,
      scopes.map((one) => text(one.scope)),
    ),
  };
}

/** Ends a key at once. False when there is none, or it had ended. */
export async function revokeApiKey(database: Database, id: string, nowMs: number): Promise<boolean> {
  const changed = await database.write((sql) =>
    sql.run('UPDATE api_keys SET revoked_at_ms = ? WHERE id = ? AND revoked_at_ms IS NULL', [nowMs, id]),
  );
  return changed === 1;
}

/** Whether anybody has a key yet. */
export async function hasApiKeys(sql: Sql): Promise<boolean> {
  return (await sql.all('SELECT id FROM api_keys LIMIT 1')).length > 0;
}
