import { readAccount } from '../../accounts/accounts-store';
import { Conflict, InvalidInput } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { type Money, showMoney } from '../../kernel/money';
import { customerOf } from './payment-customers';
import type { PaymentPurpose } from './payment';
import { type PaymentParts, requireProvider } from './payment-parts';
import { insertPayment, noteSession } from './payments-store';
import { toStripe } from './stripe/stripe-amounts';

/** How long a page can be paid on; Stripe wants at least half an hour. */
const CHECKOUT_MS = 60 * 60_000;

export type CheckoutWish = {
  readonly accountId: string;
  /** Left out for an invoice: all that is owed of it. */
  readonly amount: Money | null;
  readonly purpose: PaymentPurpose;
  readonly savesMethod: boolean;
  /** Where the payer comes back to. */
  readonly returnUrl: string;
  readonly nowMs: number;
};

export type Checkout = {
  readonly paymentId: string;
  readonly url: string;
  readonly amount: Money;
  readonly expiresAtMs: number;
};

/**
 * Makes a page of the provider where credit or an invoice is paid; the card is typed there and never here. The payment is stored first, so
 * that money which comes in for it is always known.
 * @throws NoPaymentProvider, NotFound, Conflict for a closed account, InvalidInput, what the provider throws
 */
export async function beginCheckout(parts: PaymentParts, wish: CheckoutWish): Promise<Checkout> {
  const provider = requireProvider(parts);
  const { accountId, purpose, nowMs } = wish;
  const account = await readAccount(parts.database.read, accountId);
  if (account.state === 'closed') throw new Conflict('the account is closed', { accountId });
  const amount = await amountOf(parts, wish);
  if (amount.currency !== account.currency)
    throw new InvalidInput('amount', `is in ${amount.currency}`, `give it in ${account.currency}`);
  toStripe(amount);
  const customerKey = await customerOf(parts, accountId, nowMs);
  const paymentId = newId(nowMs);
  await parts.database.write((sql) =>
    insertPayment(sql, {
      id: paymentId,
      accountId,
      origin: 'checkout',
      customerKey,
      bankReference: null,
      amount,
      purpose,
      nowMs,
    }),
  );
  const expiresAtMs = nowMs + CHECKOUT_MS;
  const { sessionKey, url } = await provider.createCheckout({
    paymentId,
    accountId,
    customerKey,
    amount,
    title: purpose.kind === 'credit' ? `Credit ${showMoney(amount)}` : `Invoice payment ${showMoney(amount)}`,
    savesMethod: wish.savesMethod,
    returnUrl: wish.returnUrl,
    expiresAtMs,
  });
  await parts.database.write((sql) => noteSession(sql, paymentId, sessionKey));
  return { paymentId, url, amount, expiresAtMs };
}

/** What is to be paid: what was asked for, and for an invoice no more than is owed of it. @throws InvalidInput, NotFound, Conflict */
export async function amountOf(
  { database, neighbours }: PaymentParts,
  { accountId, amount, purpose }: Pick<CheckoutWish, 'accountId' | 'amount' | 'purpose'>,
): Promise<Money> {
  if (purpose.kind === 'credit') {
    if (!amount) throw new InvalidInput('amount', 'is missing', 'say how much credit is to be bought');
    return amount;
  }
  const owed = await neighbours.owedOf(database.read, { accountId, invoiceId: purpose.invoiceId });
  if (amount && amount.amountMicros > owed.amountMicros)
    throw new InvalidInput('amount', 'is more than is owed', `give at most ${showMoney(owed)}`);
  return amount ?? owed;
}
