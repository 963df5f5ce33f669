import { SessionStory } from '../../../test/support/session-story';
import { ROOM_ROLES, type RoomRole } from '../../kernel/room-role';
import { KEYS, onKey } from './keypad';
import type { ActionType, RoomAction } from './session-state';

/** THE matrix as the owner of a room reads it: y may, - may not. One column a role: host, moderator, speaker, listener, coach, staff. */
const MATRIX: Readonly<Record<ActionType, string>> = {
  help: 'yyyyy-',
  who: 'yyyyyy',
  'mute-self': 'yyyyy-',
  'raise-hand': 'yyyy--',
  'give-floor': 'yy---y',
  'mute-member': 'yy---y',
  'deafen-member': 'yy---y',
  kick: 'yy---y',
  'mute-all': 'yy---y',
  lock: 'yy---y',
  admit: 'yy---y',
  reject: 'yy---y',
  record: 'yy---y',
  'pause-recording': 'yy---y',
  'dial-out': 'yy---y',
  'list-number': 'yy---y',
  'end-for-all': 'yy---y',
};

const ACTORS = [...ROOM_ROLES, 'operator'] as const;

/** A wish of each kind, towards `other` where it is for a member. */
const WISHES: Readonly<Record<ActionType, (other: string) => RoomAction>> = {
  help: () => ({ type: 'help' }),
  who: () => ({ type: 'who' }),
  'mute-self': () => ({ type: 'mute-self', on: true }),
  'raise-hand': () => ({ type: 'raise-hand', on: true }),
  'give-floor': (memberId) => ({ type: 'give-floor', member: { memberId } }),
  'mute-member': (memberId) => ({ type: 'mute-member', member: { memberId }, on: true }),
  'deafen-member': (memberId) => ({ type: 'deafen-member', member: { memberId }, on: true }),
  kick: (memberId) => ({ type: 'kick', member: { memberId } }),
  'mute-all': () => ({ type: 'mute-all', on: true }),
  lock: () => ({ type: 'lock', on: true }),
  admit: () => ({ type: 'admit', member: { memberId: 'in-lobby' } }),
  reject: () => ({ type: 'reject', member: { memberId: 'in-lobby' } }),
  record: () => ({ type: 'record', on: true }),
  'pause-recording': () => ({ type: 'pause-recording', on: true }),
  'dial-out': () => ({ type: 'dial-out', entryIds: 'all' }),
  'list-number': () => ({ type: 'list-number', number: '+3222223344' }),
  'end-for-all': () => ({ type: 'end-for-all' }),
};

/** A room with one member of every role, one in the lobby, being recorded. */
function fullRoom(): SessionStory {
  const story = new SessionStory({ lobby: true });
  for (const role of ROOM_ROLES) story.arrive(role, role, true).join(role);
  story.arrive('in-lobby').arrive('other', 'speaker', true).join('other');
  return story.does('host', { type: 'record', on: true });
}

const cells = Object.entries(MATRIX).flatMap(([action, columns]) =>
  ACTORS.map((actor, index) => ({
    action: action as ActionType,
    actor,
    allowed: columns[index] === 'y',
  })),
);

describe('permission matrix', () => {
  it.each(cells)('by API: $actor, $action: $allowed', ({ action, actor, allowed }) => {
    const story = fullRoom().does(actor, WISHES[action]('other'));
    expect([story.refused === 'not-allowed', story.effects.length > 0 && !allowed]).toEqual([
      !allowed,
      false,
    ]);
  });

  const keyed = cells.filter(({ actor }) => actor !== 'operator');
  it.each(keyed)('by keypad: $actor, $action: $allowed', ({ action, actor, allowed }) => {
    const [code = '', key] = Object.entries(KEYS).find(([, { action: of }]) => of === action) ?? [];
    const story = fullRoom();
    const number = story.member('other')?.number;
    const operand =
      key?.operand === 'member' ? `${number}#` : key?.operand === 'number' ? '003222223344#' : '';
    let typed = '';
    let wish: RoomAction | 'unknown' | null = null;
    for (const pressed of code + operand) ({ typed, action: wish } = onKey(typed, pressed));
    if (wish === null || wish === 'unknown') throw new Error(`${code}${operand} is no command`);
    expect(wish.type).toBe(action);
    // A hand has to be up before the floor can be given to whose turn it is.
    story.does('other', { type: 'raise-hand', on: true }).does(actor, wish);
    expect(story.refused === 'not-allowed').toBe(!allowed);
  });

  const leaders: readonly (RoomRole | 'operator')[] = ['host', 'moderator', 'operator'];
  const onHost = ['kick', 'mute-member', 'deafen-member', 'give-floor'] as const;
  it.each(onHost)('nobody but staff and hosts does to a host: %s', (action) => {
    for (const actor of leaders) {
      const story = fullRoom().does(actor, WISHES[action]('host'));
      expect(story.refused).toBe(actor === 'moderator' ? 'not-allowed' : null);
    }
  });

  it('tells somebody without the right nothing of who is there', () => {
    const story = fullRoom().does('speaker', { type: 'kick', member: { memberId: 'nobody' } });
    expect(story.refused).toBe('not-allowed');
    expect(story.does('nobody', { type: 'lock', on: true }).refused).toBe('no-such-member');
  });
});
