import type { Database } from '../../kernel/unit-of-work';
import type { PaymentNeighbours } from './payment';
import { NoPaymentProvider, type PaymentProvider } from './payment-provider';

/** What payments are made with. */
export type PaymentParts = {
  readonly database: Database;
  /** Null when the operator has given no key of one. */
  readonly provider: PaymentProvider | null;
  readonly neighbours: PaymentNeighbours;
};

/** @throws NoPaymentProvider */
export function requireProvider({ provider }: PaymentParts): PaymentProvider {
  if (!provider) throw new NoPaymentProvider();
  return provider;
}
