import { newId } from '../kernel/ids';
import type { Sql } from '../kernel/unit-of-work';
import { NO_NODE } from './note-event';
import { takeLeases } from './take-leases';

const ONE_SECOND_MS = 1_000;

/** What counts as one start within a second. */
export type RateWanted = {
  /** What starts: `rate:trunk-out:<id>`. No other lease uses this name. */
  readonly scope: string;
  readonly perSecond: number;
  readonly nowMs: number;
};

/**
 * Takes one start of a scope's starts per second: at most `perSecond` in any span of a second, over all nodes whose clocks agree.
 * It is a lease that nobody renews or gives back, so a start counts for exactly one second after it.
 * @throws LimitReached when this second has none left
 */
export function takeRate(sql: Sql, { scope, perSecond, nowMs }: RateWanted): Promise<void> {
  return takeLeases(sql, {
    holderId: newId(nowMs),
    nodeId: NO_NODE,
    wishes: [{ scope, limit: perSecond }],
    nowMs,
    leaseMs: ONE_SECOND_MS,
  });
}
