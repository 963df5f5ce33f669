import { isSupportedCountry, Metadata, parsePhoneNumberFromString } from 'libphonenumber-js';
import { digitsOf, type E164 } from '../kernel/phone-number';

/** What is dialled before a country code where the numbering plan names no one prefix. */
const USUAL_PREFIX = '00';

/**
 * The digits that are dialled in `country` (ISO 3166-1 alpha-2) to reach a number: with its trunk prefix when it is a number of that
 * country, else behind the country's international prefix.
 */
export function dialFrom(number: E164, country: string): string {
  const found = parsePhoneNumberFromString(number);
  if (found?.country === country) return found.formatNational().replaceAll(/\D/g, '');
  return internationalPrefix(country) + digitsOf(number);
}

function internationalPrefix(country: string): string {
  if (!isSupportedCountry(country)) return USUAL_PREFIX;
  const metadata = new Metadata();
  metadata.selectNumberingPlan(country);
  const prefix = metadata.numberingPlan?.defaultIDDPrefix() ?? metadata.numberingPlan?.IDDPrefix() ?? '';
  // "8~10": the tilde waits for a tone that no machine needs.
  const digits = prefix.replaceAll('~', '');
  // Where carriers are chosen by the prefix the plan gives a pattern.
  return /^\d+$/.test(digits) ? digits : USUAL_PREFIX;
}
