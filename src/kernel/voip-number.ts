import { InvalidInput } from './app-error';

/** A number of this service: "123", six digits and a check digit. */
export type VoipNumber = string & { readonly __voipNumber: unique symbol };

/** What every 123-voip number begins with. */
const PREFIX = '123';
/** Digits between the prefix and the check digit. */
export const VOIP_SERIAL_DIGITS = 6;
const FORM = new RegExp(`^${PREFIX}\\d{${VOIP_SERIAL_DIGITS + 1}}$`);

/**
 * H. Michael Damm, Total anti-symmetrische Quasigruppen (2004): the table of order 10. It finds every wrong digit and every two neighbours
 * that changed places, which is how people mistype numbers.
 */
const DAMM = [
  '0317598642',
  '7092154863',
  '4206871359',
  '1750983426',
  '6123045978',
  '3674209581',
  '5869720134',
  '8945362017',
  '9438617205',
  '2581436790',
] as const;

/** The digit that, set behind `digits`, makes them whole. */
export function dammDigit(digits: string): number {
  let interim = 0;
  for (const digit of digits) interim = Number(DAMM[interim]?.[Number(digit)]);
  return interim;
}

/** The number with this serial. @throws InvalidInput unless it is six digits */
export function makeVoipNumber(serial: string): VoipNumber {
  if (!new RegExp(`^\\d{${VOIP_SERIAL_DIGITS}}$`).test(serial))
    throw new InvalidInput(
      'serial',
      `"${serial.slice(0, 20)}" does not fit`,
      `give ${VOIP_SERIAL_DIGITS} digits`,
    );
  return `${PREFIX}${serial}${dammDigit(PREFIX + serial)}` as VoipNumber;
}

/** Whether this is a 123-voip number, written without separators. */
export function isVoipNumber(text: string): text is VoipNumber {
  return FORM.test(text) && dammDigit(text) === 0;
}

/** The 123-voip number in a text, separators of people left out; null when it is none or a digit is wrong. */
export function parseVoipNumber(text: string): VoipNumber | null {
  const digits = text.replaceAll(/[\s.-]/g, '');
  return isVoipNumber(digits) ? digits : null;
}

/** @throws InvalidInput naming `field` */
export function voipNumber(text: string, field = 'number'): VoipNumber {
  const found = parseVoipNumber(text);
  if (found) return found;
  throw new InvalidInput(
    field,
    `"${text.slice(0, 40)}" is no 123-voip number`,
    'check its ten digits: they begin with 123, and the last one is worked out from the others',
  );
}
