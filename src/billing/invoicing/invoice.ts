import type { Currency } from '../../kernel/money';
import type { Tax, TaxTreatment } from '../tax/tax-for';

/** Movements of the ledger that an invoice documents; all others (payments, corrections, taxes) stand on statements alone. */
export const INVOICED_KINDS = [
  'call-charge',
  'call-correction',
  'number-fee',
  'plan-fee',
  'late-fee',
] as const;

/** Seller or buyer as they were when the invoice was issued. */
export type InvoiceParty = {
  readonly name: string;
  readonly street: string | null;
  readonly postalCode: string | null;
  readonly city: string | null;
  readonly region: string | null;
  readonly country: string | null;
  readonly vatNumber: string | null;
  readonly mail: string | null;
};

export type InvoiceParties = {
  readonly seller: InvoiceParty & { readonly bankDetails: string | null };
  readonly buyer: InvoiceParty & { readonly language: string | null };
};

/** All movements of one kind. `exactMicros` is what the ledger has, `netMicros` the same in whole coins; both are what the customer owes. */
export type InvoiceLine = {
  readonly kind: string;
  readonly quantity: number;
  readonly exactMicros: bigint;
  readonly netMicros: bigint;
};

/** A tax on the sum of the lines, rounded once to whole coins. */
export type InvoiceTax = Tax & { readonly baseMicros: bigint; readonly taxMicros: bigint };

/** What an invoice says about money. Shown figures add up: lines to net, net and taxes to the total. */
export type InvoiceFigures = {
  readonly lines: readonly InvoiceLine[];
  readonly taxes: readonly InvoiceTax[];
  readonly exactMicros: bigint;
  readonly netMicros: bigint;
  readonly taxMicros: bigint;
  readonly totalMicros: bigint;
};

/** An invoice or credit note as it was issued; it never changes. A credit note's amounts are negative. */
export type Invoice = InvoiceFigures & {
  readonly id: string;
  readonly kind: 'invoice' | 'credit-note';
  readonly accountId: string;
  readonly number: string;
  readonly correctsInvoiceId: string | null;
  readonly reason: string | null;
  readonly currency: Currency;
  readonly period: string;
  readonly periodFromMs: number;
  readonly periodUntilMs: number;
  readonly issuedAtMs: number;
  readonly dueAtMs: number;
  /** The account's balance when the period began. */
  readonly openingMicros: bigint;
  readonly taxTreatment: TaxTreatment;
  readonly taxNote: string;
  readonly parties: InvoiceParties;
  /** SHA-256 of all it says. */
  readonly fingerprint: string;
};

/** Whether an invoice is still owed. */
export type InvoiceState = 'open' | 'paid' | 'disputed';
