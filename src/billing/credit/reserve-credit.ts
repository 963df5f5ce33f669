import { readAccount } from '../../accounts/accounts-store';
import { zero } from '../../kernel/money';
import { digitsOf } from '../../kernel/phone-number';
import type { Database, Sql } from '../../kernel/unit-of-work';
import { CALL_LEASE_MS } from '../../leases/lease';
import { takeLeases } from '../../leases/take-leases';
import { partsText, secondsOf } from '../bundles/bundle';
import { holdSeconds } from '../bundles/hold-seconds';
import { alertOfCap } from '../fraud-caps/cap-alerts';
import { CapReached, DestinationClosed } from '../fraud-caps/caps-errors';
import { placeOf } from '../fraud-caps/number-place';
import { countBeginning, requireUnderCaps, spendingOf } from '../fraud-caps/outward-call';
import { growHold, type Hold, openHold, whyNotHeld } from '../ledger/holds';
import { DaySpent } from '../ledger/ledger-errors';
import { findRate } from '../rating/find-rate';
import type { Rate } from '../rating/rate';
import { billedSecondsOf, rateCall } from '../rating/rate-call';
import { AccountBlocked, NoRate } from './credit-errors';
import { type CreditGrant, grantOf, rateText } from './credit-grant';
import type { CreditWanted } from './credit-wanted';
import { type Payer, readPayer, statesThatPay } from './payer';

/**
 * Lets a leg begin: the account's state allows it, no cap against fraud forbids it, there is a place among its calls and the room's, and
 * connect fee and first block are held; all or nothing, in one unit of work. The second time for one leg it gives the hold that is there.
 * @throws AccountBlocked, CapReached, DestinationClosed, LimitReached, InsufficientCredit, NoRate, NotFound (payer), HoldNotOpen (the leg
 * was settled or released before)
 */
export async function reserveCredit(database: Database, wanted: CreditWanted): Promise<CreditGrant> {
  try {
    return grantOf(await admit(database, wanted), null);
  } catch (error) {
    if (error instanceof CapReached || error instanceof DestinationClosed)
      await alertOfCap(database, {
        accountId: wanted.payerAccountId,
        cap: error.cap,
        country: placeOf(wanted.number).country,
        nowMs: wanted.nowMs,
      });
    throw error;
  }
}

async function admit(database: Database, wanted: CreditWanted): Promise<Hold> {
  const payer = await readPayer(database.read, wanted);
  if (!statesThatPay(wanted.direction).includes(payer.state))
    throw new AccountBlocked(payer.accountId, payer.state);
  const rate = await rateFor(database, payer, wanted);
  if (payer.outward)
    requireUnderCaps(payer.accountId, payer.outward, {
      pricePerMinuteMicros: BigInt(rate.pricePerMinuteMicros),
      firstBlockMicros: rateCall(rate, 1).charge.amountMicros,
    });
  return database.write(async (sql) => {
    await takeLeases(sql, {
      holderId: wanted.callId,
      nodeId: wanted.nodeId,
      wishes: payer.places,
      nowMs: wanted.nowMs,
      leaseMs: CALL_LEASE_MS,
    });
    if (payer.outward) await countBeginning(sql, payer.outward, { ...wanted, accountId: payer.accountId });
    return holdFirstBlock(sql, wanted, { payer, rate }).catch((error: unknown) => {
      throw error instanceof DaySpent ? new CapReached(payer.accountId, 'day-cost') : error;
    });
  });
}

type Terms = { readonly payer: Payer; readonly rate: Rate };

/** Seconds of bundles first, then money. Without bundles one statement does it; with them the hold is there before they are locked. */
async function holdFirstBlock(sql: Sql, wanted: CreditWanted, { payer, rate }: Terms): Promise<Hold> {
  const usesBundles = payer.hasBundles && rate.pricePerMinuteMicros > 0;
  const spending = payer.outward && spendingOf(payer.outward.caps, wanted.nowMs);
  const opened = await openHold(sql, {
    callId: wanted.callId,
    accountId: payer.accountId,
    amount: usesBundles ? zero(rate.currency) : rateCall(rate, 1).charge,
    rate: rateText(rate),
    direction: wanted.direction,
    kind: wanted.kind,
    number: wanted.number,
    included: null,
    spending,
    allowedStates: statesThatPay(wanted.direction),
    nowMs: wanted.nowMs,
  });
  // Its state changed since it was read.
  if (!opened) throw new AccountBlocked(payer.accountId, (await readAccount(sql, payer.accountId)).state);
  if (!usesBundles || !opened.isNew) return opened.hold;
  const parts = await holdSeconds(sql, {
    accountId: payer.accountId,
    digits: digitsOf(wanted.number),
    seconds: billedSecondsOf(rate, 1),
    nowMs: wanted.nowMs,
  });
  const { charge } = rateCall(rate, 1, secondsOf(parts));
  const grown = await growHold(sql, opened.hold, {
    byMicros: charge.amountMicros,
    included: partsText(parts),
    spending,
    nowMs: wanted.nowMs,
  });
  if (!grown) throw await whyNotHeld(sql, opened.hold, charge);
  return grown;
}

async function rateFor(database: Database, payer: Payer, wanted: CreditWanted): Promise<Rate> {
  const deckId = wanted.deckId ?? payer.deckId;
  const rate =
    deckId === null
      ? null
      : await findRate(database, { deckId, number: wanted.number, atMs: wanted.startedAtMs });
  if (rate?.currency !== payer.currency) throw new NoRate(payer.accountId, deckId, wanted.startedAtMs);
  return rate;
}
