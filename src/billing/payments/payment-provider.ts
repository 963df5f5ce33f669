import { AppError } from '../../kernel/app-error';
import type { Money } from '../../kernel/money';

/** A payment as the provider has it now. */
export type ProviderPayment = {
  readonly key: string;
  /** `open` also while the payer has to try again or the bank takes its time. */
  readonly status: 'open' | 'succeeded' | 'failed';
  readonly amount: Money;
  readonly received: Money;
  readonly customerKey: string | null;
  /** Our id of it, as we gave it to the provider; null when it was not made by us. */
  readonly paymentId: string | null;
  readonly isLive: boolean;
  readonly methodKey: string | null;
  readonly failure: string | null;
  /** What the provider kept, in the currency that it pays us out in; null while not known. */
  readonly fee: Money | null;
  readonly refunds: readonly ProviderRefund[];
  readonly disputes: readonly ProviderDispute[];
};

export type ProviderRefund = {
  readonly key: string;
  /** Ours of it; null when it was made at the provider. */
  readonly refundId: string | null;
  readonly amount: Money;
  readonly state: 'pending' | 'paid' | 'failed';
};

export type ProviderDispute = {
  readonly key: string;
  readonly amount: Money;
  /** `inquiry`: questions are asked, no money has been taken. */
  readonly state: 'inquiry' | 'open' | 'won' | 'lost';
  readonly fee: Money | null;
};

/** Something that happened at the provider. */
export type ProviderEvent = {
  readonly id: string;
  readonly type: string;
  readonly createdAtMs: number;
  readonly isLive: boolean;
  /** What it is about; both null for kinds that we do nothing for. */
  readonly paymentKey: string | null;
  readonly sessionKey: string | null;
  readonly payload: string;
};

export type CheckoutWanted = {
  readonly paymentId: string;
  readonly accountId: string;
  readonly customerKey: string;
  readonly amount: Money;
  /** What the payer reads. */
  readonly title: string;
  /** Whether the provider keeps the method for payments without the payer. */
  readonly savesMethod: boolean;
  readonly returnUrl: string;
  readonly expiresAtMs: number;
};

export type ChargeWanted = {
  readonly paymentId: string;
  readonly accountId: string;
  readonly customerKey: string;
  readonly methodKey: string;
  readonly amount: Money;
};

/** The payment provider, in our words. Every wish carries our id, so that wishing twice does it once. */
export interface PaymentProvider {
  /** Whether it moves real money. */
  readonly isLive: boolean;
  createCustomer(accountId: string): Promise<string>;
  /** A page of the provider where the payer pays. */
  createCheckout(wanted: CheckoutWanted): Promise<{ readonly sessionKey: string; readonly url: string }>;
  readCheckout(
    sessionKey: string,
  ): Promise<{ readonly paymentKey: string | null; readonly isExpired: boolean }>;
  readPayment(paymentKey: string): Promise<ProviderPayment>;
  /** What people know a saved method by: "visa 4242, 8/2030". */
  labelOf(methodKey: string): Promise<string>;
  forgetMethod(methodKey: string): Promise<void>;
  /** Charges a saved method without the payer. A refusal is an answer, not an error. */
  charge(
    wanted: ChargeWanted,
  ): Promise<{ readonly paymentKey: string | null; readonly declined: string | null }>;
  refund(wanted: {
    readonly refundId: string;
    readonly paymentKey: string;
    readonly amount: Money;
  }): Promise<{ readonly refusal: string | null }>;
  /** Everything that happened since, the oldest first. */
  eventsSince(sinceMs: number): Promise<readonly ProviderEvent[]>;
}

/** Cards cannot be taken: the operator has given no key of a payment provider. */
export class NoPaymentProvider extends AppError {
  readonly code = 'no-payment-provider';
  constructor() {
    super(
      'cards are not taken here: STRIPE_SECRET_KEY is not set; pay by voucher or bank transfer, see payment-options',
    );
  }
}
