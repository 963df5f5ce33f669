import type { CallResult } from '../../cdr/cdr';

/** The far end did not answer; `status` is its final SIP status, 408 when it said nothing, 487 when we took the call back. */
export class NotAnswered extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
  ) {
    super(`the far end answered ${status} ${reason}`);
    this.name = 'NotAnswered';
  }
}

/** A trunk has no channel, or no start of this second, left: the next one is asked. */
export class TrunkFull extends Error {}

/** What a far end says by its final status (RFC 3261 21.4 to 21.6); everything else is unreachable. */
const RESULT_OF_STATUS: Readonly<Record<number, CallResult>> = {
  408: 'no-answer',
  480: 'no-answer',
  486: 'busy',
  487: 'no-answer',
  600: 'busy',
  603: 'declined',
  607: 'declined',
  608: 'declined',
};

/** Nobody answered in time, or we took the call back: it was not the far end that ended it. */
const GIVEN_UP: readonly number[] = [408, 487];

/** How a leg that was not answered ended. */
export function resultOfStatus(status: number): CallResult {
  return RESULT_OF_STATUS[status] ?? 'unreachable';
}

/** Whether the far end itself ended it. */
export function isFarEndsWord(status: number): boolean {
  return !GIVEN_UP.includes(status);
}

/** What a status of a carrier says of the number that was called, not of the carrier: another carrier would say the same. */
const NUMBERS_OWN: readonly number[] = [404, 410, 480, 484, 486, 487, 600, 603, 604, 606, 607, 608];

/**
 * Whether the next carrier is tried: when this one is out of reach, overloaded, broken, refuses our credentials or does not take our media. Not when
 * the number called is busy, declines, or does not exist.
 */
export function isNextCarrierTried(status: number): boolean {
  return !NUMBERS_OWN.includes(status);
}
