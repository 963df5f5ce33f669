import { InvalidInput } from '../../kernel/app-error';
import { type Money, negate } from '../../kernel/money';
import { customerLedgerId, type HouseAccount, houseLedgerId } from './ledger-accounts';

/** One line: what the account gains (positive) or loses (negative). */
export type Entry = {
  readonly ledgerAccountId: string;
  readonly amount: Money;
  /** Of an entry that came about by a conversion: the rate it was made at, for good ("EUR/USD 1.0834"). */
  readonly exchangeRate?: string;
};

/** Every way money moves, as stored in ledger_transactions.kind. */
export type MovementKind =
  | 'top-up'
  | 'call-charge'
  | 'call-correction'
  | 'adjustment'
  | 'number-fee'
  | 'voucher-issue'
  | 'voucher-redemption'
  | 'voucher-end'
  | 'payment'
  | 'payment-fee'
  | 'refund'
  | 'refund-paid'
  | 'refund-failed'
  | 'taken-back'
  | 'write-off'
  | 'conversion'
  | 'earning'
  | 'payout'
  | 'payout-paid'
  | 'payout-failed';

/** A set of entries to post together. The same key never posts twice. */
export type Movement = {
  readonly kind: MovementKind;
  readonly key: string;
  /** Shown to people who read the ledger. */
  readonly note: string;
  readonly entries: readonly Entry[];
};

/**
 * Money that reached the house outside any payment system (bank transfer, cash) becomes credit of the account.
 * `reference` names the payment and is the key: one payment is credited once. @throws InvalidInput unless the amount is above zero
 */
export function topUp(from: {
  readonly accountId: string;
  readonly amount: Money;
  readonly reference: string;
}): Movement {
  requirePositive(from.amount);
  return {
    kind: 'top-up',
    key: `top-up:${from.reference}`,
    note: `top-up ${from.reference}`,
    entries: betweenHouseAnd(from.accountId, 'funds-received', from.amount),
  };
}

/** The price of one leg goes from the payer to the house. @throws InvalidInput unless the charge is above zero */
export function callCharge(leg: {
  readonly accountId: string;
  readonly cdrId: string;
  readonly charge: Money;
}): Movement {
  requirePositive(leg.charge);
  return {
    kind: 'call-charge',
    key: callChargeKey(leg.cdrId),
    note: `call ${leg.cdrId}`,
    entries: betweenHouseAnd(leg.accountId, 'call-revenue', negate(leg.charge)),
  };
}

/**
 * A leg that was charged is priced anew: the payer is charged the difference, or given it back when it is below zero. Once for each re-rating.
 * @throws InvalidInput when there is no difference
 */
export function callCorrection(of: {
  readonly accountId: string;
  readonly cdrId: string;
  readonly reratingId: string;
  readonly difference: Money;
}): Movement {
  if (of.difference.amountMicros === 0n)
    throw new InvalidInput('difference', 'is zero', 'correct only what changes');
  return {
    kind: 'call-correction',
    key: `rerate:${of.reratingId}:${of.cdrId}`,
    note: `call ${of.cdrId} was priced anew`,
    entries: betweenHouseAnd(of.accountId, 'call-revenue', negate(of.difference)),
  };
}

/** The one key under which a leg can be charged. */
export function callChargeKey(cdrId: string): string {
  return `cdr:${cdrId}`;
}

/**
 * Staff gives (positive) or takes (negative) credit, and says why. @throws InvalidInput when the reason is empty or the amount zero
 */
export function adjustment(of: {
  readonly accountId: string;
  readonly amount: Money;
  readonly reason: string;
  readonly reference: string;
}): Movement {
  const note = requireReason(of.reason);
  if (of.amount.amountMicros === 0n)
    throw new InvalidInput('amount', 'is zero', 'give the difference, with a minus to take credit away');
  return {
    kind: 'adjustment',
    key: `adjustment:${of.reference}`,
    note,
    entries: betweenHouseAnd(of.accountId, 'adjustments', of.amount),
  };
}

/** What having a number costs for one period. `key` names number, account and period. @throws InvalidInput unless the fee is above zero */
export function numberFee(of: {
  readonly accountId: string;
  readonly key: string;
  readonly fee: Money;
  readonly note: string;
}): Movement {
  requirePositive(of.fee);
  return {
    kind: 'number-fee',
    key: of.key,
    note: of.note,
    entries: betweenHouseAnd(of.accountId, 'number-fees', negate(of.fee)),
  };
}

