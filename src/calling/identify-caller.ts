import type { SrfRequest } from 'drachtio-srf';
import type { Account } from '../accounts/account';
import { normaliseDialled } from '../numbers/normalise-dialled';
import type { Device } from '../phones/device';
import type { Trunk } from '../trunks/trunks-store';

/** Longest caller's or dialled number that is kept; more is cut off. */
const MAX_NUMBER_LENGTH = 64;

/** Who calls, proven by his address or his password. */
export type Caller =
  | { readonly kind: 'trunk'; readonly trunk: Trunk }
  | { readonly kind: 'device'; readonly device: Device; readonly account: Account; readonly number: string | null };
/** The way a caller comes in, as far as guesses are counted by it and its word about his number is believed. */
export type CallLine = { readonly id: string; readonly trustsCallerId: boolean };

export function lineOf(caller: Caller): CallLine {
  return caller.kind === 'trunk' ? caller.trunk : { id: caller.device.id, trustsCallerId: false };
}

/**
 * The number a caller says he has: P-Asserted-Identity before From (RFC 3325), in E.164 where it can be read as such; null when it is
 * withheld or no number. Good for records alone: who a caller is, only his address says.
 */
export function callerNumber(req: SrfRequest): string | null {
  const asserted = userOf(req.get('P-Asserted-Identity') ?? '');
  const user = asserted || req.callingNumber || '';
  if (user === '' || /^anonymous$/i.test(user)) return null;
  return normaliseDialled(user) ?? printable(user);
}

/** What was dialled, as it stands in the request URI, without signs that do not belong into records. */
export function dialledString(req: SrfRequest): string {
  return printable(userOf(req.uri));
}

/** User part of the first sip or tel URI in a header. */
function userOf(header: string): string {
  return /(?:sips?|tel):([^@>;,\s]{1,64})/.exec(header)?.[1] ?? '';
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_NUMBER_LENGTH);
}
