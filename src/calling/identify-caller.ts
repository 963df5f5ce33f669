import type { SrfRequest } from 'drachtio-srf';
import type { Account } from '../accounts/account';
import { readAccount } from '../accounts/accounts-store';
import { normaliseDialled } from '../numbers/normalise-dialled';
import { voipNumberOf } from '../numbers/voip-numbers-store';
import { type Device, isUsername } from '../phones/device';
import type { Guest } from '../rooms/guests/guests-store';
import type { Trunk } from '../trunks/trunk';
import { trunkByAddress } from '../trunks/trunks-store';
import type { CallingParts } from './calling-parts';

/** Longest caller's or dialled number that is kept; more is cut off. */
const MAX_NUMBER_LENGTH = 64;

/** Who calls, proven by his address or his password. */
export type Caller =
  | { readonly kind: 'trunk'; readonly trunk: Trunk }
  | {
      readonly kind: 'device';
      readonly device: Device;
      readonly account: Account;
      readonly number: string | null;
    }
  /** Who opened a room in a page; he calls in from there and goes nowhere else. */
  | { readonly kind: 'guest'; readonly guest: Guest };

/** Who answers a challenge without being a device. */
export type OtherCaller = Extract<Caller, { kind: 'trunk' | 'guest' }>;

/** What was found out about the sender of a request. */
export type Identity =
  | { readonly kind: 'known'; readonly caller: Caller }
  /** Not yet: to be answered 401 with these WWW-Authenticate headers. */
  | { readonly kind: 'challenge'; readonly headers: readonly string[] }
  | { readonly kind: 'blocked' };

/**
 * Finds out who sends a request: a trunk by its address, an account's telephone by its password. A telephone that stands behind a trunk's address is
 * known by its username in From; it proves itself as from anywhere.
 */
export async function identifyRequest(
  parts: Pick<CallingParts, 'database' | 'authenticator'>,
  req: SrfRequest,
): Promise<Identity> {
  const sql = parts.database.read;
  const isTelephone = req.method === 'REGISTER' || isUsername(req.callingNumber ?? '');
  const trunk = isTelephone ? null : await trunkByAddress(sql, req.source_address);
  // A trunk that calls in the clear though it must not is a stranger.
  if (trunk && (!trunk.requiresTls || req.protocol === 'tls'))
    return { kind: 'known', caller: { kind: 'trunk', trunk } };
  const found = await parts.authenticator.identify({
    method: req.method,
    authorization: req.get('Authorization') ?? '',
    address: req.source_address,
    userAgent: req.get('User-Agent') ?? '',
  });
  if (found.kind === 'other') {
    const caller = found.found;
    const isInTheClear = caller.kind === 'trunk' && caller.trunk.requiresTls && req.protocol !== 'tls';
    return isInTheClear ? { kind: 'blocked' } : { kind: 'known', caller };
  }
  if (found.kind !== 'device') return found;
  const { device } = found;
  const account = await readAccount(sql, device.accountId);
  const number = await voipNumberOf(sql, account.id);
  return { kind: 'known', caller: { kind: 'device', device, account, number } };
}

/** Where a request came from: `udp/192.0.2.7:5060`. */
export function sourceOf(req: SrfRequest): string {
  const host = req.source_address.includes(':') ? `[${req.source_address}]` : req.source_address;
  return `${req.protocol}/${host}:${req.source_port}`;
}

/** The way a caller comes in, as far as guesses are counted by it and its word about his number is believed. */
export type CallLine = { readonly id: string; readonly trustsCallerId: boolean };

/** A number is believed of a trunk that is marked so, or with a full attestation that was found right (RFC 8588 4). */
export function lineOf(caller: Caller, callerIdentity: string | null): CallLine {
  if (caller.kind === 'device') return { id: caller.device.id, trustsCallerId: false };
  if (caller.kind === 'guest') return { id: caller.guest.id, trustsCallerId: false };
  const { id, trustsCallerId } = caller.trunk;
  return { id, trustsCallerId: trustsCallerId || callerIdentity === 'TN-Validation-Passed A' };
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
