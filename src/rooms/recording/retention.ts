const DAY_MS = 86_400_000;

/** How long a recording of each class is kept, in days from its end, and why there is such a class. */
export const RETENTION_CLASSES = {
  short: { days: 30, reason: 'long enough to write the minutes or to complain about the call, then gone' },
  standard: { days: 180, reason: 'covers two quarters of business and the usual terms of objection' },
  long: {
    days: 730,
    reason: 'as long as call metadata is kept: no recording outlives the record of its call',
  },
} as const satisfies Readonly<Record<string, { readonly days: number; readonly reason: string }>>;

export type RetentionClass = keyof typeof RETENTION_CLASSES;

/** The moment after which a recording that ended at `endedAtMs` is deleted. */
export function deleteAfterMs(retentionClass: RetentionClass, endedAtMs: number): number {
  return endedAtMs + RETENTION_CLASSES[retentionClass].days * DAY_MS;
}
