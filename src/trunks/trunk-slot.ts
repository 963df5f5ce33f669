import { startClaim } from '../leases/claim-places';
import { CALL_LEASE_MS, type LeaseWish } from '../leases/lease';
import type { Claim } from '../leases/locked-places';
import type { Trunk } from './trunk';

export type TrunkDirection = 'in' | 'out';

/** An emergency call takes a place where there is none: it is counted like another and held back by no limit. */
const NO_LIMIT = 1_000_000_000;

/** The scopes in which a call over a trunk has its places: all calls of the trunk, and those of one direction. */
export function trunkScopes(
  trunkId: string,
  direction: TrunkDirection,
): readonly [all: string, oneWay: string] {
  return [`trunk:${trunkId}`, `trunk-${direction}:${trunkId}`];
}

/** The channels that a call over a trunk takes; none where it has no limit. */
function trunkWishes(
  { id, limits }: Pick<Trunk, 'id' | 'limits'>,
  direction: TrunkDirection,
  { isEmergency }: { readonly isEmergency: boolean },
): readonly LeaseWish[] {
  const [all, oneWay] = trunkScopes(id, direction);
  const wishes = [
    { scope: all, limit: limits.channels },
    { scope: oneWay, limit: direction === 'in' ? limits.channelsIn : limits.channelsOut },
  ];
  return wishes.flatMap(({ scope, limit }) =>
    limit === null ? [] : [{ scope, limit: isEmergency ? NO_LIMIT : limit }],
  );
}

/**
 * What a call needs of a trunk: a start of this second and its channels; nothing where it has no limit. Claimed by claimPlaces, all or none, and
 * given back by releaseLeases with trunkScopes; a start is not given back. Emergency calls are never refused.
 */
export function trunkClaims(call: {
  readonly trunk: Pick<Trunk, 'id' | 'limits'>;
  readonly direction: TrunkDirection;
  readonly isEmergency: boolean;
  /** The leg: each counts for itself. */
  readonly holderId: string;
  readonly nodeId: string;
  readonly nowMs: number;
}): readonly Claim[] {
  const { trunk, direction, isEmergency, holderId, nodeId, nowMs } = call;
  const channels = trunkWishes(trunk, direction, { isEmergency }).map((wish) => ({
    ...wish,
    holderId,
    nodeId,
    expiresAtMs: nowMs + CALL_LEASE_MS,
  }));
  const perSecond = trunk.limits.callsPerSecond;
  if (perSecond === null) return channels;
  const scope = `rate:${trunkScopes(trunk.id, direction)[1]}`;
  return [startClaim({ scope, perSecond: isEmergency ? NO_LIMIT : perSecond, nowMs }), ...channels];
}
