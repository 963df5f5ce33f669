import type { CallResult } from '../../cdr/cdr';
import type { PromptName } from '../../media/prompts';
import { joinedIds, partAll } from './arrive';
import {
  inside,
  leads,
  type SessionEffect,
  type SessionState,
  type SessionStep,
  speaks,
  step,
  type WatchedCondition,
} from './session-state';

/** What is said before the longest duration is over, and how long before. */
const WARNINGS = [
  { secondsLeft: 300, prompt: 'room-ends-in-5-minutes' },
  { secondsLeft: 60, prompt: 'room-ends-in-1-minute' },
] as const;

/** The rules that end a session when a condition has held long enough: result for the CDR and what members hear. */
const ENDS: Readonly<Record<WatchedCondition, { result: CallResult; prompt: PromptName }>> = {
  alone: { result: 'room-alone', prompt: 'room-ends-alone' },
  withoutModerator: { result: 'room-no-moderator', prompt: 'room-ends-without-moderator' },
  silent: { result: 'room-silent', prompt: 'room-ends-silent' },
};

/** Looks at the clock: who has waited too long, and whether a rule ends the session. To be called about once a second. */
export function onTick(before: SessionState, nowMs: number): SessionStep {
  const state = { ...before, since: conditionsSince(before, nowMs) };
  const ended = endOf(state, nowMs);
  if (ended)
    return step({ ...state, isEnding: true }, ...partAll(state.members, { ...ended, endedBy: 'house' }));
  const warned = warning(state, nowMs);
  return step(warned.next, ...warned.effects, ...waitedTooLong(state, nowMs));
}

/** Since when each condition has held: it begins again whenever it is interrupted. */
function conditionsSince(state: SessionState, nowMs: number): SessionState['since'] {
  const since = (condition: WatchedCondition, holds: boolean) =>
    holds ? (state.since[condition] ?? nowMs) : null;
  const there = inside(state);
  return {
    alone: since('alone', there.length === 1 && state.members.length === 1 && state.diallingOut === 0),
    withoutModerator: since('withoutModerator', there.length > 0 && !there.some(leads)),
    // Where all are muted silence is what the moderator wants.
    silent: since('silent', there.some(speaks) && !there.some(({ isTalking }) => isTalking)),
  };
}

function endOf(state: SessionState, nowMs: number): { result: CallResult; prompt: PromptName } | null {
  const { rules, since } = state;
  const limits: Readonly<Record<WatchedCondition, number | null>> = {
    alone: rules.endsAloneAfterSeconds,
    withoutModerator: rules.endsWithoutModeratorAfterSeconds,
    silent: rules.endsSilentAfterSeconds,
  };
  if (rules.maxDurationSeconds !== null && nowMs - state.openedAtMs >= rules.maxDurationSeconds * 1000)
    return { result: 'room-time-over', prompt: 'room-time-over' };
  for (const condition of ['alone', 'withoutModerator', 'silent'] as const) {
    const limit = limits[condition];
    const start = since[condition];
    if (limit !== null && start !== null && nowMs - start >= limit * 1000) return ENDS[condition];
  }
  return null;
}

function warning(state: SessionState, nowMs: number): SessionStep {
  const longestSeconds = state.rules.maxDurationSeconds;
  if (longestSeconds === null) return step(state);
  const secondsLeft = longestSeconds - (nowMs - state.openedAtMs) / 1000;
  const due = WARNINGS.findLast((warned) => secondsLeft <= warned.secondsLeft);
  if (!due || due.secondsLeft >= state.warnedAtSeconds) return step(state);
  const next = { ...state, warnedAtSeconds: due.secondsLeft };
  // A room that is opened for less than the warning is not warned of its own length.
  if (longestSeconds <= due.secondsLeft) return step(next);
  return step(next, { type: 'say', to: joinedIds(state), line: [due.prompt] });
}

function waitedTooLong(state: SessionState, nowMs: number): SessionEffect[] {
  const tired = state.members.filter(
    ({ place, arrivedAtMs }) =>
      place !== 'inside' && nowMs - arrivedAtMs >= state.rules.maxWaitSeconds * 1000,
  );
  return partAll(tired, { result: 'waited-too-long', endedBy: 'house', prompt: 'waited-too-long' });
}
