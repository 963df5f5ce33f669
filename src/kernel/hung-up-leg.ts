/** What the media server says of a leg when it has hung up; times in ms since 1970 UTC by its own clock. */
export type HungUpLeg = {
  readonly legId: string;
  /** The CDR that the leg was set up for; null for a leg of nobody's call. */
  readonly cdrId: string | null;
  /** What a leg is for that is no caller's (`tap`: it only listens to a room); null for callers. */
  readonly purpose: string | null;
  readonly startedAtMs: number;
  readonly answeredAtMs: number | null;
  readonly endedAtMs: number;
  /** From the answer to the end, as the media server counted. */
  readonly billMs: number;
  readonly hangupCause: string;
};
