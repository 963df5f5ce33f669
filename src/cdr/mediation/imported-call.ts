import { fingerprint } from '../../kernel/ids';
import { digitsOf, type E164 } from '../../kernel/phone-number';
import type { ClosedLeg } from '../cdr';

/** A leg that another switch carried, as its CDR tells it. Times are ms since 1970 UTC. */
export type ImportedCall = {
  /** Names the switch; its CDRs are told apart by it. Small letters, digits and -, at most 50. */
  readonly source: string;
  /** The switch's own id of the leg; null when it has none: then times and numbers tell legs apart. */
  readonly uniqueId: string | null;
  readonly payerAccountId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly fromNumber: string | null;
  readonly dialledNumber: string;
  /** The number that prices the leg. */
  readonly number: E164;
  readonly startedAtMs: number;
  /** Null: never answered. Charging begins here: ringing is no talk, whatever the switch calls duration. */
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number;
  /** The deck of the carrier that took it, when its cost is to be known. */
  readonly costDeckId: string | null;
};

/** The id of a leg's CDR: the same whenever the leg comes again, so that the table itself refuses a second one. */
export function importedCdrId(call: ImportedCall): string {
  const told =
    call.uniqueId === null
      ? [
          'by facts',
          call.fromNumber ?? '',
          call.dialledNumber,
          call.startedAtMs,
          call.answeredAtMs ?? '',
          call.endedAtMs,
        ]
      : ['by id', call.uniqueId];
  const hash = fingerprint([call.source, ...told].join('\n'));
  // The form of a UUID version 8 (RFC 9562 section 5.8), whose bits are free.
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

/** The leg as our own are kept. `nodeSequence` is its place among those of its source. */
export function closedLegOf(
  call: ImportedCall,
  { cdrId, nodeSequence }: { cdrId: string; nodeSequence: number },
): ClosedLeg {
  const isAnswered = call.answeredAtMs !== null;
  return {
    cdrId,
    nodeId: `import:${call.source}`,
    nodeSequence,
    sipCallId: call.uniqueId ?? cdrId,
    callId: cdrId,
    direction: call.direction,
    attempt: 1,
    fromNumber: call.fromNumber,
    isWithheld: false,
    callerIdentity: null,
    dialledNumber: call.dialledNumber,
    routedNumber: `+${digitsOf(call.number)}`,
    trunkId: null,
    costDeckId: call.costDeckId,
    accountId: call.payerAccountId,
    deviceId: null,
    roomId: null,
    roomSessionId: null,
    roomRole: null,
    payerAccountId: call.payerAccountId,
    startedAtMs: call.startedAtMs,
    ringingAtMs: null,
    answeredAtMs: call.answeredAtMs,
    waitedMs: 0,
    chargedFromMs: call.answeredAtMs,
    endedAtMs: call.endedAtMs,
    result: isAnswered ? 'completed' : 'no-answer',
    endedBy: 'network',
    sipStatus: isAnswered ? 200 : 480,
    hangupCause: null,
    quality: null,
  };
}
