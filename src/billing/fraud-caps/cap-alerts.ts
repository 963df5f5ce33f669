import { raiseAccountAlert } from '../../alerts/alerts-store';
import { newId } from '../../kernel/ids';
import type { Database } from '../../kernel/unit-of-work';
import { LimitReached } from '../../leases/lease';
import { NO_NODE } from '../../leases/note-event';
import { countLeases, takeLeases } from '../../leases/take-leases';
import type { CapName } from './caps';

/** An account hears of one cap at most this often. */
const ALERT_EVERY_MS = 60 * 60_000;

export type CapRefusal = {
  readonly accountId: string;
  readonly cap: CapName;
  /** Country of the number, and whether calling it pays somebody; the number itself stands in the CDR. */
  readonly country: string | null;
  readonly nowMs: number;
};

/** Tells the owner and the operator that a cap was reached: the first time in an hour for each cap. */
export async function alertOfCap(database: Database, refusal: CapRefusal): Promise<void> {
  const { accountId, cap, country, nowMs } = refusal;
  const scope = `cap-alert:${accountId}:${cap}`;
  // An attack is refused many times a second: then this question is all.
  if ((await countLeases(database.read, scope, nowMs)) > 0) return;
  const id = newId(nowMs);
  await database.write(async (sql) => {
    try {
      await takeLeases(sql, {
        holderId: id,
        nodeId: NO_NODE,
        wishes: [{ scope, limit: 1 }],
        nowMs,
        leaseMs: ALERT_EVERY_MS,
      });
    } catch (error) {
      if (error instanceof LimitReached) return;
      throw error;
    }
    await raiseAccountAlert(sql, {
      id,
      kind: `cap-${cap}`,
      ownerAccountId: accountId,
      details: { cap, ...(country === null ? {} : { country }) },
      raisedAtMs: nowMs,
    });
  });
}
