import type { E164 } from '../../kernel/phone-number';
import type { Attestation } from '../outward-caller-id';

/** RFC 8224 section 4.1: what a PASSporT in a SIP call says; members in the order of the alphabet (RFC 8225 section 9). */
export type PassportClaims = {
  /** Only with `shaken` (RFC 8588). */
  readonly attest?: Attestation;
  readonly dest: { readonly tn: readonly string[] };
  readonly iat: number;
  readonly orig: { readonly tn: string };
  readonly origid?: string;
};

export type PassportHeader = {
  readonly alg: 'ES256';
  readonly ppt?: 'shaken';
  readonly typ: 'passport';
  readonly x5u: string;
};

/** RFC 8224 section 8.3: digits alone, the plus is left out; what is no digit, star or hash goes. */
export function canonicalNumber(number: E164 | string): string {
  return number.replaceAll(/[^0-9*#]/g, '');
}

/** RFC 8225 section 9: members in the order of the alphabet, no blanks, so that both sides sign the same bytes. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}

/** The two parts that are signed, joined as they are signed (RFC 7515 section 5.1). */
export function signedPart(header: PassportHeader, claims: PassportClaims): string {
  return [header, claims].map((part) => Buffer.from(canonicalJson(part)).toString('base64url')).join('.');
}
