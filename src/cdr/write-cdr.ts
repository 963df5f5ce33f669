import { enqueue } from '../jobs/jobs-store';
import { Conflict } from '../kernel/app-error';
import { type Database, DuplicateKey } from '../kernel/unit-of-work';
import type { ClosedLeg } from './cdr';
import { findCdr, insertCdr } from './cdrs-store';

/** The kind of the job that prices a leg; its payload is `{ cdrId }`. */
export const RATE_CDR = 'rate-cdr';

/**
 * Stores an ended leg, the job that will price it and the wish to compare it with the switch's record, together. The second time nothing changes and the answer is false.
 * @throws Conflict when another leg has this leg's place in its node's sequence: a node that lost its counter must not lose calls
 */
export function writeCdr(database: Database, leg: ClosedLeg): Promise<boolean> {
  return database.write(async (sql) => {
    try {
      await insertCdr(sql, leg);
    } catch (error) {
      if (!(error instanceof DuplicateKey)) throw error;
      if (await findCdr(sql, leg.cdrId)) return false;
      throw new Conflict('another leg has this place in the sequence of its node', {
        cdrId: leg.cdrId,
        nodeId: leg.nodeId,
        nodeSequence: leg.nodeSequence,
      });
    }
    // A leg that was never answered has nothing that the switch could count differently.
    if (leg.answeredAtMs !== null)
      await sql.run('INSERT INTO cdrs_to_reconcile (cdr_id, node_id, ended_at_ms) VALUES (?, ?, ?)', [
        leg.cdrId,
        leg.nodeId,
        leg.endedAtMs,
      ]);
    await enqueue(sql, {
      kind: RATE_CDR,
      uniqueKey: leg.cdrId,
      payload: { cdrId: leg.cdrId },
      runAtMs: leg.endedAtMs,
      nowMs: leg.endedAtMs,
    });
    return true;
  });
}
