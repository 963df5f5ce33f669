import type { Currency } from '../../kernel/money';

/** One time that a number was an account's. Whoever keeps the numbers gives these rows; billing knows nothing else of numbers. */
export type FeeBearingNumber = {
  readonly number: string;
  readonly accountId: string;
  readonly currency: Currency;
  /** Once, when the number was assigned; 0 for none. */
  readonly setupFeeMicros: bigint;
  readonly monthlyFeeMicros: bigint;
  readonly assignedFromMs: number;
  /** When it was given back; null while the account has it. */
  readonly assignedToMs: number | null;
};

/**
 * Gives all assignments of the next `limit` numbers behind `afterNumber` (null: from the first), in the order of numbers. The last row's
 * number is where to go on; no rows: the end.
 */
export type FeeBearingNumbers = (
  afterNumber: string | null,
  limit: number,
) => Promise<readonly FeeBearingNumber[]>;

/** What an assignment costs for one period. */
export type Fee = {
  /** `2026-01`, or `setup:<ms of the assignment>`. */
  readonly period: string;
  readonly amountMicros: bigint;
  readonly dueAtMs: number;
};

/** Months that are looked back: fees older than that were charged or written off long ago. */
const MAX_MONTHS = 24;

/**
 * What an assignment has cost until now: the setup fee, and each month of UTC in which it was the account's, in advance. The first month
 * is charged by its days, that of the assignment whole; the last month is not given back. Pure.
 */
export function feesOf(assignment: FeeBearingNumber, nowMs: number): readonly Fee[] {
  const { assignedFromMs, setupFeeMicros, monthlyFeeMicros } = assignment;
  if (assignedFromMs > nowMs) return [];
  const fees: Fee[] = [];
  if (setupFeeMicros > 0n)
    fees.push({ period: `setup:${assignedFromMs}`, amountMicros: setupFeeMicros, dueAtMs: assignedFromMs });
  for (const month of monthsOf(assignment, nowMs)) {
    const amountMicros = shareOfMonth(monthlyFeeMicros, month, assignedFromMs);
    if (amountMicros > 0n)
      fees.push({ period: month.name, amountMicros, dueAtMs: Math.max(month.startMs, assignedFromMs) });
  }
  return fees;
}

type Month = { readonly name: string; readonly startMs: number; readonly endMs: number };

function monthsOf({ assignedFromMs, assignedToMs }: FeeBearingNumber, nowMs: number): readonly Month[] {
  const untilMs = assignedToMs === null ? nowMs : Math.min(nowMs, assignedToMs - 1);
  const first = new Date(assignedFromMs);
  const months: Month[] = [];
  for (let n = 0; ; n++) {
    const startMs = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + n);
    // A number that was given back in the moment it was taken has its first month all the same.
    if (n > 0 && startMs > untilMs) return months.slice(-MAX_MONTHS);
    const endMs = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + n + 1);
    months.push({ name: new Date(startMs).toISOString().slice(0, 7), startMs, endMs });
  }
}

/** The part of a month from the day of the assignment on, rounded half up to a micro. */
function shareOfMonth(monthlyFeeMicros: bigint, month: Month, assignedFromMs: number): bigint {
  if (assignedFromMs <= month.startMs) return monthlyFeeMicros;
  const dayMs = 86_400_000;
  const days = BigInt(Math.round((month.endMs - month.startMs) / dayMs));
  const before = BigInt(Math.floor((assignedFromMs - month.startMs) / dayMs));
  return (monthlyFeeMicros * (days - before) * 2n + days) / (days * 2n);
}
