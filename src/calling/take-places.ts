import { isE164 } from '../kernel/phone-number';
import { claimPlaces } from '../leases/claim-places';
import { CALL_LEASE_MS } from '../leases/lease';
import { didWish } from '../numbers/did';
import type { Trunk } from '../trunks/trunk';
import { trunkClaims, type TrunkDirection } from '../trunks/trunk-slot';
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
  const nowMs = clock.nowMs();
  const { nodeId } = settings;
  const did = direction === 'in' && 'did' in destination ? destination.did : null;
  const wish = did && isE164(did.number) ? didWish(did) : null;
  const claims = trunkClaims({ trunk, direction, isEmergency, holderId, nodeId, nowMs });
  const all = wish ? [{ ...wish, holderId, nodeId, expiresAtMs: nowMs + CALL_LEASE_MS }, ...claims] : claims;
  if (all.length > 0) await claimPlaces(database, { claims: all, nowMs });
}
