import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js';
import { type E164, isE164 } from '../kernel/phone-number';

/** Longer strings are no numbers: E.164 allows fifteen digits, prefixes and separators come on top. */
const MAX_DIALLED_LENGTH = 40;

/**
 * Understands what was dialled: "+32…", "0032…", digits that a carrier sends without the plus, or a national number of `country`
 * (ISO 3166-1). Null when it is no telephone number. The dialled string itself is kept beside the result by the caller.
 */
export function normaliseDialled(dialled: string, country?: string): E164 | null {
  const compact = compacted(dialled);
  return compact === null ? null : (written(compact, country) ?? asE164(`+${compact}`));
}

/**
 * Understands what somebody wrote into a list: "+32…", "0032…" or a valid national number of `country` (ISO 3166-1). Bare digits
 * without a country are null: unlike a carrier, people leave out the country code as often as the plus.
 */
export function normaliseWritten(text: string, country?: string): E164 | null {
  const compact = compacted(text);
  return compact === null ? null : written(compact, country);
}

function compacted(text: string): string | null {
  const compact = text.replace(/[\s().-]/g, '');
  return compact.length <= MAX_DIALLED_LENGTH && /^\+?\d+$/.test(compact) ? compact : null;
}

function written(compact: string, country?: string): E164 | null {
  if (compact.startsWith('+')) return asE164(compact);
  const national = country && isSupportedCountry(country) ? parsed(compact, country) : null;
  return national ?? (compact.startsWith('00') ? asE164(`+${compact.slice(2)}`) : null);
}

function parsed(digits: string, country: CountryCode): E164 | null {
  const found = parsePhoneNumberFromString(digits, country);
  return found?.isValid() ? asE164(found.number) : null;
}

function asE164(text: string): E164 | null {
  return isE164(text) ? text : null;
}
