import type { Money } from '../../kernel/money';
import { readParts, secondsOf } from '../bundles/bundle';
import type { Hold } from '../ledger/holds';
import { affordableSeconds } from '../rating/affordable-seconds';
import { type Rate, rateOfText } from '../rating/rate';

export { UNLIMITED_TALK_SECONDS } from '../rating/affordable-seconds';

/**
 * What keeps a hold from reaching as far as was asked: the credit (a top-up helps), a cap against fraud, or the state of the account
 * (it was suspended in mid-call).
 */
export type LimitedBy = 'credit' | 'cap' | 'account';

/** How long a leg may talk on what is held for it. */
export type CreditGrant = {
  readonly callId: string;
  /** Whole seconds of talk, counted from the start of charging, that the hold pays for; UNLIMITED_TALK_SECONDS when talk is free. */
  readonly paidSeconds: number;
  /** The hold ends here; a later extension may reach further, when what limits it has changed. */
  readonly reachedLimit: boolean;
  /** Why it does; null when it reaches as far as was asked. */
  readonly limitedBy: LimitedBy | null;
  /** Money that is held; seconds of bundles are held beside it. */
  readonly held: Money;
};

/** The price that was promised when the hold was opened: a deck imported in mid-call changes nothing for this call. */
export function promisedRate(hold: Hold): Rate {
  return rateOfText(hold.rate);
}

export function grantOf(hold: Hold, limitedBy: LimitedBy | null): CreditGrant {
  return {
    callId: hold.callId,
    paidSeconds: affordableSeconds(
      promisedRate(hold),
      hold.amount.amountMicros,
      secondsOf(readParts(hold.included)),
    ),
    reachedLimit: limitedBy !== null,
    limitedBy,
    held: hold.amount,
  };
}
