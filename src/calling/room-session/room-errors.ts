import { AppError } from '../../kernel/app-error';
import type { ActionRefusal, ArrivalRefusal } from './session-state';

/** Somebody with the right PIN does not get in; `code` is the reason. */
export class ArrivalRefused extends AppError {
  constructor(
    readonly code: ArrivalRefusal,
    roomId: string,
  ) {
    super('the room lets this caller not in', { roomId, reason: code });
  }
}

/** An action in a room was not done. */
export class ActionRefused extends AppError {
  readonly code = 'action-refused';
  constructor(
    readonly reason: ActionRefusal,
    action: string,
  ) {
    super(MEANING[reason], { action, reason });
  }
}

const MEANING: Readonly<Record<ActionRefusal, string>> = {
  'not-allowed': 'the role of whoever asks does not permit this',
  'no-such-member': 'there is no such member in the place that this is for',
  'muted-by-moderator': 'a moderator has muted this member; only a moderator can undo it',
  'listeners-do-not-speak': 'a listener speaks only with the floor, which a moderator gives',
  'nobody-waits': 'nobody waits for this',
  'recording-not-allowed': 'the rules of this room allow no recording; change `recording` of the room first',
  'not-recording': 'the room is not being recorded',
};
