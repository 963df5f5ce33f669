import { DateTime } from 'luxon';
import { InvalidInput } from '../../kernel/app-error';

/** What a step does beside telling: `limit`: inbound and emergency calls only; `suspend`: emergency calls only; `close` is final. */
export const REMINDER_ACTIONS = ['remind', 'limit', 'suspend', 'close'] as const;

export type ReminderAction = (typeof REMINDER_ACTIONS)[number];

/** One step, so many days after the invoice is due; before it with a minus. */
export type ReminderStep = {
  readonly days: number;
  readonly action: ReminderAction;
  /** Also by telephone, for accounts that want it. */
  readonly byCall: boolean;
  /** Charges the plan's late fee. */
  readonly chargesLateFee: boolean;
};

/** What is charged for paying late: a sum and a share (millionths) of what is open, at most so much. In the account's currency. */
export type LateFee = { readonly flatMicros: bigint; readonly sharePpm: number; readonly mostMicros: bigint };

export type ReminderPlan = {
  readonly steps: readonly ReminderStep[];
  /** An account that owes less is left in peace. */
  readonly thresholdMicros: bigint;
  /** Hours of the account's own time in which nobody is told anything: from this one until before that one, over midnight. */
  readonly quietFromHour: number;
  readonly quietUntilHour: number;
  readonly lateFee: LateFee | null;
};

/** Nothing is taken from an account before it was told so this long ago. */
export const NOTICE_DAYS = 3;

const DAY_MS = 86_400_000;
const MAX_STEPS = 20;

const step = (days: number, action: ReminderAction, byCall = false): ReminderStep => ({
  days,
  action,
  byCall,
  chargesLateFee: false,
});

/** What holds where nobody has chosen another. */
export const DEFAULT_REMINDER_PLAN: ReminderPlan = {
  steps: [
    step(-3, 'remind'),
    step(0, 'remind'),
    step(7, 'remind', true),
    step(14, 'limit'),
    step(21, 'suspend', true),
    step(83, 'remind'),
    step(90, 'close'),
  ],
  thresholdMicros: 1_000_000n,
  quietFromHour: 20,
  quietUntilHour: 8,
  lateFee: null,
};

/** Checks a plan. @throws InvalidInput naming what is wrong */
export function checkReminderPlan(plan: ReminderPlan): ReminderPlan {
  const { steps } = plan;
  if (steps.length === 0 || steps.length > MAX_STEPS)
    refuse('steps', `are ${steps.length}`, `give 1 to ${MAX_STEPS}`);
  steps.forEach((one, n) => {
    const before = steps[n - 1];
    if (before && one.days <= before.days) refuse('steps', 'are not in order', 'give growing days');
    if (one.action === 'remind') return;
    if (!before || one.days - before.days < NOTICE_DAYS)
      refuse(
        'steps',
        `${one.action} on day ${one.days} comes without notice`,
        `put a step at least ${NOTICE_DAYS} days before it`,
      );
    if (one.days <= 0) refuse('steps', `${one.action} comes before the invoice is due`, 'give a later day');
  });
  const actions = steps.map(({ action }) => levelOf(action)).filter((level) => level > 0);
  if (actions.some((level, n) => n > 0 && level <= (actions[n - 1] ?? 0)))
    refuse('steps', 'fall back', 'limit comes before suspend, suspend before close');
  for (const hour of [plan.quietFromHour, plan.quietUntilHour])
    if (!Number.isInteger(hour) || hour < 0 || hour > 23)
      refuse('quietHours', `${hour} is no hour`, 'give whole hours from 0 to 23');
  return plan;
}

function refuse(field: string, problem: string, remedy: string): never {
  throw new InvalidInput(field, problem, remedy);
}

/** How far down an action brings an account: 0 not at all. */
export function levelOf(action: ReminderAction): number {
  return REMINDER_ACTIONS.indexOf(action);
}

