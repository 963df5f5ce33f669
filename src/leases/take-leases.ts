import { integer, type Sql } from '../kernel/unit-of-work';
import type { LeaseWish } from './lease';
import { LockedPlaces } from './locked-places';

export type LeasesWanted = {
  /** Whose leases they are: a call, or a leg where each leg counts. One holder has one lease a scope. */
  readonly holderId: string;
  /** The node that will renew them. */
  readonly nodeId: string;
  readonly wishes: readonly LeaseWish[];
  readonly nowMs: number;
  /** They end this much later unless they are renewed. */
  readonly leaseMs: number;
};

/**
 * Takes a place in every wished scope, or none, inside the caller's unit of work. What the holder has already stays his and is not
 * counted twice. The scopes' rows stay locked until the unit of work ends: take leases before anything else is locked.
 * @throws LimitReached for the first scope (in their order by name) that is full
 */
export async function takeLeases(sql: Sql, wanted: LeasesWanted): Promise<void> {
  const { holderId, nodeId, wishes, nowMs, leaseMs } = wanted;
  const claims = wishes.map((wish) => ({ ...wish, holderId, nodeId, expiresAtMs: nowMs + leaseMs }));
  const places = await LockedPlaces.lock(sql, claims, nowMs);
  const refused = places.take(claims);
  if (refused) throw refused;
  await places.store(sql);
}

/** Leases of a scope that have not ended. */
export async function countLeases(sql: Sql, scope: string, nowMs: number): Promise<number> {
  const [row] = await sql.all('SELECT COUNT(*) AS n FROM leases WHERE scope = ? AND expires_at_ms > ?', [
    scope,
    nowMs,
  ]);
  return integer(row?.n);
}

/** The same for many scopes; those without any are not in it. */
export async function countLeasesOf(
  sql: Sql,
  scopes: readonly string[],
  nowMs: number,
): Promise<ReadonlyMap<string, number>> {
  if (scopes.length === 0) return new Map();
  const rows = await sql.all(
    `SELECT scope, COUNT(*) AS n FROM leases
     WHERE scope IN (${scopes.map(() => '?').join(', ')}) AND expires_at_ms > ? GROUP BY scope`,
    [...scopes, nowMs],
  );
  return new Map(rows.map((row) => [String(row.scope), integer(row.n)]));
}
