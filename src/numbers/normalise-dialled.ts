import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js';
import { type E164, isE164 } from '../kernel/phone-number';

/** Longer strings are no numbers: E.164 allows fifteen digits, prefixes and separators come on top. */
const MAX_DIALLED_LENGTH = 40;

/**
 * Understands what was dialled: "+32…", "0032…", digits that a carrier sends without the plus, or a national number of `country`
 * (ISO 3166-1). Null when it is no telephone number. The dialled string itself is kept beside the result by the caller.
 */
export function normaliseDialled(dialled: string, country?: string): E164 | null {
  const compact = dialled.replace(/[\s().-]/g, '');
  if (compact.length === 0 || compact.length > MAX_DIALLED_LENGTH || !/^\+?\d+$/.test(compact)) return null;
  if (compact.startsWith('+')) return asE164(compact);
  const national = country && isSupportedCountry(country) ? parsed(compact, country) : null;
  if (national) return national;
  return compact.startsWith('00') ? asE164(`+${compact.slice(2)}`) : asE164(`+${compact}`);
}

function parsed(digits: string, country: CountryCode): E164 | null {
  const found = parsePhoneNumberFromString(digits, country);
  return found?.isValid() ? asE164(found.number) : null;
}

function asE164(text: string): E164 | null {
  return isE164(text) ? text : null;
}
