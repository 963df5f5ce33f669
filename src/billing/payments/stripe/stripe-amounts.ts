import { InvalidInput } from '../../../kernel/app-error';
import { coinDecimals, currency, type Currency, type Money, money, showMoney } from '../../../kernel/money';

/** Where Stripe counts in other coins than ISO 4217: docs.stripe.com/currencies, "special cases" and "zero-decimal currencies". */
const STRIPE_DECIMALS: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0, IQD: 2, LYD: 2 };

function decimalsOf(unit: Currency): number {
  return STRIPE_DECIMALS[unit] ?? coinDecimals(unit);
}

/** An amount in the coins that Stripe counts in. @throws InvalidInput for an amount that is no whole number of coins that can be paid */
export function toStripe(amount: Money): number {
  const unit = amount.currency;
  const decimals = decimalsOf(unit);
  // Coins of three decimals must end in 0 there, and those of ISK and UGX in 00.
  const least = 10n ** BigInt(6 - Math.min(decimals, coinDecimals(unit), 2));
  if (amount.amountMicros <= 0n || amount.amountMicros % least !== 0n)
    throw new InvalidInput(
      'amount',
      `${showMoney(amount)} cannot be paid`,
      `give whole coins, for example ${showMoney(money(least * 1_000n, unit))}`,
    );
  return Number(amount.amountMicros / 10n ** BigInt(6 - decimals));
}

/** Stripe's coins as money. `unit` in small letters, as Stripe writes it. */
export function fromStripe(coins: number, unit: string): Money {
  const known = currency(unit.toUpperCase());
  return money(BigInt(coins) * 10n ** BigInt(6 - decimalsOf(known)), known);
}
