import type { RoomRole } from '../../kernel/room-role';
import type { ActionType } from './session-state';

/** Everybody in the room, and staff. */
const EVERYBODY = ['host', 'moderator', 'speaker', 'listener', 'coach', 'operator'] as const;
const LEADERS = ['host', 'moderator', 'operator'] as const;

/**
 * THE permission matrix: who may do what in a room, by whatever way he asks. A listener may mute himself while he has the floor;
 * a coach is no part of the discussion and raises no hand; staff is not in the room, so it has nothing of its own to mute.
 */
const ALLOWED: Readonly<Record<ActionType, readonly (RoomRole | 'operator')[]>> = {
  help: ['host', 'moderator', 'speaker', 'listener', 'coach'],
  who: EVERYBODY,
  'mute-self': ['host', 'moderator', 'speaker', 'listener', 'coach'],
  'raise-hand': ['host', 'moderator', 'speaker', 'listener'],
  'give-floor': LEADERS,
  'mute-member': LEADERS,
  'deafen-member': LEADERS,
  kick: LEADERS,
  'mute-all': LEADERS,
  lock: LEADERS,
  admit: LEADERS,
  reject: LEADERS,
  record: LEADERS,
  'pause-recording': LEADERS,
  'dial-out': LEADERS,
  'list-number': LEADERS,
  'end-for-all': LEADERS,
};

/** Whether somebody of this role may do this at all. */
export function isAllowed(role: RoomRole | 'operator', action: ActionType): boolean {
  return ALLOWED[action].includes(role);
}

/** Whether he may do it to somebody of that role: the room's owner is muted, deafened and taken out by staff alone. */
export function mayActOn(role: RoomRole | 'operator', other: RoomRole): boolean {
  return other !== 'host' || role === 'host' || role === 'operator';
}
