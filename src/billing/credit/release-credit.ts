import { raiseHouseAlert } from '../../alerts/alerts-store';
import { newId } from '../../kernel/ids';
import { type Money, showMoney } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { releaseLeases } from '../../leases/renew-leases';
import { readParts } from '../bundles/bundle';
import { settleSeconds } from '../bundles/hold-seconds';
import { closeHolds, listUntouchedHolds, lockHold } from '../ledger/holds';

/**
 * Frees at once what a leg holds that no talk used: its credit and its places among the calls at once, so that the next leg of the call
 * (the next trunk) can have them. True when the hold was open; one that was settled, released or never made stays as it is. A CDR that
 * comes later for this leg costs nothing.
 */
export function releaseCredit(
  database: Database,
  { callId, nowMs }: { readonly callId: string; readonly nowMs: number },
): Promise<boolean> {
  return database.write(async (sql) => {
    await releaseLeases(sql, callId);
    const hold = await lockHold(sql, callId);
    if (hold?.state !== 'open') return false;
    await settleSeconds(sql, { held: readParts(hold.included), used: [] });
    await closeHolds(sql, [{ hold, state: 'released', chargeMicros: 0n }], nowMs);
    return true;
  });
}

/** Holds that one question gives; the rest comes with the next. */
const MAX_STALE_HOLDS = 500;

/** An open hold that no call has touched for a while. */
export type StaleHold = {
  readonly callId: string;
  readonly accountId: string;
  readonly held: Money;
  readonly openedAtMs: number;
  readonly touchedAtMs: number;
};

/** Open holds that were last opened or extended before the moment `olderThanMs` (since 1970 UTC), oldest first, at most 500. */
export async function staleHolds(database: Database, olderThanMs: number): Promise<readonly StaleHold[]> {
  const holds = await listUntouchedHolds(database.read, {
    untouchedSinceMs: olderThanMs,
    limit: MAX_STALE_HOLDS,
  });
  return holds.map((hold) => ({
    callId: hold.callId,
    accountId: hold.accountId,
    held: hold.amount,
    openedAtMs: hold.openedAtMs,
    touchedAtMs: hold.changedAtMs,
  }));
}

/** A live call touches its hold at least every ten minutes. After a day its node is given up, and what its journal may still bring costs nothing. */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/**
 * Frees holds that no call has touched for a day and for which no CDR waits to be rated, and tells the operator of each. Gives how many it freed;
 * more than 500 take several turns.
 */
export async function releaseForgotten(database: Database, nowMs: number): Promise<number> {
  let freed = 0;
  for (const hold of await staleHolds(database, nowMs - FORGOTTEN_AFTER_MS)) {
    const waiting = await database.read.all('SELECT id FROM cdrs WHERE id = ? AND rated_at_ms IS NULL', [
      hold.callId,
    ]);
    if (waiting.length > 0 || !(await releaseCredit(database, { callId: hold.callId, nowMs }))) continue;
    freed++;
    await database.write((sql) =>
      raiseHouseAlert(sql, {
        id: newId(nowMs),
        kind: 'hold-forgotten',
        details: {
          callId: hold.callId,
          accountId: hold.accountId,
          held: showMoney(hold.held),
          touchedAtMs: hold.touchedAtMs,
        },
        raisedAtMs: nowMs,
      }),
    );
  }
  return freed;
}
