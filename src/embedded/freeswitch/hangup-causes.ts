/** Why a call ended, with FreeSWITCH's numbers: below 128 those of Q.850, above its own. */
export const hangupCauses = {
  NONE: 0,
  UNALLOCATED_NUMBER: 1,
  NO_ROUTE_DESTINATION: 3,
  NORMAL_CLEARING: 16,
  USER_BUSY: 17,
  NO_USER_RESPONSE: 18,
  NO_ANSWER: 19,
  CALL_REJECTED: 21,
  DESTINATION_OUT_OF_ORDER: 27,
  INVALID_NUMBER_FORMAT: 28,
  FACILITY_REJECTED: 29,
  NORMAL_UNSPECIFIED: 31,
  NORMAL_CIRCUIT_CONGESTION: 34,
  NETWORK_OUT_OF_ORDER: 38,
  NORMAL_TEMPORARY_FAILURE: 41,
  SWITCH_CONGESTION: 42,
  SERVICE_UNAVAILABLE: 63,
  INCOMPATIBLE_DESTINATION: 88,
  RECOVERY_ON_TIMER_EXPIRE: 102,
  INTERWORKING: 127,
  ORIGINATOR_CANCEL: 487,
  SYSTEM_SHUTDOWN: 701,
  LOSE_RACE: 702,
  MANAGER_REQUEST: 703,
  ALLOTTED_TIMEOUT: 802,
  MEDIA_TIMEOUT: 804,
} as const;

export type HangupCause = keyof typeof hangupCauses;

/** A cause by name or number as clients write it; NORMAL_CLEARING for nothing or nonsense. */
export function toHangupCause(text: string): HangupCause {
  const wanted = text.trim().toUpperCase();
  const found = Object.entries(hangupCauses).find(
    ([name, code]) => name === wanted || String(code) === wanted,
  );
  return (found?.[0] as HangupCause | undefined) ?? 'NORMAL_CLEARING';
}

/** The Reason header of the BYE (RFC 3326), in the two forms mod_sofia writes: Q.850 below 128, SIP above. */
export function reasonHeader(cause: HangupCause): string {
  const code = hangupCauses[cause];
  return `${code > 0 && code < 128 ? 'Q.850' : 'SIP'};cause=${code};text="${cause}"`;
}
