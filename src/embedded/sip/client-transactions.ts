/** RFC 3261 17.1.1.1: round-trip estimate, longest resend interval, how long a message lives in the network. Milliseconds. */
export type TimerConstants = { readonly t1Ms: number; readonly t2Ms: number; readonly t4Ms: number };

export const rfcTimers: TimerConstants = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000 };

/** Timers of RFC 3261 table 4 and RFC 6026: A E G send again, all others end something. */
export type TimerName = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M';

/** What the runner must do, in this order. */
export type TransactionOutput =
  | { readonly do: 'start'; readonly timer: TimerName; readonly afterMs: number }
  | { readonly do: 'stop'; readonly timer: TimerName }
  /** Send the request of a client transaction, or the last response of a server transaction. */
  | { readonly do: 'send' }
  /** Send the ACK of a non-2xx final response. */
  | { readonly do: 'ack' }
  | { readonly do: 'pass-up' }
  | { readonly do: 'timed-out' }
  | { readonly do: 'transport-failed' };

export type ClientPhase =
  | 'start'
  | 'calling'
  | 'trying'
  | 'proceeding'
  | 'completed'
  | 'accepted'
  | 'terminated';

export type ClientState = { readonly phase: ClientPhase; readonly resendMs: number };

export type ClientInput =
  | { readonly type: 'start' }
  | { readonly type: 'response'; readonly status: number }
  | { readonly type: 'timer'; readonly timer: TimerName }
  | { readonly type: 'transport-failed' };

export type ClientStep = { readonly state: ClientState; readonly outputs: readonly TransactionOutput[] };

/** How the transaction's messages travel. */
export type Carriage = { readonly reliable: boolean; readonly timers: TimerConstants };

export const send: TransactionOutput = { do: 'send' };
export const passUp: TransactionOutput = { do: 'pass-up' };
const ack: TransactionOutput = { do: 'ack' };
export const timedOut: TransactionOutput = { do: 'timed-out' };
const transportFailed: TransactionOutput = { do: 'transport-failed' };
export const nothing: readonly TransactionOutput[] = [];

export const clientStart: ClientState = { phase: 'start', resendMs: 0 };
const terminated: ClientState = { phase: 'terminated', resendMs: 0 };

export function start(timer: TimerName, afterMs: number): TransactionOutput {
  return { do: 'start', timer, afterMs };
}

export function stop(timer: TimerName): TransactionOutput {
  return { do: 'stop', timer };
}

/** One step of an INVITE client transaction (RFC 3261 17.1.1 with the Accepted state of RFC 6026 7.2). */
export function stepInviteClient(state: ClientState, input: ClientInput, carriage: Carriage): ClientStep {
  if (input.type === 'transport-failed') return failed(state);
  if (input.type === 'start') return startClient('calling', 'A', 'B', carriage);
  if (input.type === 'response') return inviteResponse(state, input.status, carriage);
  switch (input.timer) {
    case 'A':
      if (state.phase !== 'calling') return stay(state);
      return resend(state, 'A', state.resendMs * 2);
    case 'B':
      // RFC 3261 17.1.1.2: timer B ends an INVITE that nobody ever answers.
      return state.phase === 'calling' ? { state: terminated, outputs: [timedOut] } : stay(state);
    default:
      return { state: terminated, outputs: nothing };
  }
}

function inviteResponse(state: ClientState, status: number, { reliable, timers }: Carriage): ClientStep {
  if (state.phase === 'completed') return status >= 300 ? { state, outputs: [ack] } : stay(state);
  if (state.phase === 'accepted')
    return status >= 200 && status < 300 ? { state, outputs: [passUp] } : stay(state);
  if (state.phase !== 'calling' && state.phase !== 'proceeding') return stay(state);
  if (status < 200) {
    return { state: { phase: 'proceeding', resendMs: 0 }, outputs: [stop('A'), stop('B'), passUp] };
  }
  if (status < 300) {
    return {
      state: { phase: 'accepted', resendMs: 0 },
      outputs: [stop('A'), start('M', 64 * timers.t1Ms), passUp],
    };
  }
  if (reliable) return { state: terminated, outputs: [ack, passUp] };
  return {
    state: { phase: 'completed', resendMs: 0 },
    outputs: [stop('A'), start('D', 64 * timers.t1Ms), ack, passUp],
  };
}

/** One step of a non-INVITE client transaction (RFC 3261 17.1.2). */
export function stepNonInviteClient(state: ClientState, input: ClientInput, carriage: Carriage): ClientStep {
  const { timers } = carriage;
  if (input.type === 'transport-failed') return failed(state);
  if (input.type === 'start') return startClient('trying', 'E', 'F', carriage);
  const waiting = state.phase === 'trying' || state.phase === 'proceeding';
  if (input.type === 'response') {
    if (!waiting) return stay(state);
    if (input.status < 200)
      return { state: { phase: 'proceeding', resendMs: timers.t2Ms }, outputs: [passUp] };
    if (carriage.reliable) return { state: terminated, outputs: [passUp] };
    return {
      state: { phase: 'completed', resendMs: 0 },
      outputs: [stop('E'), start('K', timers.t4Ms), passUp],
    };
  }
  if (input.timer === 'E') {
    if (!waiting) return stay(state);
    const nextMs = state.phase === 'proceeding' ? timers.t2Ms : Math.min(state.resendMs * 2, timers.t2Ms);
    return resend(state, 'E', nextMs);
  }
  if (input.timer === 'F' && !waiting) return stay(state);
  return { state: terminated, outputs: input.timer === 'F' ? [timedOut] : nothing };
}

function startClient(
  phase: ClientPhase,
  resendTimer: TimerName,
  endTimer: TimerName,
  carriage: Carriage,
): ClientStep {
  const { t1Ms } = carriage.timers;
  const end = start(endTimer, 64 * t1Ms);
  return {
    state: { phase, resendMs: t1Ms },
    outputs: carriage.reliable ? [send, end] : [send, start(resendTimer, t1Ms), end],
  };
}

function resend(state: ClientState, timer: TimerName, nextMs: number): ClientStep {
  return { state: { phase: state.phase, resendMs: nextMs }, outputs: [send, start(timer, nextMs)] };
}

function stay(state: ClientState): ClientStep {
  return { state, outputs: nothing };
}

function failed(state: ClientState): ClientStep {
  const answered = state.phase === 'completed' || state.phase === 'accepted' || state.phase === 'terminated';
  return answered ? stay(state) : { state: terminated, outputs: [transportFailed] };
}
