import { isE164 } from '../kernel/phone-number';
import { CALL_LEASE_MS } from '../leases/lease';
import { takeLeases } from '../leases/take-leases';
import { didWish } from '../numbers/did';
import type { Trunk } from '../trunks/trunk';
import { takeTrunkSlot, type TrunkDirection } from '../trunks/trunk-slot';
import type { CallingParts } from './calling-parts';
import type { Destination } from './two-party/destination';

/** Whose places a leg takes, and how long it has them: until its CDR is rated, or it is not renewed any more. */
export type PlacesWanted = {
  readonly holderId: string;
  readonly trunk: Trunk;
  readonly direction: TrunkDirection;
  readonly isEmergency: boolean;
  readonly destination: Destination;
};

/** Takes a leg's places on its trunk and, coming in, on the number that it came in by: all of them or none. @throws LimitReached */
export async function takePlaces(
  { database, settings, clock }: Pick<CallingParts, 'database' | 'settings' | 'clock'>,
  { holderId, trunk, direction, isEmergency, destination }: PlacesWanted,
): Promise<void> {
  const did = direction === 'in' && 'did' in destination ? destination.did : null;
  const wish = did && isE164(did.number) ? didWish(did) : null;
  const isLimited = Object.values<number | null>(trunk.limits).some((limit) => limit !== null);
  if (!isLimited && !wish) return;
  const nowMs = clock.nowMs();
  const { nodeId } = settings;
  await database.write(async (sql) => {
    if (wish) await takeLeases(sql, { holderId, nodeId, wishes: [wish], nowMs, leaseMs: CALL_LEASE_MS });
    await takeTrunkSlot(sql, { trunk, direction, isEmergency, holderId, nodeId, nowMs });
  });
}
