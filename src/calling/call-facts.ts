import type { E164 } from '../kernel/phone-number';
import type { Sql } from '../kernel/unit-of-work';
import { findAccessNumber } from '../numbers/access-numbers-store';
import { normaliseDialled } from '../numbers/normalise-dialled';
import { trunkByAddress } from '../trunks/trunks-store';
import type { Offer } from './judge-offer';
import type { CallFacts } from './plan-call';

/** What the decision about a call is made from, and the number it was understood to ask for. */
export type GatheredFacts = { readonly facts: CallFacts; readonly routed: E164 | null };

/** Looks up who is at this address and what the dialled string means; the same for a real call and for explain. */
export async function gatherFacts(
  sql: Sql,
  call: { readonly address: string; readonly dialled: string; readonly offer: Offer },
  house: Pick<CallFacts, 'draining' | 'liveCalls' | 'maxLiveCalls'>,
): Promise<GatheredFacts> {
  const trunk = await trunkByAddress(sql, call.address);
  const routed = normaliseDialled(call.dialled);
  // A stranger's question costs no second look-up and learns nothing from its time.
  const accessNumber = trunk && routed ? await findAccessNumber(sql, routed) : null;
  return { facts: { trunk, accessNumber, offer: call.offer, ...house }, routed };
}
