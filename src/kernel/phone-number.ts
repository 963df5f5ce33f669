import { InvalidInput } from './app-error';

/** A telephone number in E.164 with its plus sign: "+32255501234". */
export type E164 = string & { readonly __e164: unique symbol };

/** ITU-T E.164: at most fifteen digits, the first not zero. */
const E164_FORM = /^\+[1-9]\d{1,14}$/;

export function isE164(value: string): value is E164 {
  return E164_FORM.test(value);
}

/** @throws InvalidInput naming `field` */
export function e164(value: string, field = 'number'): E164 {
  if (!isE164(value))
    throw new InvalidInput(
      field,
      `"${value}" is not in E.164 form`,
      'write a plus, the country code and the number, digits only, for example +32255501234',
    );
  return value;
}

/** The digits of a number, without the plus: what rate decks' prefixes are matched against. */
export function digitsOf(number: E164): string {
  return number.slice(1);
}

/** "+32255501234" → "+32255•••34": for readers whose role does not show them whole numbers. */
export function maskNumber(number: string): string {
  if (number.length <= 6) return '•'.repeat(number.length);
  return `${number.slice(0, -5)}•••${number.slice(-2)}`;
}
