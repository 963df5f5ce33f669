import type { Sql } from '../kernel/unit-of-work';
import { CALL_LEASE_MS, type LeaseWish } from '../leases/lease';
import { takeLeases } from '../leases/take-leases';
import { takeRate } from '../leases/take-rate';
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

/** The places that a call over a trunk takes, for a taking together with those of accounts and rooms; none where it has no limit. */
export function trunkWishes(
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
 * Takes what a call needs of a trunk: a start of this second, then its channels, all or nothing when the unit of work ends by the error.
 * Given back by releaseLeases with trunkScopes; a start is not given back. Emergency calls are never refused.
 * @throws LimitReached
 */
export async function takeTrunkSlot(
  sql: Sql,
  call: {
    readonly trunk: Pick<Trunk, 'id' | 'limits'>;
    readonly direction: TrunkDirection;
    readonly isEmergency: boolean;
    /** The leg: each counts for itself. */
    readonly holderId: string;
    readonly nodeId: string;
    readonly nowMs: number;
  },
): Promise<void> {
  const { trunk, direction, isEmergency, holderId, nodeId, nowMs } = call;
  const perSecond = trunk.limits.callsPerSecond;
  if (perSecond !== null) {
    const scope = `rate:${trunkScopes(trunk.id, direction)[1]}`;
    await takeRate(sql, { scope, perSecond: isEmergency ? NO_LIMIT : perSecond, nowMs });
  }
  const wishes = trunkWishes(trunk, direction, { isEmergency });
  await takeLeases(sql, { holderId, nodeId, wishes, nowMs, leaseMs: CALL_LEASE_MS });
}
