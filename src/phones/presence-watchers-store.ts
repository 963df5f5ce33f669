import { Conflict, InvalidInput, NotFound } from '../kernel/app-error';
import { type Database, DuplicateKey, integer, type Sql, text } from '../kernel/unit-of-work';

/** Watchers that one account may allow. */
export const MAX_WATCHERS = 200;

const PAIRS_AT_ONCE = 200;

export type PresenceWatcher = { readonly watcherAccountId: string; readonly addedAtMs: number };

/** Who may see whose presence. */
export type WatcherPair = { readonly ownerAccountId: string; readonly watcherAccountId: string };

/** Lets an account see whether another is there; twice is once. @throws NotFound (either account), InvalidInput for himself, Conflict when the list is full */
export async function allowWatcher(
  database: Database,
  { ownerAccountId, watcherAccountId, nowMs }: WatcherPair & { readonly nowMs: number },
): Promise<void> {
  if (ownerAccountId === watcherAccountId)
    throw new InvalidInput('watcherAccountId', 'is the owner', 'an account always sees itself');
  try {
    await database.write(async (sql) => {
      // The owner's row is locked, so that two wishes at once cannot both be the last one.
      const [owner] = await sql.all(`SELECT id FROM accounts WHERE id = ?${sql.forUpdate}`, [ownerAccountId]);
      if (!owner) throw new NotFound('account', ownerAccountId);
      const [watcher] = await sql.all('SELECT id FROM accounts WHERE id = ?', [watcherAccountId]);
      if (!watcher) throw new NotFound('account', watcherAccountId);
      const [row] = await sql.all('SELECT COUNT(*) AS n FROM presence_watchers WHERE owner_account_id = ?', [
        ownerAccountId,
      ]);
      if (integer(row?.n) >= MAX_WATCHERS)
        throw new Conflict(`the account allows ${MAX_WATCHERS} watchers; take one off first`, {
          accountId: ownerAccountId,
          limit: MAX_WATCHERS,
        });
      await sql.run(
        'INSERT INTO presence_watchers (owner_account_id, watcher_account_id, added_at_ms) VALUES (?, ?, ?)',
        [ownerAccountId, watcherAccountId, nowMs],
      );
    });
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
}

/** Takes an account off the list; does nothing when it is not on it. */
export async function forbidWatcher(
  sql: Sql,
  { ownerAccountId, watcherAccountId }: WatcherPair,
): Promise<void> {
  await sql.run('DELETE FROM presence_watchers WHERE owner_account_id = ? AND watcher_account_id = ?', [
    ownerAccountId,
    watcherAccountId,
  ]);
}

/** All of an account's watchers, the oldest first; at most MAX_WATCHERS. */
export async function watchersOf(sql: Sql, ownerAccountId: string): Promise<readonly PresenceWatcher[]> {
  const rows = await sql.all(
    `SELECT watcher_account_id, added_at_ms FROM presence_watchers WHERE owner_account_id = ?
     ORDER BY added_at_ms, watcher_account_id`,
    [ownerAccountId],
  );
  return rows.map((row) => ({
    watcherAccountId: text(row.watcher_account_id),
    addedAtMs: integer(row.added_at_ms),
  }));
}

/** Those of these pairs in which the owner lets the watcher see him; one statement for 200 of them. */
export async function allowedPairs<P extends WatcherPair>(
  sql: Sql,
  pairs: readonly P[],
): Promise<ReadonlySet<P>> {
  const allowed = new Set<P>();
  for (let from = 0; from < pairs.length; from += PAIRS_AT_ONCE) {
    const asked = pairs.slice(from, from + PAIRS_AT_ONCE);
    const owners = [...new Set(asked.map(({ ownerAccountId }) => ownerAccountId))];
    const watchers = [...new Set(asked.map(({ watcherAccountId }) => watcherAccountId))];
    const rows = await sql.all(
      `SELECT owner_account_id, watcher_account_id FROM presence_watchers
       WHERE owner_account_id IN (${owners.map(() => '?').join(', ')})
         AND watcher_account_id IN (${watchers.map(() => '?').join(', ')})`,
      [...owners, ...watchers],
    );
    const listed = new Set(
      rows.map((row) => `${text(row.owner_account_id)} ${text(row.watcher_account_id)}`),
    );
    for (const pair of asked)
      if (listed.has(`${pair.ownerAccountId} ${pair.watcherAccountId}`)) allowed.add(pair);
  }
  return allowed;
}
