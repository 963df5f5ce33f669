import { randomHex } from '../kernel/ids';
import { type Database, DuplicateKey, type Sql, text } from '../kernel/unit-of-work';
import { NONCE_LIFETIME_MS } from './nonce';

const NAME = 'sip-nonce';
const SECRET_BYTES = 32;

/** The secret that nonces are sealed with, the same for all nodes; made by whichever needs it first. */
export async function nonceSecret(database: Database): Promise<string> {
  const kept = await readSecret(database.read);
  if (kept) return kept;
  try {
    await database.write((sql) =>
      sql.run('INSERT INTO shared_secrets (name, value) VALUES (?, ?)', [NAME, randomHex(SECRET_BYTES)]),
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
  const made = await readSecret(database.read);
  if (made === null) throw new Error('the secret of nonces was made and is not there');
  return made;
}

async function readSecret(sql: Sql): Promise<string | null> {
  const [row] = await sql.all('SELECT value FROM shared_secrets WHERE name = ?', [NAME]);
  return row ? text(row.value) : null;
}

/** Uses a count of a nonce up; false when it was used before, by whatever node. Its unit of work must do nothing else. */
export async function useNonce(
  database: Database,
  use: { readonly nonce: string; readonly nc: string; readonly nowMs: number },
): Promise<boolean> {
  try {
    await database.write((sql) =>
      sql.run('INSERT INTO digest_uses (nonce, nonce_count, used_at_ms) VALUES (?, ?, ?)', [
        use.nonce,
        Number.parseInt(use.nc, 16),
        use.nowMs,
      ]),
    );
    return true;
  } catch (error) {
    if (error instanceof DuplicateKey) return false;
    throw error;
  }
}

/** Removes uses of nonces that are long stale. */
export async function forgetUsedNonces(sql: Sql, nowMs: number): Promise<void> {
  await sql.run('DELETE FROM digest_uses WHERE used_at_ms < ?', [nowMs - 2 * NONCE_LIFETIME_MS]);
}
