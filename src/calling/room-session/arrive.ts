import type { PromptName } from '../../media/prompts';
import type { CallResult, EndedBy } from '../../cdr/cdr';
import {
  type Arrival,
  hands,
  inside,
  type JoinFlags,
  type Joining,
  leads,
  type Member,
  memberOf,
  refuse,
  type SessionEffect,
  type SessionState,
  type SessionStep,
  speaks,
  step,
  withMember,
} from './session-state';

/** Gives somebody a seat, if there is one, and says where he waits or that he may enter. */
export function arrive(state: SessionState, arrival: Arrival, nowMs: number): SessionStep {
  const { memberId, role, name, identity } = arrival;
  if (identity !== null && state.barred.includes(identity)) return refuse(state, 'barred');
  if (state.members.length >= state.rules.maxSeats) return refuse(state, 'room-full');
  if (state.isLocked && !leads(arrival)) return refuse(state, 'room-locked');
  const place = placeOf(state, arrival);
  const member: Member = {
    memberId,
    number: state.nextNumber,
    role,
    name,
    identity,
    place,
    hasJoined: false,
    arrivedAtMs: nowMs,
    muted: state.isAllMuted && !leads(arrival) && role !== 'coach' ? 'moderator' : null,
    hasFloor: false,
    isDeaf: false,
    handRaisedAtMs: null,
    isTalking: false,
  };
  const members = [...state.members, member];
  const next = { ...state, members, nextNumber: state.nextNumber + 1, isEnding: false };
  if (place === 'inside') return step(next, { type: 'enter', memberId });
  const knock = place === 'lobby' ? tellLeaders(next, 'somebody-in-lobby') : [];
  const reason = place === 'lobby' ? 'lobby' : 'moderator';
  return step(next, { type: 'wait', memberId, reason }, ...knock);
}

function placeOf(state: SessionState, arrival: Arrival): Member['place'] {
  if (leads(arrival)) return 'inside';
  if (state.rules.waitsForModerator && !inside(state).some(leads)) return 'waiting';
  return state.rules.lobby && !arrival.isExpected && arrival.role !== 'coach' ? 'lobby' : 'inside';
}

/** The leg has joined: the others are told, and the arrival of a moderator opens the room for those who waited for one. */
export function joined(
  state: SessionState,
  { memberId, heardNotice, joinedAs }: Joining & { readonly memberId: string },
): SessionStep {
  const member = memberOf(state, memberId);
  if (!member) return step(state);
  let next = withMember(state, memberId, { hasJoined: true });
  const effects: SessionEffect[] = [];
  effects.push(...coachesHeard(next));
  // Changed meanwhile, or held back until the coaches were related to him.
  if (joinedAs.muted === speaks(member))
    effects.push({ type: 'set-voice', memberId, speaks: speaks(member) });
  if (joinedAs.deaf !== member.isDeaf) effects.push({ type: 'set-hearing', memberId, hears: !member.isDeaf });
  effects.push({ type: 'sound', sound: 'entered', memberId });
  if (state.recording !== 'off') {
    if (!heardNotice) effects.push({ type: 'say', to: [memberId], line: ['recording-notice'] });
    effects.push({ type: 'consent', memberIds: [memberId], how: 'announced-on-entry' });
  } else if (state.rules.recording === 'automatic') {
    next = { ...next, recording: 'on' };
    effects.push({ type: 'record', command: 'start' }, ...announceRecording(next));
  }
  if (!leads(member)) return step(next, ...effects);
  const opened = letWaitingIn(next);
  return step(opened.next, ...effects, ...opened.effects, ...lobbyIsWaiting(opened.next, memberId));
}

/**
 * How a member's leg joins the conference. A coach joins unheard, and whoever must not hear a coach joins deaf: both are let go once the media
 * server knows who hears whom.
 */
export function joinFlags(state: SessionState, memberId: string): JoinFlags {
  const member = memberOf(state, memberId);
  if (!member) return { muted: true, deaf: true, moderator: false };
  const isCoach = member.role === 'coach';
  const hasCoach = state.members.some((other) => other.role === 'coach' && other.hasJoined);
  return {
    muted: isCoach || !speaks(member),
    deaf: member.isDeaf || (hasCoach && !isCoach && !leads(member)),
    moderator: leads(member),
  };
}

/** Those inside hear that they are recorded, and their consent by staying is noted. */
export function announceRecording(state: SessionState): SessionEffect[] {
  const memberIds = joinedIds(state);
  return [
    { type: 'say', to: memberIds, line: ['recording-started'] },
    { type: 'consent', memberIds, how: 'announced-at-start' },
  ];
}

function letWaitingIn(state: SessionState): SessionStep {
  const effects: SessionEffect[] = [];
  let next = state;
  for (const { memberId, place } of state.members) {
    if (place !== 'waiting') continue;
    const goesTo = state.rules.lobby ? 'lobby' : 'inside';
    next = withMember(next, memberId, { place: goesTo });
    effects.push(
      goesTo === 'inside' ? { type: 'enter', memberId } : { type: 'wait', memberId, reason: 'lobby' },
    );
  }
  return step(next, ...effects);
}

function lobbyIsWaiting(state: SessionState, memberId: string): SessionEffect[] {
  const isSomebodyThere = state.members.some(({ place }) => place === 'lobby');
  return isSomebodyThere ? [{ type: 'say', to: [memberId], line: ['somebody-in-lobby'] }] : [];
}

/** A member's leg has ended, or he was taken out. */
export function left(state: SessionState, memberId: string): SessionStep {
  const member = memberOf(state, memberId);
  if (!member) return step(state);
  const next = { ...state, members: state.members.filter((other) => other !== member) };
  if (!member.hasJoined) return step(next);
  const effects: SessionEffect[] = [{ type: 'sound', sound: 'left', memberId }];
  if (next.members.length === 0 && next.recording !== 'off')
    effects.push({ type: 'record', command: 'stop' });
  return step(next, ...effects);
}

/** What all leaders inside hear. */
export function tellLeaders(state: SessionState, prompt: PromptName): SessionEffect[] {
  const to = inside(state)
    .filter((member) => member.hasJoined && leads(member))
    .map(({ memberId }) => memberId);
  return to.length === 0 ? [] : [{ type: 'say', to, line: [prompt] }];
}

export function joinedIds(state: SessionState): string[] {
  return state.members.filter(({ hasJoined }) => hasJoined).map(({ memberId }) => memberId);
}

/** Who does not hear each coach: everybody who does not lead. */
export function coachesHeard(state: SessionState): SessionEffect[] {
  const there = state.members.filter(({ hasJoined }) => hasJoined);
  const unheardBy = there.filter((member) => !leads(member)).map(({ memberId }) => memberId);
  return there
    .filter(({ role }) => role === 'coach')
    .map(({ memberId }) => ({
      type: 'coach',
      coachId: memberId,
      unheardBy: unheardBy.filter((other) => other !== memberId),
    }));
}

/** Takes members out with one reason; they leave the state when their legs have ended. */
export function partAll(
  members: readonly Member[],
  end: { result: CallResult; endedBy: EndedBy; prompt: PromptName },
): SessionEffect[] {
  return members.map(({ memberId }) => ({ type: 'part', memberId, ...end }));
}

/** The first raised hand, if any. */
export function firstHand(state: SessionState): Member | undefined {
  return hands(state)[0];
}
