import type { Sql } from '../kernel/unit-of-work';
import { startClaim } from './claim-places';
import { LockedPlaces } from './locked-places';

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
export async function takeRate(sql: Sql, wanted: RateWanted): Promise<void> {
  const claims = [startClaim(wanted)];
  const places = await LockedPlaces.lock(sql, claims, wanted.nowMs);
  const refused = places.take(claims);
  if (refused) throw refused;
  await places.store(sql);
}
