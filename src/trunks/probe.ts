import { assertNever } from '../kernel/app-error';

/** How a trunk is asked by OPTIONS whether it lives. */
export type ProbeRules = {
  /** Between two questions while it answers. */
  readonly everyMs: number;
  /** Between two questions while it does not. */
  readonly everyWhileSilentMs: number;
  /** Questions in a row without an answer after which it counts as dead. */
  readonly failuresToDie: number;
};

export const PROBE_RULES: ProbeRules = { everyMs: 30_000, everyWhileSilentMs: 5_000, failuresToDie: 3 };

/** Answers that say that nobody works behind them. Any other shows that the trunk lives, also a refusal of OPTIONS. */
const DEAD_STATUSES: readonly number[] = [408, 502, 503, 504];

export type Probe = {
  readonly alive: boolean;
  readonly failures: number;
  /** A question is out. */
  readonly asking: boolean;
  /** When a tick is wanted, in milliseconds since 1970 UTC; null: never. */
  readonly dueAtMs: number | null;
};

export type ProbeEvent = { readonly nowMs: number } & (
  | { readonly type: 'start' | 'stop' | 'tick' }
  | { readonly type: 'answered'; readonly status: number }
  | { readonly type: 'no-answer' }
  /** A call got no answer at all: worth a question now. */
  | { readonly type: 'call-failed' }
);

export type ProbeCommand = { readonly kind: 'ask' | 'died' | 'lived' };

export type ProbeStep = { readonly next: Probe; readonly commands: readonly ProbeCommand[] };

/** A trunk counts as alive until it was asked. */
export const NEW_PROBE: Probe = { alive: true, failures: 0, asking: false, dueAtMs: null };

/** What an event means for a trunk, and what is to be done. The runner calls with `tick` at `dueAtMs`. */
export function probeStep(before: Probe, event: ProbeEvent, rules: ProbeRules = PROBE_RULES): ProbeStep {
  const { nowMs } = event;
  switch (event.type) {
    case 'start':
      return ask(before);
    case 'stop':
      return { next: NEW_PROBE, commands: before.alive ? [] : [{ kind: 'lived' }] };
    case 'tick':
      return before.dueAtMs !== null && nowMs >= before.dueAtMs ? ask(before) : still(before);
    case 'call-failed':
      return before.asking || before.dueAtMs === null ? still(before) : ask(before);
    case 'answered':
      return DEAD_STATUSES.includes(event.status)
        ? unanswered(before, nowMs, rules)
        : answered(before, nowMs, rules);
    case 'no-answer':
      return unanswered(before, nowMs, rules);
    default:
      return assertNever(event);
  }
}

function ask(before: Probe): ProbeStep {
  if (before.asking) return still(before);
  return { next: { ...before, asking: true, dueAtMs: null }, commands: [{ kind: 'ask' }] };
}

function answered(before: Probe, nowMs: number, rules: ProbeRules): ProbeStep {
  if (!before.asking) return still(before);
  return {
    next: { alive: true, failures: 0, asking: false, dueAtMs: nowMs + rules.everyMs },
    commands: before.alive ? [] : [{ kind: 'lived' }],
  };
}

function unanswered(before: Probe, nowMs: number, rules: ProbeRules): ProbeStep {
  if (!before.asking) return still(before);
  const failures = before.failures + 1;
  const dies = before.alive && failures >= rules.failuresToDie;
  return {
    next: {
      alive: before.alive && !dies,
      failures,
      asking: false,
      dueAtMs: nowMs + rules.everyWhileSilentMs,
    },
    commands: dies ? [{ kind: 'died' }] : [],
  };
}

function still(before: Probe): ProbeStep {
  return { next: before, commands: [] };
}
