import type { CallHandling } from '../../phones/call-handling';
import type { RefusalReason } from '../refuse-call';

/** How ringing an account's telephones ended without an answer. */
export type PhonesOutcome = 'busy' | 'declined' | 'no-answer' | 'unreachable' | 'do-not-disturb';

/** What is done then. */
export type AfterPhones =
  | { readonly kind: 'forward'; readonly to: string }
  | { readonly kind: 'voicemail'; readonly mailTo: string }
  | { readonly kind: 'refuse'; readonly reason: RefusalReason };

const REASONS: Readonly<Record<PhonesOutcome, RefusalReason>> = {
  busy: 'user-busy',
  declined: 'user-declined',
  'no-answer': 'user-no-answer',
  unreachable: 'user-unreachable',
  'do-not-disturb': 'user-unreachable',
};

const FORWARDED_BY: Readonly<
  Record<PhonesOutcome, 'forwardBusy' | 'forwardNoAnswer' | 'forwardUnreachable' | null>
> = {
  busy: 'forwardBusy',
  // Who presses the red key wants no call, and none to his other number either.
  declined: null,
  'no-answer': 'forwardNoAnswer',
  unreachable: 'forwardUnreachable',
  'do-not-disturb': null,
};

/** What the owner wants done with a call that his telephones did not answer: forwarding first, then voicemail, else the refusal. */
export function afterPhones(outcome: PhonesOutcome, handling: CallHandling): AfterPhones {
  const forwardedBy = FORWARDED_BY[outcome];
  const to = forwardedBy === null ? null : handling[forwardedBy];
  if (to !== null) return { kind: 'forward', to };
  if (handling.voicemailTo !== null) return { kind: 'voicemail', mailTo: handling.voicemailTo };
  return { kind: 'refuse', reason: REASONS[outcome] };
}

/**
 * What several telephones that rang at once come to (RFC 3261 16.7 point 6): one that declines speaks for its owner, else one that is busy, else one that
 * rang; only when none was there the account is out of reach.
 */
export function outcomeOfAll(results: readonly PhonesOutcome[]): PhonesOutcome {
  const order: readonly PhonesOutcome[] = ['declined', 'busy', 'no-answer'];
  return order.find((one) => results.includes(one)) ?? 'unreachable';
}
