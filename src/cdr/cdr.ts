import type { RoomRole } from '../kernel/room-role';

/** How a call ended, for people and for reports; the SIP status the caller saw comes from calling/refuse-call. */
export const CALL_RESULTS = [
  'completed',
  'cancelled',
  'no-ack',
  'unknown-caller',
  'number-not-served',
  'wrong-pin',
  'menu-abandoned',
  'room-full',
  'room-closed',
  'no-credit',
  'no-rate',
  'account-blocked',
  'credit-exhausted',
  'media-lost',
  'removed',
  'draining',
  'crashed',
  'media-unavailable',
  'failed',
  'kicked',
  'barred',
  'not-admitted',
  'waited-too-long',
  'room-locked',
  'room-not-yet',
  'room-ended',
  'room-alone',
  'room-no-moderator',
  'room-silent',
  'room-time-over',
  'busy',
  'no-answer',
  'declined',
  'unreachable',
  'not-accepted',
  'answered-elsewhere',
  'transferred',
  'voicemail',
  'not-allowed',
  'limit-reached',
  'cap-reached',
  'loop',
  'no-route',
  'trunk-full',
] as const;

export type CallResult = (typeof CALL_RESULTS)[number];

/** Who ended it; `callee` is the far end of an outbound leg, `moderator` whoever leads the room. */
export const ENDERS = ['caller', 'callee', 'moderator', 'house', 'network'] as const;

export type EndedBy = (typeof ENDERS)[number];

/** Longest cause of a hang-up that is kept, in characters. */
export const MAX_HANGUP_CAUSE_LENGTH = 64;

/**
 * One ended leg, complete but for its price: what the journal hands to write-cdr. All times are milliseconds since 1970 UTC.
 * Charged time runs from `chargedFromMs` (entry into the room, or the answer of an outbound leg) to `endedAtMs`, the last proof of life.
 */
export type ClosedLeg = {
  readonly cdrId: string;
  /** The application node that wrote the record, and its place in that node's unbroken sequence. */
  readonly nodeId: string;
  readonly nodeSequence: number;
  readonly sipCallId: string;
  /** The same for all legs of one call: the cdrId of the leg that began it. */
  readonly callId: string;
  readonly direction: 'inbound' | 'outbound';
  /** 1 for an inbound leg; each further try to reach the same person counts one up. */
  readonly attempt: number;
  /** The caller's number as the trunk gave it or as it was shown; null when nothing readable came. */
  readonly fromNumber: string | null;
  /** The caller asked that his number be kept from everybody but the staff (RFC 3323, RFC 3325). */
  readonly isWithheld: boolean;
  /** What checking the caller's signed identity gave (RFC 8224), in short; null when nothing was signed. */
  readonly callerIdentity: string | null;
  /** What was dialled, letter by letter. */
  readonly dialledNumber: string;
  /** The telephone number or 123-voip number it was understood as; null when it was neither. A telephone number is what the leg is rated by. */
  readonly routedNumber: string | null;
  readonly trunkId: string | null;
  /** The deck that prices what the carrier takes for this leg; null when it takes nothing. */
  readonly costDeckId: string | null;
  /** Whose leg it was that day: the account that called, was called, or had its calls forwarded; null for a stranger's. */
  readonly accountId: string | null;
  /** The telephone of the account, when the leg was to or from one. */
  readonly deviceId: string | null;
  readonly roomId: string | null;
  /** One run of the room, from its first member to its end; null for a leg that never got that far. */
  readonly roomSessionId: string | null;
  readonly roomRole: RoomRole | null;
  /** The account that pays this leg; null when nobody was found to pay (then the leg costs nothing). */
  readonly payerAccountId: string | null;
  readonly startedAtMs: number;
  /** When the far end of an outbound leg was first heard to ring; null when it never was. */
  readonly ringingAtMs: number | null;
  readonly answeredAtMs: number | null;
  /** Time in the lobby or waiting for the moderator, in ms; costs nothing unless `chargedFromMs` lies before it. */
  readonly waitedMs: number;
  readonly chargedFromMs: number | null;
  readonly endedAtMs: number;
  readonly result: CallResult;
  readonly endedBy: EndedBy;
  /** Final SIP status sent or received before answer (200 when answered). */
  readonly sipStatus: number;
  /** The cause as the network or media server named it: printable, at most 64 characters. */
  readonly hangupCause: string | null;
  readonly quality: LegQuality | null;
};

/** What the media server measured of the leg; loss in packets, jitter in ms, MOS 1.0 to 4.5. */
export type LegQuality = {
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly jitterMs: number;
  readonly mos: number;
};

/** Seconds that are charged: whole started seconds between entry and the last proof of life; 0 when never entered. */
export function chargedSeconds(leg: Pick<ClosedLeg, 'chargedFromMs' | 'endedAtMs'>): number {
  if (leg.chargedFromMs === null) return 0;
  return Math.max(0, Math.ceil((leg.endedAtMs - leg.chargedFromMs) / 1000));
}
