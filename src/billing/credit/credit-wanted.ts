import type { E164 } from '../../kernel/phone-number';

/** What a charged leg is for. */
export const CALL_KINDS = ['call', 'room', 'forward', 'call-back'] as const;

export type CallKind = (typeof CALL_KINDS)[number];

/** Which way the leg goes, seen from the house. What goes out can be fraud; what comes in cannot be dialled by the payer. */
export type CallDirection = 'inbound' | 'outbound';

export type CreditWanted = {
  /** The leg's cdrId: its settlement looks for the hold by it, and its places among the calls at once are held under it. */
  readonly callId: string;
  readonly payerAccountId: string;
  /** The number the leg is rated by: who is called, or the number that was dialled to reach us. */
  readonly number: E164;
  /** When the call began: decides which of a prefix's rates counts. */
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly direction: CallDirection;
  readonly roomId: string | null;
  readonly kind: CallKind;
  /** The node that has the call and renews its places. */
  readonly nodeId: string;
  /** Prices the leg instead of the payer's deck: a number that is called has a deck of its own. */
  readonly deckId?: string;
};
