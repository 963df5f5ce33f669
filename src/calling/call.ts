import type { CallResult, EndedBy } from '../cdr/cdr';
import type { LimitedBy } from '../billing/credit/credit-grant';
import { assertNever } from '../kernel/app-error';
import type { PromptName } from '../media/prompts';

/** What is said before the paid time ends, and how many seconds before; the last is spoken so that it is over when the call is. */
const CREDIT_WARNINGS: readonly Warning[] = [
  { secondsLeft: 60, prompt: 'credit-60-seconds' },
  { secondsLeft: 15, prompt: 'credit-15-seconds' },
  { secondsLeft: 4, prompt: 'credit-used-up' },
];

/** What limits the call is no business of who may listen: he is only told that it ends. */
const OTHER_WARNINGS: readonly Warning[] = [{ secondsLeft: 15, prompt: 'call-ends-15-seconds' }];

type Warning = { readonly secondsLeft: number; readonly prompt: PromptName };

/** How a call ends by what kept its hold from reaching further. */
const RESULT_OF_LIMIT: Readonly<Record<LimitedBy, CallResult>> = {
  credit: 'credit-exhausted',
  cap: 'cap-reached',
  account: 'account-blocked',
};

/** A warning that is later than this is not spoken: it would name a wrong time. */
const WARNING_LATE_SECONDS = 3;

/** After a refused extension the credit is asked again this often: a top-up in mid-call must keep the call up. */
const ASK_AGAIN_MS = 5_000;

/** Why a call ended; one type for every cause, so that there is one way to end. */
export type CallEnd = {
  readonly result: CallResult;
  readonly endedBy: EndedBy;
  readonly endedAtMs: number;
  /** What the caller is told before he is hung up on; null says nothing. */
  readonly prompt: PromptName | null;
};

/** A leg that is paid for. `paidSeconds` are whole seconds from `chargedFromMs` that the hold pays for. */
export type Talking = {
  readonly phase: 'talking';
  readonly chargedFromMs: number;
  readonly paidSeconds: number;
  /** Why the hold reaches no further; null while it may. */
  readonly limitedBy: LimitedBy | null;
  /** Smallest `secondsLeft` warned of since the credit last grew. */
  readonly warnedAtSeconds: number;
  readonly asking: boolean;
  readonly askAgainAtMs: number;
};
export type Ended = { readonly phase: 'ended'; readonly end: CallEnd };
export type CallState = Talking | Ended;

export type CallEvent =
  | { readonly type: 'tick'; readonly nowMs: number }
  | {
      readonly type: 'credit-granted';
      readonly paidSeconds: number;
      readonly limitedBy: LimitedBy | null;
      readonly nowMs: number;
    }
  | { readonly type: 'credit-unreachable'; readonly nowMs: number }
  | { readonly type: 'ended'; readonly end: CallEnd };

export type CallCommand =
  | { readonly type: 'extend-credit'; readonly untilSeconds: number }
  | { readonly type: 'warn'; readonly prompt: PromptName }
  | { readonly type: 'finish'; readonly end: CallEnd };

export type CallStep = { readonly next: CallState; readonly commands: readonly CallCommand[] };

/** The state in which a caller enters the room. */
export function startTalking(entry: {
  chargedFromMs: number;
  paidSeconds: number;
  limitedBy: LimitedBy | null;
}): Talking {
  return {
    phase: 'talking',
    chargedFromMs: entry.chargedFromMs,
    paidSeconds: entry.paidSeconds,
    limitedBy: entry.limitedBy,
    warnedAtSeconds: Number.POSITIVE_INFINITY,
    asking: false,
    askAgainAtMs: entry.chargedFromMs,
  };
}

/**
 * What happens to a talking call. Its money is held `creditAheadSeconds` ahead; where the credit does not reach that far the caller is
 * warned, and at the last paid second the call ends, whatever else is slow or stuck.
 */
export function onCallEvent(state: CallState, event: CallEvent, creditAheadSeconds: number): CallStep {
  if (state.phase === 'ended') return { next: state, commands: [] };
  switch (event.type) {
    case 'ended':
      return finish(event.end);
    case 'credit-granted':
      return { next: granted(state, event), commands: [] };
    case 'credit-unreachable':
      return { next: { ...state, asking: false, askAgainAtMs: event.nowMs + ASK_AGAIN_MS }, commands: [] };
    case 'tick':
      return onTick(state, event.nowMs, creditAheadSeconds);
    default:
      return assertNever(event);
  }
}

function onTick(state: Talking, nowMs: number, creditAheadSeconds: number): CallStep {
  const talkedMs = nowMs - state.chargedFromMs;
  const leftMs = state.paidSeconds * 1000 - talkedMs;
  if (leftMs <= 0) {
    const endedAtMs = state.chargedFromMs + state.paidSeconds * 1000;
    const result = RESULT_OF_LIMIT[state.limitedBy ?? 'credit'];
    return finish({ result, endedBy: 'house', endedAtMs, prompt: null });
  }
  const extension = extensionDue(state, nowMs, leftMs, creditAheadSeconds);
  if (extension) return extension;
  return warningDue(state, leftMs / 1000) ?? { next: state, commands: [] };
}

function extensionDue(
  state: Talking,
  nowMs: number,
  leftMs: number,
  creditAheadSeconds: number,
): CallStep | null {
  if (state.asking || leftMs >= creditAheadSeconds * 1000 || nowMs < state.askAgainAtMs) return null;
  const untilSeconds = Math.ceil((nowMs - state.chargedFromMs) / 1000) + creditAheadSeconds;
  return { next: { ...state, asking: true }, commands: [{ type: 'extend-credit', untilSeconds }] };
}

/** Only what the credit really ends with is warned of: while an extension may still come, nothing is said. */
function warningDue(state: Talking, secondsLeft: number): CallStep | null {
  if (state.limitedBy === null) return null;
  const warnings = state.limitedBy === 'credit' ? CREDIT_WARNINGS : OTHER_WARNINGS;
  const due = warnings.find(
    ({ secondsLeft: at }) => secondsLeft <= at && secondsLeft > at - WARNING_LATE_SECONDS,
  );
  if (!due || due.secondsLeft >= state.warnedAtSeconds) return null;
  return {
    next: { ...state, warnedAtSeconds: due.secondsLeft },
    commands: [{ type: 'warn', prompt: due.prompt }],
  };
}

function granted(
  state: Talking,
  grant: { paidSeconds: number; limitedBy: LimitedBy | null; nowMs: number },
): Talking {
  const grew = grant.paidSeconds > state.paidSeconds;
  return {
    ...state,
    paidSeconds: Math.max(state.paidSeconds, grant.paidSeconds),
    limitedBy: grant.limitedBy,
    warnedAtSeconds: grew ? Number.POSITIVE_INFINITY : state.warnedAtSeconds,
    asking: false,
    askAgainAtMs: grant.limitedBy !== null ? grant.nowMs + ASK_AGAIN_MS : grant.nowMs,
  };
}

function finish(end: CallEnd): CallStep {
  return { next: { phase: 'ended', end }, commands: [{ type: 'finish', end }] };
}
