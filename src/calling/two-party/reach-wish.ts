import type { OutwardLeg } from '../outward/outward-leg';
import type { Onward } from '../../trunks/loop-guard';
import type { RefusalReason } from '../refuse-call';
import type { ShownCaller } from './shown-caller';

/** Who wants somebody reached. */
export type ReachWish = {
  /** Shared by all legs of the call. */
  readonly callId: string;
  readonly caller: ShownCaller;
  /** Who pays where the destination is charged; null for a caller that pays nothing (a trunk's): then only telephones of ours are reached. */
  readonly payerAccountId: string | null;
  readonly language: string;
  /** What the legs that go out say of where the call has been. */
  readonly onward: Onward;
  /** Resolves when nobody waits for an answer any more. */
  readonly whenGone: Promise<unknown>;
  /** Something rings. `heard` is a leg whose far end is to be heard already; null while there is none. */
  readonly onRinging: (heard: OutwardLeg | null) => void;
};

/** For `whenGone` of a call that nobody waits for on the line: it is ended by its legs. */
export const NEVER = new Promise<never>(() => undefined);

/** What came of it. */
export type Reached =
  | { readonly kind: 'answered'; readonly leg: OutwardLeg }
  | { readonly kind: 'voicemail'; readonly accountId: string }
  | { readonly kind: 'refused'; readonly reason: RefusalReason };
