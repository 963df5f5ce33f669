import { readAccount } from '../../accounts/accounts-store';
import type { Database, Sql } from '../../kernel/unit-of-work';
import { growHold, type Hold, lockOpenHold, touchHold } from '../ledger/holds';
import { lockBalance } from '../ledger/ledger-accounts';
import { affordableSeconds } from '../rating/affordable-seconds';
import { rateCall } from '../rating/rate-call';
import { type CreditGrant, grantOf, promisedRate } from './credit-grant';
import type { CallDirection } from './credit-wanted';
import { statesThatPay } from './payer';

export type Extension = {
  readonly callId: string;
  /** Seconds of talk, counted from the start of charging, that the hold should pay for. */
  readonly untilSeconds: number;
  readonly nowMs: number;
};

/**
 * Grows a call's hold until it pays for `untilSeconds` of talk, or as far as the credit reaches (then `limitedBy` says why). Asking again
 * for what is held changes nothing, and asking after a top-up may reach further. An account that was suspended in mid-call gets
 * nothing more: the call ends with what is held. @throws HoldNotOpen
 */
export function extendCredit(database: Database, wanted: Extension): Promise<CreditGrant> {
  return database.write(async (sql) => {
    const hold = await lockOpenHold(sql, wanted.callId);
    const { state } = await readAccount(sql, hold.accountId);
    if (!statesThatPay(hold.direction as CallDirection).includes(state)) {
      await touchHold(sql, hold.callId, wanted.nowMs);
      return grantOf(hold, 'account');
    }
    const target = rateCall(promisedRate(hold), wanted.untilSeconds).charge.amountMicros;
    const missing = target - hold.amount.amountMicros;
    if (missing <= 0n) {
      await touchHold(sql, hold.callId, wanted.nowMs);
      return grantOf(hold, null);
    }
    const growth = { included: hold.included, spending: null, nowMs: wanted.nowMs };
    const grown = await growHold(sql, hold, { ...growth, byMicros: missing });
    return grown ? grantOf(grown, null) : extendAsFarAsCreditReaches(sql, hold, wanted);
  });
}

async function extendAsFarAsCreditReaches(sql: Sql, hold: Hold, wanted: Extension): Promise<CreditGrant> {
  const { available } = await lockBalance(sql, hold.accountId);
  const rate = promisedRate(hold);
  const reach = affordableSeconds(rate, hold.amount.amountMicros + available.amountMicros);
  // A top-up may have come since the full extension was refused.
  const limitedBy = reach < wanted.untilSeconds ? 'credit' : null;
  const affordable = rateCall(rate, Math.min(reach, wanted.untilSeconds)).charge;
  const byMicros = affordable.amountMicros - hold.amount.amountMicros;
  if (byMicros <= 0n) {
    await touchHold(sql, hold.callId, wanted.nowMs);
    return grantOf(hold, limitedBy);
  }
  const growth = { included: hold.included, spending: null, nowMs: wanted.nowMs };
  const grown = await growHold(sql, hold, { ...growth, byMicros });
  if (!grown) throw new Error(`the balance of ${hold.accountId} moved while it was locked`);
  return grantOf(grown, limitedBy);
}
