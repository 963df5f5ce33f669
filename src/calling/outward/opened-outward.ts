import type { OpenedLeg } from '../../cdr/journal-records';
import { newId } from '../../kernel/ids';
import type { CallingParts } from '../calling-parts';

/** An outbound leg of a call before it is numbered; what is not named is nobody's. */
export function openedOutward(
  parts: CallingParts,
  callId: string,
  of: Partial<OpenedLeg> & Pick<OpenedLeg, 'dialledNumber'>,
): Omit<OpenedLeg, 'nodeSequence'> {
  const startedAtMs = parts.clock.nowMs();
  const cdrId = newId(startedAtMs);
  return {
    cdrId,
    callId,
    nodeId: parts.settings.nodeId,
    sipCallId: cdrId,
    direction: 'outbound',
    attempt: 1,
    roomSessionId: null,
    fromNumber: null,
    isWithheld: false,
    callerIdentity: null,
    routedNumber: null,
    trunkId: null,
    costDeckId: null,
    accountId: null,
    deviceId: null,
    startedAtMs,
    ...of,
  };
}
