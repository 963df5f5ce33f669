import { DuplicateKey, integer, type Sql, text } from '../kernel/unit-of-work';
import { type LeaseWish, LimitReached } from './lease';

/** Scopes that one taking may name. */
const MAX_WISHES = 10;

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
  if (wanted.wishes.length === 0) return;
  const wishes = wanted.wishes.toSorted((left, right) => (left.scope < right.scope ? -1 : 1));
  requireWishes(wishes);
  await lockScopes(
    sql,
    wishes.map(({ scope }) => scope),
  );
  const taken = await insertOrForgetEnded(sql, wanted, wishes);
  if (taken < wishes.length) await requireNoneFull(sql, wanted, wishes);
}

function requireWishes(wishes: readonly LeaseWish[]): void {
  if (wishes.length > MAX_WISHES) throw new RangeError(`${wishes.length} leases at once`);
  wishes.forEach(({ scope }, index) => {
    if (scope === wishes[index + 1]?.scope) throw new RangeError(`the scope ${scope} is wished for twice`);
  });
}

/**
 * Locks the rows of the scopes in the order of their names, so that two takers never wait for each other. SQLite has one writer
 * and needs none.
 */
async function lockScopes(sql: Sql, scopes: readonly string[]): Promise<void> {
  if (sql.forUpdate === '') return;
  const rows = await sql.all(
    `SELECT scope FROM lease_scopes WHERE scope IN (${placeholders(scopes)}) ORDER BY scope${sql.forUpdate}`,
    scopes,
  );
  if (rows.length === scopes.length) return;
  const known = new Set(rows.map((row) => text(row.scope)));
  for (const scope of scopes) if (!known.has(scope)) await makeScope(sql, scope);
}

/** A new row is locked by whoever made it; one that somebody else has just made is waited for. */
async function makeScope(sql: Sql, scope: string): Promise<void> {
  try {
    await sql.run('INSERT INTO lease_scopes (scope) VALUES (?)', [scope]);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    await sql.all(`SELECT scope FROM lease_scopes WHERE scope = ?${sql.forUpdate}`, [scope]);
  }
}

async function insertOrForgetEnded(
  sql: Sql,
  wanted: LeasesWanted,
  wishes: readonly LeaseWish[],
): Promise<number> {
  try {
    return await insertWhereAllHavePlaces(sql, wanted, wishes);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    // The holder had leases that ended without being given back.
    await sql.run('DELETE FROM leases WHERE holder_id = ? AND expires_at_ms <= ?', [
      wanted.holderId,
      wanted.nowMs,
    ]);
    return insertWhereAllHavePlaces(sql, wanted, wishes);
  }
}

/** One conditional statement: all that the holder does not have yet, or nothing when one of these is full. Gives the number taken. */
function insertWhereAllHavePlaces(
  sql: Sql,
  { holderId, nodeId, nowMs, leaseMs }: LeasesWanted,
  wishes: readonly LeaseWish[],
): Promise<number> {
  const rows = wishes.map(() => 'SELECT ? AS scope, ? AS most').join(' UNION ALL ');
  const values = wishes.flatMap(({ scope, limit }) => [scope, limit]);
  const notHeld = (wish: string) => `NOT EXISTS (SELECT 1 FROM leases mine
    WHERE mine.holder_id = ? AND mine.scope = ${wish}.scope AND mine.expires_at_ms > ?)`;
  return sql.run(
    `INSERT INTO leases (holder_id, scope, node_id, expires_at_ms)
     SELECT ?, wish.scope, ?, ? FROM (${rows}) wish
     WHERE ${notHeld('wish')} AND NOT EXISTS (
       SELECT 1 FROM (${rows}) other WHERE ${notHeld('other')} AND
         (SELECT COUNT(*) FROM leases l WHERE l.scope = other.scope AND l.expires_at_ms > ?) >= other.most)`,
    [holderId, nodeId, nowMs + leaseMs, ...values, holderId, nowMs, ...values, holderId, nowMs, nowMs],
  );
}

/** Fewer were taken than wished for: the holder had them already, or a scope is full. @throws LimitReached */
async function requireNoneFull(sql: Sql, wanted: LeasesWanted, wishes: readonly LeaseWish[]): Promise<void> {
  const held = await sql.all('SELECT scope FROM leases WHERE holder_id = ? AND expires_at_ms > ?', [
    wanted.holderId,
    wanted.nowMs,
  ]);
  const scopesHeld = new Set(held.map((row) => text(row.scope)));
  const missing = wishes.filter(({ scope }) => !scopesHeld.has(scope));
  for (const { scope, limit } of missing)
    if ((await countLeases(sql, scope, wanted.nowMs)) >= limit) throw new LimitReached(scope, limit);
}

/** Leases of a scope that have not ended. */
export async function countLeases(sql: Sql, scope: string, nowMs: number): Promise<number> {
  const [row] = await sql.all('SELECT COUNT(*) AS n FROM leases WHERE scope = ? AND expires_at_ms > ?', [
    scope,
    nowMs,
  ]);
  return integer(row?.n);
}

function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
