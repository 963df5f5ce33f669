import {
  type CountryCode,
  getCountries,
  isSupportedCountry,
  Metadata,
  parsePhoneNumberFromString,
} from 'libphonenumber-js';
import { type E164, isE164 } from '../kernel/phone-number';
import { type DialledText, dialledText } from './dialled-text';

/** No telephone number has fewer digits with its country code (Niue, Tokelau). */
const LEAST_DIGITS = 7;

/**
 * Understands a telephone number as it was dialled or signalled: "+32…", the country's international prefix, a national number of `country`
 * (ISO 3166-1 alpha-2), digits without the plus; also as a SIP or tel URI. Where no country is known, bare digits begin with a country code,
 * as carriers send them. Null when it is no telephone number. The dialled string itself is kept beside the result by the caller.
 */
export function normaliseDialled(dialled: string, country?: string | null): E164 | null {
  const text = dialledText(dialled);
  return text === null ? null : telephoneNumber(text, country ?? null);
}

/** The telephone number of a string that has been taken apart already; null when it is none. */
export function telephoneNumber({ digits, context }: DialledText, country: string | null): E164 | null {
  if (digits.startsWith('*')) return null;
  if (context !== null && !digits.startsWith('+')) return international(context + digits);
  return written(digits, country) ?? withoutPlus(digits, country);
}

/**
 * Understands what somebody wrote into a list: "+32…", "0032…" or a valid national number of `country` (ISO 3166-1). Bare digits
 * without a country are null: unlike a carrier, people leave out the country code as often as the plus.
 */
export function normaliseWritten(text: string, country?: string | null): E164 | null {
  const found = dialledText(text);
  return found === null || found.digits.startsWith('*') ? null : written(found.digits, country ?? null);
}

/** The country (ISO 3166-1 alpha-2) that a number belongs to by its digits; null for those of no country (satellites, freephone). */
export function countryOf(number: E164): string | null {
  return parsePhoneNumberFromString(number)?.country ?? null;
}

function written(digits: string, country: string | null): E164 | null {
  if (digits.startsWith('+')) return international(digits);
  if (country !== null && isSupportedCountry(country)) {
    const national = parsePhoneNumberFromString(digits, country);
    if (national?.isValid()) return asE164(national.number);
    const dialledAbroad = INTERNATIONAL_PREFIX.get(country)?.exec(digits);
    if (dialledAbroad) return international(`+${digits.slice(dialledAbroad[0].length)}`);
  }
  // In no country does a subscriber's number begin with 00, and it is what people abroad write for the plus.
  return digits.startsWith('00') ? international(`+${digits.slice(2)}`) : null;
}

function withoutPlus(digits: string, country: string | null): E164 | null {
  const found = digits.startsWith('0') ? undefined : parsePhoneNumberFromString(`+${digits}`);
  // Within a country bare digits are mostly national, so only a number that can exist is taken for a foreign one.
  if (country !== null) return found?.isValid() ? asE164(found.number) : null;
  return found?.isPossible() ? international(`+${digits}`) : null;
}

/** A number with its plus; a trunk zero that crept in behind the country code goes, where the plan has none there. */
function international(number: string): E164 | null {
  const found = parsePhoneNumberFromString(number);
  return asE164(found?.isValid() ? found.number : number);
}

/** What is dialled before the country code of another country. */
const INTERNATIONAL_PREFIX: ReadonlyMap<CountryCode, RegExp> = new Map(
  getCountries().map((country) => [country, new RegExp(`^(?:${prefixPattern(country)})`)]),
);

function prefixPattern(country: CountryCode): string {
  const metadata = new Metadata();
  metadata.selectNumberingPlan(country);
  // Left out where the plan names none: then only the plus and 00 are understood.
  return metadata.numberingPlan?.IDDPrefix() ?? '(?!)';
}

function asE164(text: string): E164 | null {
  return text.length > LEAST_DIGITS && isE164(text) ? text : null;
}