/** Vouchers were made: the house owes their face value to whoever will hold them. @throws InvalidInput unless the total is above zero */
export function voucherIssue(of: { readonly batchId: string; readonly total: Money }): Movement {
  requirePositive(of.total);
  return {
    kind: 'voucher-issue',
    key: `voucher-batch:${of.batchId}`,
    note: `voucher batch ${of.batchId}`,
    entries: betweenHouseAccounts('vouchers-issued', 'voucher-liability', of.total),
  };
}

/** A voucher becomes credit of whoever redeemed it; `voucherId` is told by no code. @throws InvalidInput unless the amount is above zero */
export function voucherRedemption(of: {
  readonly accountId: string;
  readonly voucherId: string;
  readonly amount: Money;
}): Movement {
  requirePositive(of.amount);
  return {
    kind: 'voucher-redemption',
    key: `voucher:${of.voucherId}`,
    note: `voucher ${of.voucherId}`,
    entries: betweenHouseAnd(of.accountId, 'voucher-liability', of.amount),
  };
}

/**
 * What a batch has left can no longer be redeemed: expired vouchers are earned, cancelled ones were never owed.
 * @throws InvalidInput unless the rest is above zero
 */
export function voucherEnd(of: {
  readonly batchId: string;
  readonly rest: Money;
  readonly because: 'expired' | 'cancelled';
}): Movement {
  requirePositive(of.rest);
  const gains = of.because === 'expired' ? 'voucher-breakage' : 'vouchers-issued';
  return {
    kind: 'voucher-end',
    key: `voucher-batch-end:${of.batchId}`,
    note: `vouchers of batch ${of.batchId} ${of.because}`,
    entries: betweenHouseAccounts('voucher-liability', gains, of.rest),
  };
}

/** A debt that nobody will pay is given up. @throws InvalidInput unless above zero, or without a reason */
export function writeOff(of: {
  readonly accountId: string;
  readonly amount: Money;
  readonly reason: string;
  readonly reference: string;
}): Movement {
  requirePositive(of.amount);
  return {
    kind: 'write-off',
    key: `write-off:${of.reference}`,
    note: requireReason(of.reason),
    entries: betweenHouseAnd(of.accountId, 'write-offs', of.amount),
  };
}

/**
 * Money of one ledger account becomes money of another currency on another: each currency sums to zero by itself, the difference lies in
 * `exchange`, and the rate stands on every entry for good. @throws InvalidInput unless both amounts are above zero
 */
export function conversion(of: {
  readonly key: string;
  readonly note: string;
  readonly from: Entry;
  readonly to: Entry;
  /** As showRate writes it. */
  readonly exchangeRate: string;
}): Movement {
  const { from, to, exchangeRate } = of;
  requirePositive(from.amount);
  requirePositive(to.amount);
  const lines: readonly Entry[] = [
    { ledgerAccountId: from.ledgerAccountId, amount: negate(from.amount) },
    { ledgerAccountId: houseLedgerId('exchange', from.amount.currency), amount: from.amount },
    { ledgerAccountId: houseLedgerId('exchange', to.amount.currency), amount: negate(to.amount) },
    { ledgerAccountId: to.ledgerAccountId, amount: to.amount },
  ];
  return {
    kind: 'conversion',
    key: of.key,
    note: of.note,
    entries: lines.map((line) => ({ ...line, exchangeRate })),
  };
}

function requireReason(reason: string): string {
  const said = reason.trim();
  if (said === '')
    throw new InvalidInput('reason', 'is empty', 'say why the balance is corrected, for the auditor');
  return said;
}

/** `amount` from one account of the house to another. */
export function betweenHouseAccounts(from: HouseAccount, to: HouseAccount, amount: Money): readonly Entry[] {
  return [
    { ledgerAccountId: houseLedgerId(from, amount.currency), amount: negate(amount) },
    { ledgerAccountId: houseLedgerId(to, amount.currency), amount },
  ];
}

/** `amount` for the customer, its opposite for the house. */
export function betweenHouseAnd(accountId: string, house: HouseAccount, amount: Money): readonly Entry[] {
  return [
    { ledgerAccountId: customerLedgerId(accountId), amount },
    { ledgerAccountId: houseLedgerId(house, amount.currency), amount: negate(amount) },
  ];
}

/** @throws InvalidInput unless the amount is above zero */
export function requirePositive(amount: Money): void {
  if (amount.amountMicros <= 0n)
    throw new InvalidInput('amount', 'is not above zero', 'give an amount above zero');
}
