import { type Money, money } from '../../kernel/money';
import type { Sql } from '../../kernel/unit-of-work';
import { readParts, secondsOf } from '../bundles/bundle';
import { readBalanceWithHolds } from '../ledger/balance';
import type { Hold } from '../ledger/holds';
import { rateCall } from '../rating/rate-call';
import { promisedRate } from './credit-grant';

/** What a running leg is promised to cost, and what is kept aside for it. */
export type RunningCharge = {
  readonly callId: string;
  /** The number it is rated by; null for one of before it was kept. */
  readonly number: string | null;
  readonly held: Money;
  readonly pricePerMinute: Money;
  readonly connectFee: Money;
  /** Seconds, "first/next". */
  readonly increments: string;
  readonly openedAtMs: number;
  /** What the leg costs when it ends after so many whole seconds of talk: by the function that bills it, and never above what is held. */
  readonly chargeAfter: (talkSeconds: number) => Money;
};

/** What an account has, and what its running legs hold of it and will cost. */
export type RunningCharges = {
  readonly balance: Money;
  readonly held: Money;
  readonly creditLimit: Money;
  readonly available: Money;
  /** The newest 100. */
  readonly charges: readonly RunningCharge[];
};

/** The meter of an account's running legs. @throws NotFound */
export async function readRunningCharges(sql: Sql, accountId: string): Promise<RunningCharges> {
  const { balance, held, creditLimit, available, openHolds } = await readBalanceWithHolds(sql, accountId);
  return { balance, held, creditLimit, available, charges: openHolds.map(chargeOf) };
}

function chargeOf(hold: Hold): RunningCharge {
  const rate = promisedRate(hold);
  const included = secondsOf(readParts(hold.included));
  return {
    callId: hold.callId,
    number: hold.number,
    held: hold.amount,
    pricePerMinute: money(BigInt(rate.pricePerMinuteMicros), rate.currency),
    connectFee: money(BigInt(rate.connectFeeMicros), rate.currency),
    increments: `${rate.firstIncrementSeconds}/${rate.nextIncrementSeconds}`,
    openedAtMs: hold.openedAtMs,
    chargeAfter: (talkSeconds) => {
      const { charge } = rateCall(rate, talkSeconds, included);
      return charge.amountMicros > hold.amount.amountMicros ? hold.amount : charge;
    },
  };
}
