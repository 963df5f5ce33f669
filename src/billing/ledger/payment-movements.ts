import { type Money, negate, subtractMoney } from '../../kernel/money';
import { customerLedgerId, type HouseAccount, houseLedgerId } from './ledger-accounts';
import {
  betweenHouseAccounts,
  betweenHouseAnd,
  type Entry,
  type Movement,
  requirePositive,
} from './movements';

/** Where money of a payment lies: at the payment provider, or received by the house itself (bank, cash). */
export type PaymentPlace = Extract<HouseAccount, 'payment-provider' | 'funds-received'>;

/** A payment arrived, for credit or for an invoice: either way the account has that much more. @throws InvalidInput unless above zero */
export function paymentReceived(of: {
  readonly accountId: string;
  readonly paymentId: string;
  readonly amount: Money;
  readonly place: PaymentPlace;
  readonly note: string;
}): Movement {
  requirePositive(of.amount);
  return {
    kind: 'payment',
    key: `payment:${of.paymentId}`,
    note: of.note,
    entries: betweenHouseAnd(of.accountId, of.place, of.amount),
  };
}

/** What the payment provider keeps for itself, of a payment or a dispute. `about` names it. @throws InvalidInput unless above zero */
export function paymentFee(of: { readonly about: string; readonly fee: Money }): Movement {
  requirePositive(of.fee);
  return {
    kind: 'payment-fee',
    key: `payment-fee:${of.about}`,
    note: `fee of the payment provider for ${of.about}`,
    entries: betweenHouseAccounts('payment-fees', 'payment-provider', of.fee),
  };
}

/** Credit that goes back to where it was paid from; on its way until it is paid or has failed. @throws InvalidInput unless above zero */
export function refund(of: {
  readonly accountId: string;
  readonly refundId: string;
  readonly amount: Money;
  readonly reason: string;
}): Movement {
  requirePositive(of.amount);
  return {
    kind: 'refund',
    key: `refund:${of.refundId}`,
    note: of.reason,
    entries: betweenHouseAnd(of.accountId, 'refunds-pending', negate(of.amount)),
  };
}

/** A refund has left the house. */
export function refundPaid(of: {
  readonly refundId: string;
  readonly amount: Money;
  readonly place: PaymentPlace;
}): Movement {
  return {
    kind: 'refund-paid',
    key: `refund-end:${of.refundId}`,
    note: `refund ${of.refundId} paid`,
    entries: betweenHouseAccounts('refunds-pending', of.place, of.amount),
  };
}

/** A refund did not go through: its credit is the account's again. */
export function refundFailed(of: {
  readonly accountId: string;
  readonly refundId: string;
  readonly amount: Money;
}): Movement {
  return {
    kind: 'refund-failed',
    key: `refund-end:${of.refundId}`,
    note: `refund ${of.refundId} failed`,
    entries: betweenHouseAnd(of.accountId, 'refunds-pending', of.amount),
  };
}

/**
 * The provider took a payment back: a dispute was lost, or a refund was made at the provider. What the account has of it is taken; the
 * rest, which was talked away before, is the house's loss.
 */
export function takenBack(of: {
  readonly accountId: string;
  /** `dispute:<id>` or `refund:<id>`. */
  readonly about: string;
  readonly total: Money;
  readonly fromAccount: Money;
}): Movement {
  requirePositive(of.total);
  const loss = subtractMoney(of.total, of.fromAccount);
  const unit = of.total.currency;
  const lines: readonly Entry[] = [
    { ledgerAccountId: customerLedgerId(of.accountId), amount: negate(of.fromAccount) },
    { ledgerAccountId: houseLedgerId('dispute-losses', unit), amount: negate(loss) },
    { ledgerAccountId: houseLedgerId('payment-provider', unit), amount: of.total },
  ];
  return {
    kind: 'taken-back',
    key: `taken-back:${of.about}`,
    note: of.about,
    entries: lines.filter(({ amount }) => amount.amountMicros !== 0n),
  };
}
