import type { AccessNumber } from '../numbers/access-numbers-store';
import type { Trunk } from '../trunks/trunk';
import type { Offer } from './judge-offer';
import type { RefusalReason } from './refuse-call';

/** All that the decision about a call depends on. */
export type CallFacts = {
  /** The trunk the caller's address belongs to; null for a stranger. */
  readonly trunk: Trunk | null;
  /** The access number that was dialled; null when it is none. */
  readonly accessNumber: AccessNumber | null;
  /** What the INVITE says of the caller's media. */
  readonly offer: Offer;
  readonly draining: boolean;
  readonly liveCalls: number;
  readonly maxLiveCalls: number;
};

/** What is to be done with a call. */
export type CallPlan =
  | { readonly kind: 'menu'; readonly trunk: Trunk; readonly accessNumber: AccessNumber }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason; readonly trunk: Trunk | null };

/**
 * Decides a call, once and without doing anything. A stranger hears the same refusal whatever he asked for and in whatever state
 * we are, so that nothing can be learnt by asking.
 */
export function planCall(facts: CallFacts): CallPlan {
  const { trunk, accessNumber } = facts;
  const refuse = (reason: RefusalReason): CallPlan => ({ kind: 'refuse', reason, trunk });
  if (!trunk) return refuse('unknown-caller');
  if (facts.draining) return refuse('draining');
  if (facts.liveCalls >= facts.maxLiveCalls) return refuse('too-many-calls');
  if (!accessNumber) return refuse('number-not-served');
  if (facts.offer === 'none') return refuse('no-offer');
  if (facts.offer === 'foreign') return refuse('no-codec');
  return { kind: 'menu', trunk, accessNumber };
}
