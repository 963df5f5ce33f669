import { assertNever } from '../../kernel/app-error';
import { announceRecording, firstHand, joinedIds, partAll, tellLeaders } from './arrive';
import { isAllowed, mayActOn } from './permissions';
import {
  type ActionRefusal,
  type Actor,
  inside,
  leads,
  type Member,
  type MemberChoice,
  memberOf,
  type RoomAction,
  refuse,
  type SessionEffect,
  type SessionState,
  type SessionStep,
  type Switch,
  speaks,
  step,
  withMember,
} from './session-state';

/** The members an action without an id or a number is for: those whose turn it is. */
const NEXT: Readonly<Partial<Record<RoomAction['type'], (state: SessionState) => Member | undefined>>> = {
  'give-floor': firstHand,
  admit: (state) => state.members.find(({ place }) => place === 'lobby'),
  reject: (state) => state.members.find(({ place }) => place === 'lobby'),
};

/** Where the member of an action must be for it to mean anything. */
const PLACE_OF: Readonly<Partial<Record<RoomAction['type'], Member['place']>>> = {
  admit: 'lobby',
  reject: 'lobby',
  'give-floor': 'inside',
  'mute-member': 'inside',
  'deafen-member': 'inside',
};

/**
 * Does what somebody asks for, by whatever way he asks: keypad, API or console. Rights come first, so that somebody without them
 * does not learn who is there.
 */
export function act(state: SessionState, by: Actor, action: RoomAction, nowMs: number): SessionStep {
  const actor = by.kind === 'member' ? memberOf(state, by.memberId) : null;
  if (actor === undefined) return refuse(state, 'no-such-member');
  const role = actor?.role ?? 'operator';
  if (!isAllowed(role, action.type)) return refuse(state, 'not-allowed');
  if ('member' in action) {
    const other = chosen(state, action.type, action.member);
    if (!other) return refuse(state, action.member === 'next' ? 'nobody-waits' : 'no-such-member');
    if (!mayActOn(role, other.role)) return refuse(state, 'not-allowed');
    return onMember(state, action, other);
  }
  if (actor && isOwn(action)) return onSelf(state, actor, action, nowMs);
  return onRoom(state, by, action);
}

type MemberAction = Extract<RoomAction, { member: MemberChoice }>;
type OwnAction = Extract<RoomAction, { type: 'help' | 'mute-self' | 'raise-hand' | 'who' }>;
type WholeRoomAction = Exclude<RoomAction, MemberAction>;

function isOwn(action: WholeRoomAction): action is OwnAction {
  return ['help', 'mute-self', 'raise-hand', 'who'].includes(action.type);
}

function chosen(state: SessionState, type: MemberAction['type'], choice: MemberChoice): Member | undefined {
  if (choice === 'next') return NEXT[type]?.(state);
  const found = state.members.find((member) =>
    'number' in choice ? member.number === choice.number : member.memberId === choice.memberId,
  );
  const place = PLACE_OF[type];
  return place === undefined || found?.place === place ? found : undefined;
}

function switched(wish: Switch, isOn: boolean): boolean {
  return wish === 'toggle' ? !isOn : wish;
}

function onSelf(state: SessionState, actor: Member, action: OwnAction, nowMs: number): SessionStep {
  const { memberId } = actor;
  const say = (...line: Extract<SessionEffect, { type: 'say' }>['line']): SessionEffect => ({
    type: 'say',
    to: [memberId],
    line,
  });
  switch (action.type) {
    case 'help':
      return step(state, say(`help-${actor.role}`));
    case 'who':
      return step(
        state,
        say('you-are-member', { number: actor.number }, 'members-inside', { number: inside(state).length }),
      );
    case 'mute-self':
      return muteSelf(state, actor, switched(action.on, actor.muted !== null), say);
    case 'raise-hand': {
      const isUp = switched(action.on, actor.handRaisedAtMs !== null);
      if (isUp === (actor.handRaisedAtMs !== null)) return step(state);
      const next = withMember(state, memberId, { handRaisedAtMs: isUp ? nowMs : null });
      return isUp
        ? step(next, say('hand-raised'), ...handIsUp(state, actor))
        : step(next, say('hand-lowered'));
    }
    default:
      return assertNever(action);
  }
}

/** A moderator's mute binds: the muted hears that he may ask to speak instead. */
function muteSelf(
  state: SessionState,
  actor: Member,
  isMuted: boolean,
  say: (prompt: 'muted' | 'unmuted') => SessionEffect,
): SessionStep {
  const { memberId } = actor;
  if (!isMuted && actor.muted === 'moderator') return refuse(state, 'muted-by-moderator');
  if (!isMuted && actor.role === 'listener' && !actor.hasFloor)
    return refuse(state, 'listeners-do-not-speak');
  if (isMuted === (actor.muted !== null)) return step(state);
  const next = withMember(state, memberId, { muted: isMuted ? 'self' : null });
  return step(next, ...voiceChanged(state, next, memberId), say(isMuted ? 'muted' : 'unmuted'));
}

function handIsUp(state: SessionState, actor: Member): SessionEffect[] {
  const to = inside(state)
    .filter((member) => leads(member) && member.hasJoined && member !== actor)
    .map(({ memberId }) => memberId);
  return to.length === 0 ? [] : [{ type: 'say', to, line: ['hand-of-member', { number: actor.number }] }];
}

