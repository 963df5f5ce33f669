import { digitsOf, isE164 } from '../../kernel/phone-number';
import type { Database, Sql } from '../../kernel/unit-of-work';
import { addParts, type IncludedPart, partsText, readParts, secondsOf } from '../bundles/bundle';
import { holdSeconds } from '../bundles/hold-seconds';
import { alertOfCap, type CapRefusal } from '../fraud-caps/cap-alerts';
import type { CapName, Caps } from '../fraud-caps/caps';
import { spendingOf } from '../fraud-caps/outward-call';
import { growHold, type Hold, lockOpenHold, touchHold } from '../ledger/holds';
import { type DaySpending, lockBalance, readDaySpent } from '../ledger/ledger-accounts';
import { affordableSeconds } from '../rating/affordable-seconds';
import type { Rate } from '../rating/rate';
import { billedSecondsOf, isTimeFree, rateCall } from '../rating/rate-call';
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
 * Grows a call's hold until it pays for `untilSeconds` of talk, or as far as credit and caps reach (then `limitedBy` says why): seconds of
 * bundles first, then money. Asking again for what is held changes nothing, and asking after a top-up may reach further. An account
 * that was suspended in mid-call gets nothing more: the call ends with what is held. @throws HoldNotOpen
 */
export async function extendCredit(database: Database, wanted: Extension): Promise<CreditGrant> {
  const { grant, capped } = await database.write((sql) => grow(sql, wanted));
  if (capped) await alertOfCap(database, { ...capped, country: null, nowMs: wanted.nowMs });
  return grant;
}

/** What came of it, and which cap of whose it ran into, if any. */
type Grown = {
  readonly grant: CreditGrant;
  readonly capped: Pick<CapRefusal, 'accountId' | 'cap'> | null;
};

async function grow(sql: Sql, wanted: Extension): Promise<Grown> {
  const hold = await lockOpenHold(sql, wanted.callId);
  const payer = await readRunningPayer(sql, { accountId: hold.accountId, nowMs: wanted.nowMs });
  if (!statesThatPay(hold.direction as CallDirection).includes(payer.state))
    return { grant: await keep(sql, hold, { limitedBy: 'account', nowMs: wanted.nowMs }), capped: null };
  const rate = promisedRate(hold);
  const before = readParts(hold.included);
  const more = payer.hasBundles ? await moreSeconds(sql, hold, wanted, rate) : [];
  return growMoney(sql, hold, {
    wanted,
    rate,
    parts: addParts(before, more),
    hasMoreParts: more.length > 0,
    caps: hold.direction === 'outbound' ? payer.caps : null,
  });
}

function moreSeconds(sql: Sql, hold: Hold, wanted: Extension, rate: Rate): Promise<readonly IncludedPart[]> {
  if (isTimeFree(rate) || hold.number === null || !isE164(hold.number)) return Promise.resolve([]);
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
  /** Null for a leg that comes in. */
  readonly caps: Caps | null;
};

async function growMoney(sql: Sql, hold: Hold, target: Target): Promise<Grown> {
  const { wanted, rate, parts, hasMoreParts, caps } = target;
  const { nowMs } = wanted;
  const price = rateCall(rate, wanted.untilSeconds, secondsOf(parts)).charge.amountMicros;
  const missing = price > hold.amount.amountMicros ? price - hold.amount.amountMicros : 0n;
  if (missing === 0n && !hasMoreParts)
    return { grant: await keep(sql, hold, { limitedBy: null, nowMs }), capped: null };
  const spending = caps && spendingOf(caps, nowMs);
  const growth = { included: partsText(parts), spending, nowMs };
  const isUnderCallCap = !caps || price <= caps.maxCallCostMicros;
  const grown = isUnderCallCap ? await growHold(sql, hold, { ...growth, byMicros: missing }) : null;
  return grown ? { grant: grantOf(grown, null), capped: null } : growAsFarAsItReaches(sql, hold, target);
}

async function growAsFarAsItReaches(sql: Sql, hold: Hold, target: Target): Promise<Grown> {
  const { wanted, rate, parts, caps } = target;
  const spending = caps && spendingOf(caps, wanted.nowMs);
  const room = await roomToGrow(sql, hold, caps, spending);
  const included = secondsOf(parts);
  const reach = affordableSeconds(rate, hold.amount.amountMicros + room.micros, included);
  const price = rateCall(rate, Math.min(reach, wanted.untilSeconds), included).charge.amountMicros;
  const byMicros = price > hold.amount.amountMicros ? price - hold.amount.amountMicros : 0n;
  const growth = { included: partsText(parts), spending, nowMs: wanted.nowMs };
  const grown = await growHold(sql, hold, { ...growth, byMicros });
  if (!grown) throw new Error(`the balance of ${hold.accountId} moved while it was locked`);
  // A top-up may have come since the full extension was refused.
  if (reach >= wanted.untilSeconds) return { grant: grantOf(grown, null), capped: null };
  return {
    grant: grantOf(grown, room.cap === null ? 'credit' : 'cap'),
    capped: room.cap === null ? null : { accountId: hold.accountId, cap: room.cap },
  };
}

/** How much more may be held, and the cap that bounds it; null when it is the credit. Locks the account. */
async function roomToGrow(
  sql: Sql,
  hold: Hold,
  caps: Caps | null,
  spending: DaySpending | null,
): Promise<{ readonly micros: bigint; readonly cap: CapName | null }> {
  const { available } = await lockBalance(sql, hold.accountId);
  let room: { micros: bigint; cap: CapName | null } = { micros: available.amountMicros, cap: null };
  const bound = (micros: bigint, cap: CapName) => {
    if (micros < room.micros) room = { micros: micros < 0n ? 0n : micros, cap };
  };
  if (caps) bound(caps.maxCallCostMicros - hold.amount.amountMicros, 'call-cost');
  if (spending)
    bound(spending.capMicros - (await readDaySpent(sql, hold.accountId, spending.day)), 'day-cost');
  return room;
}

async function keep(
  sql: Sql,
  hold: Hold,
  { limitedBy, nowMs }: { readonly limitedBy: LimitedBy | null; readonly nowMs: number },
): Promise<CreditGrant> {
  await touchHold(sql, hold.callId, nowMs);
  return grantOf(hold, limitedBy);
}
