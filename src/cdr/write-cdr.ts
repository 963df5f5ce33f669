import { enqueueNew } from '../jobs/jobs-store';
import { Conflict } from '../kernel/app-error';
import { type Database, DuplicateKey, type Sql } from '../kernel/unit-of-work';
import type { ClosedLeg } from './cdr';
import { findCdr, insertCdrs } from './cdrs-store';

/** The kind of the job that prices a leg; its payload is `{ cdrId }`. */
export const RATE_CDR = 'rate-cdr';

/**
 * Stores ended legs, the jobs that will price them and the wishes to compare them with the switch's record, in one unit of work. Gives
 * those that were new: the second time nothing changes.
 * @throws Conflict when another leg has a leg's place in its node's sequence: a node that lost its counter must not lose calls
 */
export async function writeCdrs(
  database: Database,
  legs: readonly ClosedLeg[],
): Promise<readonly ClosedLeg[]> {
  try {
    return await database.write((sql) => insertAll(sql, legs));
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
  // Some are there already, from before a crash.
  return database.write(async (sql) => {
    const missing: ClosedLeg[] = [];
    for (const leg of legs) if (!(await findCdr(sql, leg.cdrId))) missing.push(leg);
    try {
      return await insertAll(sql, missing);
    } catch (error) {
      throw error instanceof DuplicateKey ? placeTaken(missing) : error;
    }
  });
}

/** Stores one ended leg with what follows from it. False when it was there. @throws Conflict */
export async function writeCdr(database: Database, leg: ClosedLeg): Promise<boolean> {
  return (await writeCdrs(database, [leg])).length === 1;
}

async function insertAll(sql: Sql, legs: readonly ClosedLeg[]): Promise<readonly ClosedLeg[]> {
  if (legs.length === 0) return [];
  await insertCdrs(sql, legs);
  // A leg that was never answered has nothing that the switch could count differently.
  const answered = legs.filter(({ answeredAtMs }) => answeredAtMs !== null);
  if (answered.length > 0)
    await sql.run(
      `INSERT INTO cdrs_to_reconcile (cdr_id, node_id, ended_at_ms) VALUES ${answered.map(() => '(?, ?, ?)').join(', ')}`,
      answered.flatMap((leg) => [leg.cdrId, leg.nodeId, leg.endedAtMs]),
    );
  await enqueueNew(
    sql,
    legs.map((leg) => ({
      kind: RATE_CDR,
      uniqueKey: leg.cdrId,
      payload: { cdrId: leg.cdrId },
      runAtMs: leg.endedAtMs,
      nowMs: leg.endedAtMs,
    })),
  );
  return legs;
}

function placeTaken(legs: readonly ClosedLeg[]): Conflict {
  const [first] = legs;
  return new Conflict('another leg has this place in the sequence of its node', {
    cdrId: first?.cdrId ?? '',
    nodeId: first?.nodeId ?? '',
    nodeSequence: first?.nodeSequence ?? 0,
  });
}
