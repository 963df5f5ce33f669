import { AppError } from './app-error';

/** Millionths of the currency unit, always an integer. */
export type Micros = bigint;

/** ISO 4217 letters. */
export type Currency = string & { readonly __currency: unique symbol };

/** An exact amount; no sum mixes currencies. */
export type Money = { readonly amountMicros: Micros; readonly currency: Currency };

/** The database holds micros in BIGINT columns that SQLite's driver reads as doubles: beyond this they would lose digits. */
export const MAX_STORED_MICROS = 2n ** 53n - 1n;

const MICROS_PER_UNIT = 1_000_000n;

/** Decimals that a currency's smallest coin has (ISO 4217); two unless listed here. */
const CURRENCY_DECIMALS: Readonly<Record<string, number>> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
};

/** Two amounts of different currencies met in one sum. */
export class MixedCurrencies extends AppError {
  readonly code = 'mixed-currencies';
  constructor(left: Currency, right: Currency) {
    super(`cannot combine ${left} with ${right}`, { left, right });
  }
}

/** A text is not an amount of money. */
export class InvalidAmount extends AppError {
  readonly code = 'invalid-amount';
  constructor(text: string) {
    super(`"${text}" is not an amount: digits with at most six decimals and a point, for example 0.0125`, {
      text,
    });
  }
}

/** A text is not a currency code. */
export class InvalidCurrency extends AppError {
  readonly code = 'invalid-currency';
  constructor(text: string) {
    super(`"${text}" is not a currency: three capital letters of ISO 4217, for example EUR`, { text });
  }
}

/** Decimals of the currency's smallest coin. */
export function coinDecimals(unit: Currency): number {
  return CURRENCY_DECIMALS[unit] ?? 2;
}

/** Checks and brands an ISO 4217 code. @throws InvalidCurrency */
export function currency(text: string): Currency {
  if (!/^[A-Z]{3}$/.test(text)) throw new InvalidCurrency(text);
  return text as Currency;
}

export function money(amountMicros: Micros, unit: Currency): Money {
  return { amountMicros, currency: unit };
}

export function zero(unit: Currency): Money {
  return money(0n, unit);
}

/** @throws MixedCurrencies */
export function addMoney(left: Money, right: Money): Money {
  if (left.currency !== right.currency) throw new MixedCurrencies(left.currency, right.currency);
  return money(left.amountMicros + right.amountMicros, left.currency);
}

/** @throws MixedCurrencies */
export function subtractMoney(left: Money, right: Money): Money {
  return addMoney(left, negate(right));
}

export function negate(amount: Money): Money {
  return money(-amount.amountMicros, amount.currency);
}

/** "0.0125" → 12500n. @throws InvalidAmount for anything with more than six decimals, signs other than a leading minus, or blanks. */
export function parseMicros(text: string): Micros {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text);
  if (!match) throw new InvalidAmount(text);
  const [, sign = '', units = '0', decimals = ''] = match;
  const micros = BigInt(units) * MICROS_PER_UNIT + BigInt(decimals.padEnd(6, '0'));
  return sign === '-' ? -micros : micros;
}

/** 12500n, EUR → "0.0125 EUR": at least the coin's decimals, at most six, nothing rounded. */
export function showMoney(amount: Money): string {
  return `${showMicros(amount.amountMicros, coinDecimals(amount.currency))} ${amount.currency}`;
}

function showMicros(micros: Micros, leastDecimals: number): string {
  const sign = micros < 0n ? '-' : '';
  const absolute = micros < 0n ? -micros : micros;
  const decimals = (absolute % MICROS_PER_UNIT).toString().padStart(6, '0');
  const kept = Math.max(leastDecimals, decimals.replace(/0+$/, '').length);
  const units = (absolute / MICROS_PER_UNIT).toString();
  return kept === 0 ? `${sign}${units}` : `${sign}${units}.${decimals.slice(0, kept)}`;
}