function onMember(state: SessionState, action: MemberAction, other: Member): SessionStep {
  const { memberId } = other;
  const tell = (line: 'floor-given' | 'muted-by-moderator' | 'unmuted-by-moderator'): SessionEffect => ({
    type: 'say',
    to: [memberId],
    line: [line],
  });
  switch (action.type) {
    case 'give-floor': {
      const next = withMember(state, memberId, {
        muted: null,
        hasFloor: other.role === 'listener',
        handRaisedAtMs: null,
      });
      return step(next, ...voiceChanged(state, next, memberId), tell('floor-given'));
    }
    case 'mute-member': {
      const isMuted = switched(action.on, other.muted === 'moderator');
      if (isMuted === (other.muted === 'moderator')) return step(state);
      const next = withMember(state, memberId, {
        muted: isMuted ? 'moderator' : null,
        hasFloor: isMuted ? false : other.hasFloor,
      });
      const told = tell(isMuted ? 'muted-by-moderator' : 'unmuted-by-moderator');
      return step(next, ...voiceChanged(state, next, memberId), told);
    }
    case 'deafen-member': {
      const isDeaf = switched(action.on, other.isDeaf);
      if (isDeaf === other.isDeaf) return step(state);
      const next = withMember(state, memberId, { isDeaf });
      return step(next, { type: 'set-hearing', memberId, hears: !isDeaf });
    }
    case 'kick': {
      const barred = other.identity === null ? state.barred : [...state.barred, other.identity];
      const end = { result: 'kicked', endedBy: 'moderator', prompt: 'kicked' } as const;
      return step({ ...state, barred }, ...partAll([other], end));
    }
    case 'admit':
      return step(withMember(state, memberId, { place: 'inside' }), { type: 'enter', memberId });
    case 'reject': {
      const end = { result: 'not-admitted', endedBy: 'moderator', prompt: 'not-admitted' } as const;
      return step(state, ...partAll([other], end));
    }
    default:
      return assertNever(action);
  }
}

function onRoom(state: SessionState, by: Actor, action: WholeRoomAction): SessionStep {
  switch (action.type) {
    case 'mute-all':
      return muteAll(state, switched(action.on, state.isAllMuted));
    case 'lock': {
      const isLocked = switched(action.on, state.isLocked);
      if (isLocked === state.isLocked) return step(state);
      const next = { ...state, isLocked };
      return step(next, ...tellLeaders(next, isLocked ? 'room-is-locked' : 'room-is-unlocked'));
    }
    case 'record':
      return record(state, switched(action.on, state.recording !== 'off'));
    case 'pause-recording':
      return pauseRecording(state, switched(action.on, state.recording === 'paused'));
    case 'dial-out':
      return step(state, { type: 'dial-out', entryIds: action.entryIds, by });
    case 'list-number':
      return step(state, { type: 'list-number', number: action.number, by });
    case 'end-for-all': {
      const end = { result: 'room-ended', endedBy: 'moderator', prompt: 'room-ended' } as const;
      return step({ ...state, isEnding: true }, ...partAll(state.members, end));
    }
    // Staff is not in the room: there is nobody to speak to, and the answer is the room's state.
    case 'who':
    case 'help':
    case 'mute-self':
    case 'raise-hand':
      return step(state);
    default:
      return assertNever(action);
  }
}

function muteAll(state: SessionState, isOn: boolean): SessionStep {
  let next: SessionState = { ...state, isAllMuted: isOn };
  const effects: SessionEffect[] = [];
  for (const member of state.members) {
    if (leads(member) || member.role === 'coach' || (member.muted === 'moderator') === isOn) continue;
    next = withMember(next, member.memberId, {
      muted: isOn ? 'moderator' : null,
      hasFloor: isOn ? false : member.hasFloor,
    });
    effects.push(...voiceChanged(state, next, member.memberId));
  }
  const line = [isOn ? ('all-muted' as const) : ('all-unmuted' as const)];
  return step(next, ...effects, { type: 'say', to: joinedIds(state), line });
}

function record(state: SessionState, isOn: boolean): SessionStep {
  if (state.rules.recording === 'off') return refuse(state, 'recording-not-allowed');
  if (isOn === (state.recording !== 'off')) return step(state);
  const next: SessionState = { ...state, recording: isOn ? 'on' : 'off' };
  if (isOn) return step(next, { type: 'record', command: 'start' }, ...announceRecording(next));
  const told: SessionEffect = { type: 'say', to: joinedIds(state), line: ['recording-stopped'] };
  return step(next, { type: 'record', command: 'stop' }, told);
}

function pauseRecording(state: SessionState, isPaused: boolean): SessionStep {
  if (state.recording === 'off') return refuse(state, 'not-recording');
  if (isPaused === (state.recording === 'paused')) return step(state);
  const next: SessionState = { ...state, recording: isPaused ? 'paused' : 'on' };
  const line = [isPaused ? ('recording-paused' as const) : ('recording-resumed' as const)];
  const told: SessionEffect = { type: 'say', to: joinedIds(state), line };
  return step(next, { type: 'record', command: isPaused ? 'pause' : 'resume' }, told);
}

/** What the media server is told when a member's right to be heard has changed. */
function voiceChanged(before: SessionState, after: SessionState, memberId: string): SessionEffect[] {
  const was = memberOf(before, memberId);
  const is = memberOf(after, memberId);
  if (!was || !is?.hasJoined || speaks(was) === speaks(is)) return [];
  return [{ type: 'set-voice', memberId, speaks: speaks(is) }];
}

/** What somebody hears whose keys were refused. */
export function promptOfRefusal(reason: ActionRefusal) {
  return REFUSAL_PROMPTS[reason];
}

const REFUSAL_PROMPTS = {
  'not-allowed': 'key-not-allowed',
  'no-such-member': 'no-such-member',
  'muted-by-moderator': 'cannot-unmute',
  'listeners-do-not-speak': 'listeners-do-not-speak',
  'nobody-waits': 'nobody-waits',
  'recording-not-allowed': 'recording-not-allowed',
  'not-recording': 'not-recording',
} as const satisfies Readonly<Record<ActionRefusal, string>>;
