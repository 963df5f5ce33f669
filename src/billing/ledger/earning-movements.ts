import { InvalidInput } from '../../kernel/app-error';
import { type Money, negate } from '../../kernel/money';
import { earningsLedgerId, type HouseAccount, houseLedgerId } from './ledger-accounts';
import { betweenHouseAccounts, type Entry, type Movement, requirePositive } from './movements';

/** Somebody's share of what was earned: credited (positive), or clawed back (negative) when its cause was. @throws InvalidInput for zero */
export function earning(of: {
  readonly accountId: string;
  readonly key: string;
  readonly amount: Money;
  readonly note: string;
}): Movement {
  const unit = of.amount.currency;
  if (of.amount.amountMicros === 0n)
    throw new InvalidInput('amount', 'is zero', 'give what was earned, or a minus and what is clawed back');
  return {
    kind: 'earning',
    key: `earning:${of.key}`,
    note: of.note,
    entries: [
      { ledgerAccountId: earningsLedgerId(of.accountId, unit), amount: of.amount },
      { ledgerAccountId: houseLedgerId('shares-paid', unit), amount: negate(of.amount) },
    ],
  };
}

/** Earnings are on their way to their owner. */
export function payout(of: {
  readonly accountId: string;
  readonly payoutId: string;
  readonly amount: Money;
}): Movement {
  requirePositive(of.amount);
  return {
    kind: 'payout',
    key: `payout:${of.payoutId}`,
    note: `payout ${of.payoutId}`,
    entries: betweenEarningsAnd(of.accountId, 'payouts-pending', negate(of.amount)),
  };
}

/** A payout has left the house. */
export function payoutPaid(of: { readonly payoutId: string; readonly amount: Money }): Movement {
  return {
    kind: 'payout-paid',
    key: `payout-end:${of.payoutId}`,
    note: `payout ${of.payoutId} paid`,
    entries: betweenHouseAccounts('payouts-pending', 'funds-received', of.amount),
  };
}

/** A payout did not go through: it is its owner's earnings again. */
export function payoutFailed(of: {
  readonly accountId: string;
  readonly payoutId: string;
  readonly amount: Money;
}): Movement {
  return {
    kind: 'payout-failed',
    key: `payout-end:${of.payoutId}`,
    note: `payout ${of.payoutId} failed`,
    entries: betweenEarningsAnd(of.accountId, 'payouts-pending', of.amount),
  };
}

/** `amount` for whoever earned it, its opposite for the house. */
function betweenEarningsAnd(accountId: string, house: HouseAccount, amount: Money): readonly Entry[] {
  return [
    { ledgerAccountId: earningsLedgerId(accountId, amount.currency), amount },
    { ledgerAccountId: houseLedgerId(house, amount.currency), amount: negate(amount) },
  ];
}
