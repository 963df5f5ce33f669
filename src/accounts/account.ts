import type { Currency } from '../kernel/money';

/**
 * What an account may do. `limited`: inbound and emergency calls only; `suspended` and `closed`: emergency calls only.
 * The reminder ladder moves an account down and a payment moves it up again; `closed` is final.
 */
export type AccountState = 'active' | 'limited' | 'suspended' | 'closed';

export const ACCOUNT_STATES: readonly AccountState[] = ['active', 'limited', 'suspended', 'closed'];

/** Who calls and pays. Its money stands in the ledger, in its one currency. */
export type Account = {
  readonly id: string;
  readonly name: string;
  readonly currency: Currency;
  readonly state: AccountState;
  /** The deck its calls are priced by; null: no price, so no charged call. */
  readonly deckId: string | null;
  /** Where it dials from: ISO 3166-1 alpha-2; null: unknown, so national numbers cannot be understood. */
  readonly country: string | null;
  /** What it hears and reads: ISO 639-1, perhaps with a region ("pt-BR"); null: the house's. */
  readonly language: string | null;
  readonly createdAtMs: number;
};
