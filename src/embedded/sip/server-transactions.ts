import {
  type Carriage,
  nothing,
  send,
  start,
  stop,
  timedOut,
  type TimerName,
  type TransactionOutput,
  passUp,
} from './client-transactions';

export type ServerPhase = 'trying' | 'proceeding' | 'completed' | 'confirmed' | 'accepted' | 'terminated';

export type ServerState = { readonly phase: ServerPhase; readonly resendMs: number };

export type ServerInput =
  /** The request came again. */
  | { readonly type: 'request' }
  | { readonly type: 'ack' }
  /** The transaction's user gives a response; the runner keeps it as the last one before this step. */
  | { readonly type: 'respond'; readonly status: number }
  | { readonly type: 'timer'; readonly timer: TimerName };

export type ServerStep = { readonly state: ServerState; readonly outputs: readonly TransactionOutput[] };

export const inviteServerStart: ServerState = { phase: 'proceeding', resendMs: 0 };
export const nonInviteServerStart: ServerState = { phase: 'trying', resendMs: 0 };
const confirmed: ServerState = { phase: 'confirmed', resendMs: 0 };
const accepted: ServerState = { phase: 'accepted', resendMs: 0 };
const proceeding: ServerState = { phase: 'proceeding', resendMs: 0 };
const completed: ServerState = { phase: 'completed', resendMs: 0 };
const terminated: ServerState = { phase: 'terminated', resendMs: 0 };
const sendOnly = [send];
const passUpOnly = [passUp];

/** One step of an INVITE server transaction (RFC 3261 17.2.1 with the Accepted state of RFC 6026 7.1). */
export function stepInviteServer(state: ServerState, input: ServerInput, carriage: Carriage): ServerStep {
  switch (input.type) {
    case 'request':
      // RFC 6026 7.1: repeated INVITEs are absorbed once accepted; the 2xx is repeated by its own timer.
      return {
        state,
        outputs: state.phase === 'proceeding' || state.phase === 'completed' ? sendOnly : nothing,
      };
    case 'ack':
      return inviteAck(state, carriage);
    case 'respond':
      return inviteRespond(state, input.status, carriage);
    case 'timer':
      return inviteTimer(state, input.timer, carriage);
  }
}

function inviteAck(state: ServerState, { reliable, timers }: Carriage): ServerStep {
  // Some user agents send the ACK of a 2xx with the branch of the INVITE: it belongs to the dialog.
  if (state.phase === 'accepted') return { state, outputs: passUpOnly };
  if (state.phase !== 'completed') return { state, outputs: nothing };
  if (reliable) return { state: terminated, outputs: nothing };
  return { state: confirmed, outputs: [stop('G'), stop('H'), start('I', timers.t4Ms)] };
}

function inviteRespond(state: ServerState, status: number, { reliable, timers }: Carriage): ServerStep {
  if (state.phase === 'accepted')
    return { state, outputs: status >= 200 && status < 300 ? sendOnly : nothing };
  if (state.phase !== 'proceeding') return { state, outputs: nothing };
  if (status < 200) return { state: proceeding, outputs: sendOnly };
  if (status < 300) return { state: accepted, outputs: [send, start('L', 64 * timers.t1Ms)] };
  const end = start('H', 64 * timers.t1Ms);
  if (reliable) return { state: completed, outputs: [send, end] };
  return {
    state: { phase: 'completed', resendMs: timers.t1Ms },
    outputs: [send, start('G', timers.t1Ms), end],
  };
}

function inviteTimer(state: ServerState, timer: TimerName, { timers }: Carriage): ServerStep {
  switch (timer) {
    case 'G': {
      if (state.phase !== 'completed') return { state, outputs: nothing };
      const resendMs = Math.min(state.resendMs * 2, timers.t2Ms);
      return { state: { phase: 'completed', resendMs }, outputs: [send, start('G', resendMs)] };
    }
    case 'H':
      return state.phase === 'completed'
        ? { state: terminated, outputs: [timedOut] }
        : { state, outputs: nothing };
    default:
      return { state: terminated, outputs: nothing };
  }
}

/** One step of a non-INVITE server transaction (RFC 3261 17.2.2). */
export function stepNonInviteServer(
  state: ServerState,
  input: ServerInput,
  { reliable, timers }: Carriage,
): ServerStep {
  switch (input.type) {
    case 'request':
      return {
        state,
        outputs: state.phase === 'proceeding' || state.phase === 'completed' ? sendOnly : nothing,
      };
    case 'ack':
      return { state, outputs: nothing };
    case 'respond':
      if (state.phase !== 'trying' && state.phase !== 'proceeding') return { state, outputs: nothing };
      if (input.status < 200) return { state: proceeding, outputs: sendOnly };
      if (reliable) return { state: terminated, outputs: sendOnly };
      return { state: completed, outputs: [send, start('J', 64 * timers.t1Ms)] };
    case 'timer':
      return { state: terminated, outputs: nothing };
  }
}