type Moment = Pick<ReminderPlan, 'quietFromHour' | 'quietUntilHour'> & { readonly timeZone: string };

/** The moment itself, or the end of the quiet hours it lies in, by the account's clock. Pure. */
export function afterQuietHours(atMs: number, { quietFromHour, quietUntilHour, timeZone }: Moment): number {
  if (quietFromHour === quietUntilHour) return atMs;
  const local = DateTime.fromMillis(atMs, { zone: timeZone });
  const isOverMidnight = quietFromHour > quietUntilHour;
  const isQuiet = isOverMidnight
    ? local.hour >= quietFromHour || local.hour < quietUntilHour
    : local.hour >= quietFromHour && local.hour < quietUntilHour;
  if (!isQuiet) return atMs;
  const day = isOverMidnight && local.hour >= quietFromHour ? local.plus({ days: 1 }) : local;
  return day.startOf('day').set({ hour: quietUntilHour }).toMillis();
}

/** What is to be done about an invoice now. */
export type StepDecision =
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'end' }
  | {
      readonly kind: 'take';
      readonly step: number;
      /** Steps that were missed and are not made up for: nobody gets three reminders at once. */
      readonly skipped: readonly number[];
      readonly next: { readonly step: number; readonly atMs: number } | null;
    };

/**
 * Which step of a plan is due. Of plain reminders that were missed only the last is made up for. A step that takes something from the account never
 * comes sooner than `NOTICE_DAYS` after the one before it, whatever was missed. Pure.
 */
export function decideStep(of: {
  readonly plan: ReminderPlan;
  readonly timeZone: string;
  readonly dueAtMs: number;
  readonly nextStep: number;
  /** When the step before it was taken; null for none. */
  readonly lastTakenAtMs: number | null;
  readonly nowMs: number;
}): StepDecision {
  const { plan, nextStep, nowMs } = of;
  const atMs = stepAtMs(of, nextStep, of.lastTakenAtMs);
  if (atMs === null) return { kind: 'end' };
  if (atMs > nowMs) return { kind: 'wait', untilMs: atMs };
  const allowedMs = afterQuietHours(nowMs, { ...plan, timeZone: of.timeZone });
  if (allowedMs > nowMs) return { kind: 'wait', untilMs: allowedMs };
  let step = nextStep;
  const skipped: number[] = [];
  while (plan.steps[step]?.action === 'remind' && plan.steps[step + 1]?.action === 'remind') {
    const following = stepAtMs(of, step + 1, null);
    if (following === null || following > nowMs) break;
    skipped.push(step);
    step++;
  }
  const followingMs = stepAtMs(of, step + 1, nowMs);
  return {
    kind: 'take',
    step,
    skipped,
    next: followingMs === null ? null : { step: step + 1, atMs: followingMs },
  };
}

function stepAtMs(
  { plan, timeZone, dueAtMs }: { plan: ReminderPlan; timeZone: string; dueAtMs: number },
  step: number,
  lastTakenAtMs: number | null,
): number | null {
  const found = plan.steps[step];
  if (!found) return null;
  const plannedMs = dueAtMs + found.days * DAY_MS;
  const noticeMs =
    found.action === 'remind' || lastTakenAtMs === null ? plannedMs : lastTakenAtMs + NOTICE_DAYS * DAY_MS;
  return afterQuietHours(Math.max(plannedMs, noticeMs), { ...plan, timeZone });
}

/** What a plan charges for paying late, in whole coins; 0 for nothing. Pure. */
export function lateFeeMicros(lateFee: LateFee | null, openMicros: bigint, coinMicros: bigint): bigint {
  if (!lateFee) return 0n;
  const fee = lateFee.flatMicros + (openMicros * BigInt(lateFee.sharePpm)) / 1_000_000n;
  const capped = fee > lateFee.mostMicros ? lateFee.mostMicros : fee;
  return (capped / coinMicros) * coinMicros;
}
