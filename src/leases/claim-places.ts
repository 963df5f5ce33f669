import { newId } from '../kernel/ids';
import { Together } from '../kernel/together';
import type { Database } from '../kernel/unit-of-work';
import type { LimitReached } from './lease';
import { type Claim, LockedPlaces } from './locked-places';
import { NO_NODE } from './note-event';
import { releaseLeasesOf } from './renew-leases';

/** Claims whose moments differ by less are decided by one clock. */
const SAME_MOMENT_MS = 1_000;
const ONE_SECOND_MS = 1_000;

export type ClaimWish = { readonly claims: readonly Claim[]; readonly nowMs: number };

/** What this process claims and gives back of each database's places. */
const desks = new WeakMap<Database, Together<ClaimWish, LimitReached | null>>();
const returns = new WeakMap<Database, Together<string, void>>();

/**
 * Takes all or none of the claims in a unit of work of its own, shared with whatever else is claimed at the same time: for places that no
 * money goes with, a trunk's channel and its start in this second. @throws LimitReached
 */
export async function claimPlaces(database: Database, wish: ClaimWish): Promise<void> {
  const refused = await deskOf(database).ask(wish);
  if (refused) throw refused;
}

/** A claim of one start within any second: at most `perSecond` of a scope, over all nodes whose clocks agree. */
export function startClaim(of: {
  readonly scope: string;
  readonly perSecond: number;
  readonly nowMs: number;
}): Claim {
  return {
    holderId: newId(of.nowMs),
    nodeId: NO_NODE,
    scope: of.scope,
    limit: of.perSecond,
    expiresAtMs: of.nowMs + ONE_SECOND_MS,
  };
}

/** Gives back all places of a holder, together with whoever else gives back at the same time. Twice is once. */
export function returnPlaces(database: Database, holderId: string): Promise<void> {
  const known = returns.get(database);
  const desk =
    known ??
    new Together<string, void>(
      (holderIds) =>
        database.write(async (sql) => {
          await releaseLeasesOf(sql, holderIds);
          return [];
        }),
      () => true,
    );
  if (!known) returns.set(database, desk);
  return desk.ask(holderId);
}

function deskOf(database: Database): Together<ClaimWish, LimitReached | null> {
  const known = desks.get(database);
  if (known) return known;
  const made = new Together<ClaimWish, LimitReached | null>(
    (wishes) =>
      database.write(async (sql) => {
        const nowMs = Math.min(...wishes.map((wish) => wish.nowMs));
        const places = await LockedPlaces.lock(
          sql,
          wishes.flatMap(({ claims }) => claims),
          nowMs,
        );
        const refusals = wishes.map(({ claims }) => places.take(claims));
        await places.store(sql);
        return refusals;
      }),
    ({ nowMs }, [first]) => Math.abs(nowMs - (first?.nowMs ?? nowMs)) < SAME_MOMENT_MS,
  );
  desks.set(database, made);
  return made;
}
