import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { E164 } from '../../kernel/phone-number';

/** Where a number is, and whether calling it pays somebody. */
export type NumberPlace = {
  /** ISO 3166 letters; a plus and the calling code for what belongs to no country: satellites, +979. */
  readonly country: string;
  readonly isPremium: boolean;
};

/**
 * Looks a number up in the numbering plans (libphonenumber with its full metadata: the small one knows no types). A number that no plan
 * has is in the main country of its calling code. Some 10 µs.
 */
export function placeOf(number: E164): NumberPlace {
  const parsed = parsePhoneNumberFromString(number);
  if (!parsed) return { country: '+', isPremium: false };
  const country = parsed.country ?? parsed.getPossibleCountries()[0] ?? `+${parsed.countryCallingCode}`;
  const type = parsed.getType();
  return { country, isPremium: type === 'PREMIUM_RATE' || type === 'SHARED_COST' };
}
