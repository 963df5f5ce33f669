import type { E164 } from '../kernel/phone-number';
import { isVoipNumber, type VoipNumber } from '../kernel/voip-number';
import { dialledText, isServiceSos } from './dialled-text';
import { emergencyNumbersOf, isEmergencySomewhere } from './emergency-numbers';
import { telephoneNumber } from './normalise-dialled';

/** Codes that any phone of ours may dial. */
const FEATURE_CODES = {
  '*43': 'echo',
  '*100': 'balance',
  '*123': 'menu',
  '*66': 'redial',
} as const;

export type FeatureCode = (typeof FEATURE_CODES)[keyof typeof FEATURE_CODES];

/** What a dialled string means. */
export type Understood =
  | { readonly kind: 'emergency'; readonly number: string; readonly country: string | null }
  | { readonly kind: 'feature'; readonly code: FeatureCode }
  | { readonly kind: 'voip-number'; readonly number: VoipNumber }
  | { readonly kind: 'telephone'; readonly number: E164 }
  | { readonly kind: 'unknown' };

/** Whether a dialled string asks for help wherever it may have been dialled: for decisions that must not wait for a look at who calls. */
export function mayBeEmergency(dialled: string): boolean {
  return isServiceSos(dialled) || isEmergencySomewhere(dialledText(dialled)?.digits ?? '');
}

/**
 * Understands what was dialled from `country` (ISO 3166-1 alpha-2; null when it is not known, as with a carrier that sends whole numbers).
 * Emergency numbers come first and only as they are dialled: with a prefix before them they are none. A 123-voip number is one only with a
 * right check digit. The dialled string itself is kept beside the result by the caller.
 */
export function understandDialled(
  dialled: string,
  { country }: { readonly country: string | null },
): Understood {
  const emergency = emergencyNumbersOf(country);
  if (isServiceSos(dialled)) return { kind: 'emergency', number: emergency[0] ?? '112', country };
  const text = dialledText(dialled);
  if (text === null) return { kind: 'unknown' };
  const { digits } = text;
  if (emergency.includes(digits)) return { kind: 'emergency', number: digits, country };
  if (Object.hasOwn(FEATURE_CODES, digits))
    return { kind: 'feature', code: FEATURE_CODES[digits as keyof typeof FEATURE_CODES] };
  if (isVoipNumber(digits)) return { kind: 'voip-number', number: digits };
  const number = telephoneNumber(text, country);
  return number === null ? { kind: 'unknown' } : { kind: 'telephone', number };
}
