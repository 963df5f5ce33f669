import type { CallResult } from '../../cdr/cdr';
import type { ListEntry } from '../../rooms/list/list-entry';

/** How a room's list is called. */
export type DialOutRules = {
  /** Calls that may be under way at once. */
  readonly parallel: number;
  /** Tries per entry, the first included. */
  readonly attempts: number;
  readonly retryMs: number;
};

/** Somebody who is to be called; `attempt` is the try under way or the last one made. */
export type Callee = {
  readonly entry: ListEntry;
  readonly attempt: number;
  /** 'calling' until he has come in or the call has ended. */
  readonly state: 'due' | 'calling' | 'done';
  readonly dueAtMs: number;
  readonly result: CallResult | null;
};

export type DialOutState = { readonly rules: DialOutRules; readonly callees: readonly Callee[] };

export type DialOutEvent =
  | { readonly type: 'wanted'; readonly entries: readonly ListEntry[]; readonly nowMs: number }
  /** He has taken his seat: somebody else may be called in the meantime. */
  | { readonly type: 'arrived'; readonly entryId: string }
  | { readonly type: 'ended'; readonly entryId: string; readonly result: CallResult; readonly nowMs: number }
  /** `freeSeats`: those that neither a member nor a call under way needs. */
  | { readonly type: 'tick'; readonly freeSeats: number; readonly nowMs: number }
  /** The session is over: nobody is called any more. */
  | { readonly type: 'stopped' };

export type DialOutCommand = { readonly type: 'call'; readonly entry: ListEntry; readonly attempt: number };
export type DialOutStep = { readonly next: DialOutState; readonly commands: readonly DialOutCommand[] };

/** Results after which the same person is tried again: nobody was there, or a machine answered. Whoever declined is left alone. */
const TRIED_AGAIN: readonly CallResult[] = ['busy', 'no-answer', 'unreachable', 'trunk-full', 'not-accepted'];

/** Results that tell of the payer and not of the callee: nobody else is called then either. */
const ENDS_ALL: readonly CallResult[] = ['no-credit', 'account-blocked', 'draining', 'room-full'];

/** Whom to call next. Pure; an entry that is wanted twice is called once. */
export function onDialOutEvent(state: DialOutState, event: DialOutEvent): DialOutStep {
  switch (event.type) {
    case 'wanted':
      return { next: wanted(state, event.entries, event.nowMs), commands: [] };
    case 'arrived':
      return { next: arrived(state, event.entryId), commands: [] };
    case 'ended':
      return { next: ended(state, event), commands: [] };
    case 'stopped':
      return { next: { ...state, callees: state.callees.map(giveUp) }, commands: [] };
    case 'tick':
      return callDue(state, event);
  }
}

/** Calls under way and calls still to be made. */
export function openCallees(state: DialOutState): { readonly calling: number; readonly due: number } {
  const count = (wantedState: Callee['state']) =>
    state.callees.filter((callee) => callee.state === wantedState).length;
  return { calling: count('calling'), due: count('due') };
}

function wanted(state: DialOutState, entries: readonly ListEntry[], nowMs: number): DialOutState {
  const open = new Set(state.callees.filter(({ state: at }) => at !== 'done').map(({ entry }) => entry.id));
  const fresh = entries.filter(({ id }) => !open.has(id));
  const kept = state.callees.filter(({ entry }) => !fresh.some(({ id }) => id === entry.id));
  const added = fresh.map(
    (entry): Callee => ({ entry, attempt: 0, state: 'due', dueAtMs: nowMs, result: null }),
  );
  return { ...state, callees: [...kept, ...added] };
}

function arrived(state: DialOutState, entryId: string): DialOutState {
  const callees = state.callees.map(
    (callee): Callee =>
      callee.entry.id === entryId ? { ...callee, state: 'done', result: 'completed' } : callee,
  );
  return { ...state, callees };
}

function ended(
  state: DialOutState,
  { entryId, result, nowMs }: { entryId: string; result: CallResult; nowMs: number },
): DialOutState {
  const callees = state.callees.map((callee): Callee => {
    if (callee.entry.id !== entryId || callee.state !== 'calling') return callee;
    const isTriedAgain = TRIED_AGAIN.includes(result) && callee.attempt < state.rules.attempts;
    if (!isTriedAgain) return { ...callee, state: 'done', result };
    return { ...callee, state: 'due', result, dueAtMs: nowMs + state.rules.retryMs };
  });
  return { ...state, callees: ENDS_ALL.includes(result) ? callees.map(giveUp) : callees };
}

function giveUp(callee: Callee): Callee {
  return callee.state === 'due' ? { ...callee, state: 'done' } : callee;
}

function callDue(
  state: DialOutState,
  { freeSeats, nowMs }: { freeSeats: number; nowMs: number },
): DialOutStep {
  const places = Math.min(state.rules.parallel - openCallees(state).calling, freeSeats);
  const due = state.callees
    .filter((callee) => callee.state === 'due' && callee.dueAtMs <= nowMs)
    .toSorted((a, b) => a.dueAtMs - b.dueAtMs)
    .slice(0, Math.max(0, places));
  const callees = state.callees.map(
    (callee): Callee =>
      due.includes(callee) ? { ...callee, state: 'calling', attempt: callee.attempt + 1 } : callee,
  );
  return {
    next: { ...state, callees },
    commands: due.map(({ entry, attempt }) => ({ type: 'call', entry, attempt: attempt + 1 })),
  };
}
