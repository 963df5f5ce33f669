import { DuplicateKey, integer, type Sql, text } from '../kernel/unit-of-work';
import { LimitReached } from './lease';

/** Scopes that one lock may name. */
const MAX_SCOPES = 1_000;

/** One place wanted in a scope. */
export type Claim = {
  /** Whose lease it will be; one holder has one lease a scope. */
  readonly holderId: string;
  /** The node that will renew it. */
  readonly nodeId: string;
  readonly scope: string;
  /** How many places the scope has in all. */
  readonly limit: number;
  /** When it ends unless it is renewed. */
  readonly expiresAtMs: number;
};

/**
 * The places of some scopes, locked until the unit of work ends, so that nobody else takes one meanwhile: claims are decided here in memory,
 * one after the other, and `store` writes those that were taken by one statement.
 */
export class LockedPlaces {
  /** Claims taken here, and how many takings rest on each. */
  readonly #taken = new Map<string, { readonly claim: Claim; uses: number }>();

  private constructor(
    /** Leases that have not ended, by scope. */
    private readonly living: Map<string, number>,
    /** Of the holders that claim: whether their lease of a scope lives. */
    private readonly own: ReadonlyMap<string, boolean>,
  ) {}

  /** Locks the scopes of all claims in the order of their names, so that two of these never wait for each other. */
  static async lock(sql: Sql, claims: readonly Claim[], nowMs: number): Promise<LockedPlaces> {
    const scopes = [...new Set(claims.map(({ scope }) => scope))].toSorted();
    if (scopes.length > MAX_SCOPES) throw new RangeError(`${scopes.length} scopes at once`);
    const living = new Map<string, number>();
    const own = new Map<string, boolean>();
    if (scopes.length === 0) return new LockedPlaces(living, own);
    await lockScopes(sql, scopes);
    const holderIds = [...new Set(claims.map(({ holderId }) => holderId))].toSorted();
    const rows = await sql.all(
      `SELECT scope, NULL AS holder_id, COUNT(*) AS figure FROM leases
       WHERE scope IN (${placeholders(scopes)}) AND expires_at_ms > ? GROUP BY scope
       UNION ALL SELECT scope, holder_id, expires_at_ms FROM leases WHERE holder_id IN (${placeholders(holderIds)})`,
      [...scopes, nowMs, ...holderIds],
    );
    for (const row of rows)
      if (row.holder_id === null) living.set(text(row.scope), integer(row.figure));
      else own.set(keyOf(text(row.holder_id), text(row.scope)), integer(row.figure) > nowMs);
    return new LockedPlaces(living, own);
  }

  /** Takes all or none of the claims; gives why not. What a holder has already stays his and is not counted twice. */
  take(claims: readonly Claim[]): LimitReached | null {
    const fresh = claims.filter(({ holderId, scope }) => {
      const key = keyOf(holderId, scope);
      return !this.#taken.has(key) && this.own.get(key) !== true;
    });
    const full = fresh
      .toSorted((left, right) => (left.scope < right.scope ? -1 : 1))
      .find(({ scope, limit }) => (this.living.get(scope) ?? 0) >= limit);
    if (full) return new LimitReached(full.scope, full.limit);
    for (const claim of claims) this.#use(claim);
    return null;
  }

  #use(claim: Claim): void {
    const key = keyOf(claim.holderId, claim.scope);
    if (this.own.get(key) === true) return;
    const taken = this.#taken.get(key);
    if (taken) taken.uses++;
    else {
      this.#taken.set(key, { claim, uses: 1 });
      this.living.set(claim.scope, (this.living.get(claim.scope) ?? 0) + 1);
    }
  }

  /** Takes claims back that were taken here and not stored yet: what they were for was refused. */
  giveBack(claims: readonly Claim[]): void {
    for (const { holderId, scope } of claims) {
      const key = keyOf(holderId, scope);
      const taken = this.#taken.get(key);
      if (!taken || --taken.uses > 0) continue;
      this.#taken.delete(key);
      this.living.set(scope, (this.living.get(scope) ?? 1) - 1);
    }
  }

  /** Writes what was taken. */
  async store(sql: Sql): Promise<void> {
    const taken = [...this.#taken.values()].map(({ claim }) => claim);
    if (taken.length === 0) return;
    const ended = taken.filter(({ holderId, scope }) => this.own.get(keyOf(holderId, scope)) === false);
    // These holders had leases of the same scopes that ended without being given back.
    for (const { holderId, scope } of ended)
      await sql.run('DELETE FROM leases WHERE holder_id = ? AND scope = ?', [holderId, scope]);
    await sql.run(
      `INSERT INTO leases (holder_id, scope, node_id, expires_at_ms) VALUES ${taken.map(() => '(?, ?, ?, ?)').join(', ')}`,
      taken.flatMap(({ holderId, scope, nodeId, expiresAtMs }) => [holderId, scope, nodeId, expiresAtMs]),
    );
  }
}

function keyOf(holderId: string, scope: string): string {
  return `${holderId} ${scope}`;
}

/** SQLite has one writer and needs no lock. */
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

function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
