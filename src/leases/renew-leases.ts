import { type Database, type Sql, type SqlValue, text } from '../kernel/unit-of-work';

/** Holders renewed, and ended leases forgotten, by one statement. */
const HOLDERS_PER_STATEMENT = 500;

export type Renewal = {
  readonly nodeId: string;
  /** Calls and legs that still live on this node. */
  readonly holderIds: readonly string[];
  readonly nowMs: number;
  readonly leaseMs: number;
};

/**
 * Lets the leases of living holders end `leaseMs` from now. A lease that has ended stays ended, for its place may be another's: the
 * call goes on without it. Gives the number renewed.
 */
export async function renewLeases(database: Database, renewal: Renewal): Promise<number> {
  const { nodeId, nowMs, leaseMs } = renewal;
  // In one order everywhere: a renewal and a release that share rows would otherwise wait for each other.
  const holderIds = renewal.holderIds.toSorted();
  let renewed = 0;
  for (const part of partsOf(holderIds))
    renewed += await database.write((sql) =>
      sql.run(
        `UPDATE leases SET expires_at_ms = ?
         WHERE holder_id IN (${part.map(() => '?').join(', ')}) AND node_id = ? AND expires_at_ms > ?`,
        [nowMs + leaseMs, ...part, nodeId, nowMs],
      ),
    );
  return renewed;
}

/** Gives back all of a holder's leases, or only those of the named scopes (a trunk that is given up for the next). Twice is once. */
export async function releaseLeases(
  sql: Sql,
  holderId: string,
  scopes: readonly string[] | null = null,
): Promise<number> {
  const values: SqlValue[] = [holderId, ...(scopes ?? [])];
  const only = scopes === null ? '' : ` AND scope IN (${scopes.map(() => '?').join(', ')})`;
  if (scopes?.length === 0) return 0;
  return sql.run(`DELETE FROM leases WHERE holder_id = ?${only}`, values);
}

/** Gives back all leases of many holders: their calls have ended. */
export async function releaseLeasesOf(sql: Sql, holderIds: readonly string[]): Promise<void> {
  if (holderIds.length === 0) return;
  await sql.run(
    `DELETE FROM leases WHERE holder_id IN (${holderIds.map(() => '?').join(', ')})`,
    holderIds.toSorted(),
  );
}

/** Gives back what an earlier run of this node left: at its start none of its calls lives. */
export async function releaseLeasesOfNode(sql: Sql, nodeId: string): Promise<number> {
  const rows = await sql.all('SELECT DISTINCT holder_id FROM leases WHERE node_id = ? ORDER BY holder_id', [
    nodeId,
  ]);
  let released = 0;
  for (const part of partsOf(rows.map((row) => text(row.holder_id))))
    released += await sql.run(
      `DELETE FROM leases WHERE holder_id IN (${part.map(() => '?').join(', ')}) AND node_id = ?`,
      [...part, nodeId],
    );
  return released;
}

/** Removes the rows of leases that have ended, at most 500 holders'; they count for nothing before that too. Gives the number removed. */
export async function forgetEndedLeases(database: Database, nowMs: number): Promise<number> {
  const rows = await database.read.all(
    'SELECT holder_id FROM leases WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?',
    [nowMs, HOLDERS_PER_STATEMENT],
  );
  const holderIds = [...new Set(rows.map((row) => text(row.holder_id)))].toSorted();
  if (holderIds.length === 0) return 0;
  return database.write((sql) =>
    sql.run(
      `DELETE FROM leases WHERE holder_id IN (${holderIds.map(() => '?').join(', ')}) AND expires_at_ms <= ?`,
      [...holderIds, nowMs],
    ),
  );
}

function partsOf(holderIds: readonly string[]): readonly (readonly string[])[] {
  const parts: (readonly string[])[] = [];
  for (let from = 0; from < holderIds.length; from += HOLDERS_PER_STATEMENT)
    parts.push(holderIds.slice(from, from + HOLDERS_PER_STATEMENT));
  return parts;
}
