import type { Money } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { closeHold, listUntouchedHolds, lockHold } from '../ledger/holds';

/** Frees a hold that no talk used. True when it was open; a hold that was settled, released or never made stays as it is. */
export function releaseCredit(
  database: Database,
  { callId, nowMs }: { readonly callId: string; readonly nowMs: number },
): Promise<boolean> {
  return database.write(async (sql) => {
    const hold = await lockHold(sql, callId);
    return hold?.state === 'open' && (await closeHold(sql, hold, { state: 'released', nowMs }));
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
