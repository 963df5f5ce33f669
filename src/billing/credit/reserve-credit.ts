import { readAccount } from '../../accounts/accounts-store';
import type { Database, Sql } from '../../kernel/unit-of-work';
import { CALL_LEASE_MS } from '../../leases/lease';
import { takeLeases } from '../../leases/take-leases';
import { openHold } from '../ledger/holds';
import { findRate } from '../rating/find-rate';
import type { Rate } from '../rating/rate';
import { rateCall } from '../rating/rate-call';
import { AccountBlocked, NoRate } from './credit-errors';
import { type CreditGrant, grantOf, rateText } from './credit-grant';
import type { CreditWanted } from './credit-wanted';
import { type Payer, readPayer, statesThatPay } from './payer';

/**
 * Lets a leg begin: the account's state allows it, there is a place among its calls and the room's, and connect fee and first block
 * are held; all or nothing, in one unit of work. The second time for one leg it gives the hold that is there.
 * @throws AccountBlocked, LimitReached, InsufficientCredit, NoRate, NotFound (payer), HoldNotOpen (the leg was settled or released before)
 */
export async function reserveCredit(database: Database, wanted: CreditWanted): Promise<CreditGrant> {
  const payer = await readPayer(database.read, wanted);
  if (!statesThatPay(wanted.direction).includes(payer.state))
    throw new AccountBlocked(payer.accountId, payer.state);
  const rate = await rateFor(database, payer, wanted);
  const hold = await database.write(async (sql) => {
    await takeLeases(sql, {
      holderId: wanted.callId,
      nodeId: wanted.nodeId,
      wishes: payer.places,
      nowMs: wanted.nowMs,
      leaseMs: CALL_LEASE_MS,
    });
    return holdFirstBlock(sql, wanted, rate);
  });
  return grantOf(hold, null);
}

async function holdFirstBlock(sql: Sql, wanted: CreditWanted, rate: Rate) {
  const hold = await openHold(sql, {
    callId: wanted.callId,
    accountId: wanted.payerAccountId,
    amount: rateCall(rate, 1).charge,
    rate: rateText(rate),
    direction: wanted.direction,
    kind: wanted.kind,
    included: null,
    spending: null,
    allowedStates: statesThatPay(wanted.direction),
    nowMs: wanted.nowMs,
  });
  if (hold) return hold;
  // Its state changed since it was read.
  const { id, state } = await readAccount(sql, wanted.payerAccountId);
  throw new AccountBlocked(id, state);
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
