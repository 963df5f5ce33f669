import { digitsOf, isE164 } from '../../kernel/phone-number';
import type { Database, Sql } from '../../kernel/unit-of-work';
import { addParts, type IncludedPart, partsText, readParts, secondsOf } from '../bundles/bundle';
import { holdSeconds } from '../bundles/hold-seconds';
import { growHold, type Hold, lockOpenHold, touchHold } from '../ledger/holds';
import { lockBalance } from '../ledger/ledger-accounts';
import { affordableSeconds } from '../rating/affordable-seconds';
import type { Rate } from '../rating/rate';
import { billedSecondsOf, rateCall } from '../rating/rate-call';
import { type CreditGrant, grantOf, type LimitedBy, promisedRate } from './credit-grant';
import type { CallDirection } from './credit-wanted';
import { readRunningPayer, statesThatPay } from './payer';

export type Extension = {
  readonly callId: string;
  /** Seconds of talk, counted from the start of charging, that the hold should pay for. */
  readonly untilSeconds: number;
  readonly nowMs: number;
};

/**
 * Grows a call's hold until it pays for `untilSeconds` of talk, or as far as the credit reaches (then `limitedBy` says why): seconds of
 * bundles first, then money. Asking again for what is held changes nothing, and asking after a top-up may reach further. An account
 * that was suspended in mid-call gets nothing more: the call ends with what is held. @throws HoldNotOpen
 */
export function extendCredit(database: Database, wanted: Extension): Promise<CreditGrant> {
  return database.write(async (sql) => {
    const hold = await lockOpenHold(sql, wanted.callId);
    const payer = await readRunningPayer(sql, { accountId: hold.accountId, nowMs: wanted.nowMs });
    if (!statesThatPay(hold.direction as CallDirection).includes(payer.state))
      return keep(sql, hold, { limitedBy: 'account', nowMs: wanted.nowMs });
    const rate = promisedRate(hold);
    const before = readParts(hold.included);
    const more = payer.hasBundles ? await moreSeconds(sql, hold, wanted, rate) : [];
    return growMoney(sql, hold, {
      wanted,
      rate,
      parts: addParts(before, more),
      hasMoreParts: more.length > 0,
    });
  });
}

function moreSeconds(sql: Sql, hold: Hold, wanted: Extension, rate: Rate): Promise<readonly IncludedPart[]> {
  if (rate.pricePerMinuteMicros === 0 || hold.number === null || !isE164(hold.number))
    return Promise.resolve([]);
  return holdSeconds(sql, {
    accountId: hold.accountId,
    digits: digitsOf(hold.number),
    seconds: billedSecondsOf(rate, wanted.untilSeconds) - secondsOf(readParts(hold.included)),
    nowMs: wanted.nowMs,
  });
}

type Target = {
  readonly wanted: Extension;
  readonly rate: Rate;
  readonly parts: readonly IncludedPart[];
  readonly hasMoreParts: boolean;
};

async function growMoney(sql: Sql, hold: Hold, target: Target): Promise<CreditGrant> {
  const { wanted, rate, parts, hasMoreParts } = target;
  const { nowMs } = wanted;
  const price = rateCall(rate, wanted.untilSeconds, secondsOf(parts)).charge.amountMicros;
  const missing = price > hold.amount.amountMicros ? price - hold.amount.amountMicros : 0n;
  if (missing === 0n && !hasMoreParts) return keep(sql, hold, { limitedBy: null, nowMs });
  const growth = { included: partsText(parts), spending: null, nowMs };
  const grown = await growHold(sql, hold, { ...growth, byMicros: missing });
  return grown ? grantOf(grown, null) : growAsFarAsCreditReaches(sql, hold, target);
}

async function growAsFarAsCreditReaches(sql: Sql, hold: Hold, target: Target): Promise<CreditGrant> {
  const { wanted, rate, parts } = target;
  const { available } = await lockBalance(sql, hold.accountId);
  const included = secondsOf(parts);
  const reach = affordableSeconds(rate, hold.amount.amountMicros + available.amountMicros, included);
  // A top-up may have come since the full extension was refused.
  const limitedBy = reach < wanted.untilSeconds ? 'credit' : null;
  const price = rateCall(rate, Math.min(reach, wanted.untilSeconds), included).charge.amountMicros;
  const byMicros = price > hold.amount.amountMicros ? price - hold.amount.amountMicros : 0n;
  const growth = { included: partsText(parts), spending: null, nowMs: wanted.nowMs };
  const grown = await growHold(sql, hold, { ...growth, byMicros });
  if (!grown) throw new Error(`the balance of ${hold.accountId} moved while it was locked`);
  return grantOf(grown, limitedBy);
}

async function keep(
  sql: Sql,
  hold: Hold,
  { limitedBy, nowMs }: { readonly limitedBy: LimitedBy | null; readonly nowMs: number },
): Promise<CreditGrant> {
  await touchHold(sql, hold.callId, nowMs);
  return grantOf(hold, limitedBy);
}
