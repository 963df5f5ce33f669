import type { Money } from '../../kernel/money';
import type { Sql } from '../../kernel/unit-of-work';

export type PaymentOrigin = 'checkout' | 'auto-recharge' | 'bank';
export type PaymentState = 'open' | 'succeeded' | 'failed' | 'expired';

/** What a payment is for. Either way it is credit of the account; which invoices that settles, invoicing decides. */
export type PaymentPurpose =
  | { readonly kind: 'credit' }
  | { readonly kind: 'invoice'; readonly invoiceId: string };

/** Money that was asked for, and what came of it. */
export type Payment = {
  readonly id: string;
  readonly accountId: string;
  readonly origin: PaymentOrigin;
  /** The provider's id of the payment, once there is one. */
  readonly providerKey: string | null;
  readonly customerKey: string | null;
  /** What the payer writes on a bank transfer. */
  readonly bankReference: string | null;
  readonly amount: Money;
  readonly purpose: PaymentPurpose;
  readonly state: PaymentState;
  readonly received: Money;
  /** Refunded, on its way back, or lost in a dispute. */
  readonly returned: Money;
  readonly failure: string | null;
  readonly madeAtMs: number;
  readonly receivedAtMs: number | null;
};

/** A payment was received (once), or a part of it went back (each refund and each lost dispute once). */
export type PaymentFact = {
  readonly kind: 'received' | 'returned';
  readonly paymentId: string;
  readonly accountId: string;
  readonly amount: Money;
  readonly purpose: PaymentPurpose;
  readonly nowMs: number;
};

/** What payments ask of, and tell, the rest of billing; both are part of the unit of work that posts the money. */
export type PaymentNeighbours = {
  /** What is still to be paid of an invoice of the account. @throws NotFound; Conflict when nothing is */
  owedOf(sql: Sql, invoice: { readonly accountId: string; readonly invoiceId: string }): Promise<Money>;
  onPayment(sql: Sql, fact: PaymentFact): Promise<void>;
};
