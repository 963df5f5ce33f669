import type { Currency } from '../../kernel/money';

/** Minutes that a plan includes in each period. */
export type PlanIncluded = {
  readonly name: string;
  readonly seconds: number;
  readonly prefixes: readonly string[];
  readonly priority: number;
};

/** What can be subscribed to. Never changed once it is published; `withdrawn`: nobody begins it any more. */
export type Plan = {
  readonly id: string;
  readonly name: string;
  readonly currency: Currency;
  readonly monthlyFeeMicros: bigint;
  /** Days that cost nothing, once for a person; 0 for none. */
  readonly trialDays: number;
  readonly included: PlanIncluded | null;
  readonly state: 'active' | 'withdrawn';
  readonly createdAtMs: number;
};

/** One time that an account has a plan, until `endsAtMs`, the end of a month; null: until somebody ends it. */
export type Subscription = {
  readonly id: string;
  readonly accountId: string;
  readonly planId: string;
  readonly startsAtMs: number;
  readonly trialUntilMs: number | null;
  readonly endsAtMs: number | null;
};

/** What a subscription costs for a month of UTC, and when its minutes hold. */
export type PlanFee = {
  /** `2026-01`. */
  readonly period: string;
  readonly amountMicros: bigint;
  readonly dueAtMs: number;
  readonly fromMs: number;
  readonly untilMs: number;
};

/** Months that are looked back. */
const MAX_MONTHS = 24;

/** The begin of the month of UTC behind the one that a moment lies in. */
export function endOfMonth(atMs: number): number {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1);
}

/**
 * The share of a fee for a part of a month, to the micro. Parts that follow each other always add up to the fee: each is the difference of two rounded
 * shares from the month's beginning. Pure.
 */
export function shareOfFee(
  feeMicros: bigint,
  month: { readonly startMs: number; readonly endMs: number },
  part: { readonly fromMs: number; readonly untilMs: number },
): bigint {
  const lengthMs = BigInt(month.endMs - month.startMs);
  const until = (momentMs: number) =>
    (feeMicros * BigInt(momentMs - month.startMs) * 2n + lengthMs) / (lengthMs * 2n);
  return until(part.untilMs) - until(part.fromMs);
}

/** What a subscription has come to cost until a moment: each month in advance, the first from the end of its trial, by the millisecond. Pure. */
export function planFees(
  subscription: Pick<Subscription, 'startsAtMs' | 'trialUntilMs' | 'endsAtMs'>,
  monthlyFeeMicros: bigint,
  nowMs: number,
): readonly PlanFee[] {
  const paidFromMs = subscription.trialUntilMs ?? subscription.startsAtMs;
  const endsAtMs = subscription.endsAtMs ?? Number.POSITIVE_INFINITY;
  const fees: PlanFee[] = [];
  for (let fromMs = paidFromMs; fromMs <= nowMs && fromMs < endsAtMs; fromMs = endOfMonth(fromMs)) {
    const at = new Date(fromMs);
    const startMs = Date.UTC(at.getUTCFullYear(), at.getUTCMonth());
    const endMs = endOfMonth(fromMs);
    const untilMs = Math.min(endMs, endsAtMs);
    fees.push({
      period: at.toISOString().slice(0, 7),
      amountMicros: shareOfFee(monthlyFeeMicros, { startMs, endMs }, { fromMs, untilMs }),
      dueAtMs: fromMs,
      fromMs,
      untilMs,
    });
  }
  return fees.slice(-MAX_MONTHS);
}
