import { InvalidInput } from '../../kernel/app-error';
import { coinDecimals, type Currency, type Money, money } from '../../kernel/money';

/** What one unit of `from` is in `to`, exactly: `scaled` / 10^`decimals`. */
export type ExchangeRate = {
  readonly from: Currency;
  readonly to: Currency;
  readonly scaled: bigint;
  readonly decimals: number;
};

/** "1.0834" → what one unit of `from` is in `to`. @throws InvalidInput unless it is above zero, with at most twelve decimals */
export function exchangeRate(from: Currency, to: Currency, text: string): ExchangeRate {
  const match = /^(\d{1,9})(?:\.(\d{1,12}))?$/.exec(text);
  const [, units = '0', decimals = ''] = match ?? [];
  const scaled = BigInt(units + decimals);
  if (!match || scaled === 0n)
    throw new InvalidInput('exchangeRate', `"${text}" is no rate`, 'write it like 1.0834, above zero');
  if (from === to)
    throw new InvalidInput('exchangeRate', `is from ${from} to itself`, 'leave it out within one currency');
  return { from, to, scaled, decimals: decimals.length };
}

/** "EUR/USD 1.0834": how a rate stands on the entries that came about by it. */
export function showRate({ from, to, scaled, decimals }: ExchangeRate): string {
  const digits = scaled.toString().padStart(decimals + 1, '0');
  const units = digits.slice(0, digits.length - decimals);
  return `${from}/${to} ${decimals === 0 ? units : `${units}.${digits.slice(-decimals)}`}`;
}

/**
 * The amount in the rate's other currency, rounded once to its smallest coin, halves to the even one. Pure.
 * @throws InvalidInput when the amount is not in the rate's currency
 */
export function convertMoney(amount: Money, rate: ExchangeRate): Money {
  if (amount.currency !== rate.from)
    throw new InvalidInput('amount', `is in ${amount.currency}`, `give it in ${rate.from}`);
  const coin = 10n ** BigInt(6 - coinDecimals(rate.to));
  const divisor = 10n ** BigInt(rate.decimals) * coin;
  return money(divideHalfEven(amount.amountMicros * rate.scaled, divisor) * coin, rate.to);
}

function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const negative = dividend < 0n;
  const absolute = negative ? -dividend : dividend;
  const whole = absolute / divisor;
  const twice = (absolute % divisor) * 2n;
  const rounded = twice > divisor || (twice === divisor && whole % 2n === 1n) ? whole + 1n : whole;
  return negative ? -rounded : rounded;
}
