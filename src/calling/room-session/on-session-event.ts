import { assertNever } from '../../kernel/app-error';
import { act } from './act';
import { arrive, joined, joinedIds, left } from './arrive';
import { onTick } from './end-rules';
import { type SessionEvent, type SessionState, type SessionStep, step, withMember } from './session-state';

/** THE one control core of a room: what happens to a session, whoever asks and by whatever way. Pure. */
export function onSessionEvent(state: SessionState, event: SessionEvent): SessionStep {
  switch (event.type) {
    case 'arrived':
      return arrive(state, event.arrival, event.nowMs);
    case 'joined':
      return joined(state, event);
    case 'left':
      return left(state, event.memberId);
    case 'talking':
      return step(withMember(state, event.memberId, { isTalking: event.isTalking }));
    case 'action':
      return act(state, event.by, event.action, event.nowMs);
    case 'dialling-out':
      return step({ ...state, diallingOut: event.calls });
    case 'recording-failed':
      return state.recording === 'off'
        ? step(state)
        : step(
            { ...state, recording: 'off' },
            { type: 'say', to: joinedIds(state), line: ['recording-stopped'] },
          );
    case 'tick':
      return onTick(state, event.nowMs);
    default:
      return assertNever(event);
  }
}
