import type { SrfRequest } from 'drachtio-srf';
import type { Sql } from '../kernel/unit-of-work';
import { normaliseDialled } from '../numbers/normalise-dialled';
import { type Trunk, trunkByAddress } from '../trunks/trunks-store';

/** Longest caller's or dialled number that is kept; more is cut off. */
const MAX_NUMBER_LENGTH = 64;

/** Who calls: the trunk his packets come from, and the number that trunk says he has. */
export type Caller = { readonly trunk: Trunk | null; readonly fromNumber: string | null };

/** Names a caller by the address his INVITE came from; nothing that he writes in it makes him somebody. */
export async function identifyCaller(sql: Sql, req: SrfRequest): Promise<Caller> {
  const trunk = await trunkByAddress(sql, req.source_address);
  return { trunk, fromNumber: callerNumber(req) };
}

/**
 * P-Asserted-Identity before From (RFC 3325), in E.164 where it can be read as such; null when it is withheld or no number. From a
 * trunk that does not verify callers it is what the caller claims, good for records and nothing else.
 */
function callerNumber(req: SrfRequest): string | null {
  const asserted = userOf(req.get('P-Asserted-Identity') ?? '');
  const user = asserted || req.callingNumber || '';
  if (user === '' || /^anonymous$/i.test(user)) return null;
  return normaliseDialled(user) ?? printable(user);
}

/** User part of the first sip or tel URI in a header. */
function userOf(header: string): string {
  return /(?:sips?|tel):([^@>;,\s]{1,64})/.exec(header)?.[1] ?? '';
}

/** What was dialled, as it stands in the request URI, without signs that do not belong into records. */
export function dialledString(req: SrfRequest): string {
  return printable(userOf(req.uri));
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '').slice(0, MAX_NUMBER_LENGTH);
}
