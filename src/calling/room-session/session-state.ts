import type { CallResult, EndedBy } from '../../cdr/cdr';
import type { PromptName } from '../../media/prompts';
import type { Line } from '../../media/spoken-line';
import type { RoomRole } from '../../kernel/room-role';
import type { RoomRules } from '../../rooms/room-rules';

/** What a session needs to know of its room. */
export type SessionRules = Pick<
  RoomRules,
  | 'waitsForModerator'
  | 'lobby'
  | 'entrySound'
  | 'recording'
  | 'maxWaitSeconds'
  | 'maxDurationSeconds'
  | 'endsAloneAfterSeconds'
  | 'endsWithoutModeratorAfterSeconds'
  | 'endsSilentAfterSeconds'
> & { readonly maxSeats: number };

/** Somebody with a seat: before the moderator, in the lobby, or inside where the others hear him. */
export type Member = {
  /** The cdrId of his leg. */
  readonly memberId: string;
  /** How he is named by keypad and prompts: 1, 2, 3 in order of arrival, given once in a session. */
  readonly number: number;
  readonly role: RoomRole;
  readonly name: string | null;
  /** Recognises him when he calls again in this session: his caller's number; null when it is withheld. */
  readonly identity: string | null;
  readonly place: 'waiting' | 'lobby' | 'inside';
  /** A member who has been let in is 'inside' for the rules at once; the others hear him only when his leg has joined. */
  readonly hasJoined: boolean;
  readonly arrivedAtMs: number;
  readonly muted: 'self' | 'moderator' | null;
  /** A listener whom a moderator lets speak. */
  readonly hasFloor: boolean;
  readonly isDeaf: boolean;
  readonly handRaisedAtMs: number | null;
  readonly isTalking: boolean;
};

/** From the first member of a room to its last. */
export type SessionState = {
  readonly rules: SessionRules;
  readonly openedAtMs: number;
  readonly members: readonly Member[];
  readonly nextNumber: number;
  readonly isLocked: boolean;
  /** Speakers who come in later are muted too. */
  readonly isAllMuted: boolean;
  readonly recording: 'off' | 'on' | 'paused';
  /** Who has been taken out by a moderator and does not come back before the session has ended. */
  readonly barred: readonly string[];
  /** Calls to the list that are under way: nobody is alone who waits for them. */
  readonly diallingOut: number;
  /** Everybody was sent away: nobody is called any more. Whoever comes by himself before the last has gone begins anew. */
  readonly isEnding: boolean;
  /** Since when a rule's condition has held without a break; null when it does not. */
  readonly since: Readonly<Record<WatchedCondition, number | null>>;
  /** Smallest `secondsLeft` of the maximum duration that has been warned of. */
  readonly warnedAtSeconds: number;
};

export type WatchedCondition = 'alone' | 'withoutModerator' | 'silent';

/**
 * Who does something: a member with his own rights, or staff with all. `askedBy` names the API key or the part of the house that the wish came
 * from, for the log: also where a program acts with the rights of a member.
 */
export type Actor = (
  | { readonly kind: 'member'; readonly memberId: string }
  | { readonly kind: 'operator' }
) & { readonly askedBy?: string };

/** What can be done in a room; the same for keypad, API and console. `on` 'toggle' is for keys. */
export type RoomAction =
  | { readonly type: 'help' }
  | { readonly type: 'who' }
  | { readonly type: 'mute-self'; readonly on: Switch }
  | { readonly type: 'raise-hand'; readonly on: Switch }
  | { readonly type: 'give-floor'; readonly member: MemberChoice }
  | { readonly type: 'mute-member'; readonly member: MemberChoice; readonly on: Switch }
  | { readonly type: 'deafen-member'; readonly member: MemberChoice; readonly on: Switch }
  | { readonly type: 'kick'; readonly member: MemberChoice }
  | { readonly type: 'mute-all'; readonly on: Switch }
  | { readonly type: 'lock'; readonly on: Switch }
  | { readonly type: 'admit'; readonly member: MemberChoice }
  | { readonly type: 'reject'; readonly member: MemberChoice }
  | { readonly type: 'record'; readonly on: Switch }
  | { readonly type: 'pause-recording'; readonly on: Switch }
  | { readonly type: 'dial-out'; readonly entryIds: readonly string[] | 'all' }
  | { readonly type: 'list-number'; readonly number: string }
  | { readonly type: 'end-for-all' };

export type ActionType = RoomAction['type'];
export type Switch = boolean | 'toggle';

/** A member by id, by his number, or the one whose turn it is (first hand, first in the lobby). */
export type MemberChoice = { readonly memberId: string } | { readonly number: number } | 'next';

/** Why an action was not done. */
export type ActionRefusal =
  | 'not-allowed'
  | 'no-such-member'
  | 'muted-by-moderator'
  | 'listeners-do-not-speak'
  | 'nobody-waits'
  | 'recording-not-allowed'
  | 'not-recording';

export type SessionEvent =
  | { readonly type: 'arrived'; readonly arrival: Arrival; readonly nowMs: number }
  /** The leg is in the conference, as `joinedAs` says. `heardNotice`: he was told of the recording on his way in. */
  | ({ readonly type: 'joined'; readonly memberId: string; readonly nowMs: number } & Joining)
  | { readonly type: 'left'; readonly memberId: string; readonly nowMs: number }
  | {
      readonly type: 'talking';
      readonly memberId: string;
      readonly isTalking: boolean;
      readonly nowMs: number;
    }
  | { readonly type: 'action'; readonly by: Actor; readonly action: RoomAction; readonly nowMs: number }
  | { readonly type: 'dialling-out'; readonly calls: number; readonly nowMs: number }
  | { readonly type: 'recording-failed'; readonly nowMs: number }
  | { readonly type: 'tick'; readonly nowMs: number };

/** How a leg joins the conference. */
export type JoinFlags = { readonly muted: boolean; readonly deaf: boolean; readonly moderator: boolean };
export type Joining = { readonly joinedAs: JoinFlags; readonly heardNotice: boolean };

/** Somebody at the room's door, whose right to come in has been shown by PIN, list or invitation. */
export type Arrival = Pick<Member, 'memberId' | 'role' | 'name' | 'identity'> & {
  /** Called by us or let in by name: does not wait in the lobby. */
  readonly isExpected: boolean;
};

/** Why somebody does not get in. */
export type ArrivalRefusal = 'room-full' | 'room-locked' | 'barred';

/** What the runner does. */
export type SessionEffect =
  | { readonly type: 'enter'; readonly memberId: string }
  | { readonly type: 'wait'; readonly memberId: string; readonly reason: 'moderator' | 'lobby' }
  | {
      readonly type: 'part';
      readonly memberId: string;
      readonly result: CallResult;
      readonly endedBy: EndedBy;
      readonly prompt: PromptName;
    }
  | { readonly type: 'set-voice'; readonly memberId: string; readonly speaks: boolean }
  | { readonly type: 'set-hearing'; readonly memberId: string; readonly hears: boolean }
  | { readonly type: 'say'; readonly to: readonly string[]; readonly line: Line }
  /** Tone or name, to all inside. */
  | { readonly type: 'sound'; readonly sound: 'entered' | 'left'; readonly memberId: string }
  | { readonly type: 'record'; readonly command: 'start' | 'pause' | 'resume' | 'stop' }
  | {
      readonly type: 'consent';
      readonly memberIds: readonly string[];
      readonly how: 'announced-on-entry' | 'announced-at-start';
    }
  /** Hosts and moderators alone hear the coach. */
  | { readonly type: 'coach'; readonly coachId: string; readonly unheardBy: readonly string[] }
  | { readonly type: 'dial-out'; readonly entryIds: readonly string[] | 'all'; readonly by: Actor }
  | { readonly type: 'list-number'; readonly number: string; readonly by: Actor };

/** The answer to an event. `refused` says that nothing was done, and why. */
export type SessionStep = {
  readonly next: SessionState;
  readonly effects: readonly SessionEffect[];
  readonly refused: ActionRefusal | ArrivalRefusal | null;
};

/** A session nobody is in yet. */
export function openSession(rules: SessionRules, nowMs: number): SessionState {
  return {
    rules,
    openedAtMs: nowMs,
    members: [],
    nextNumber: 1,
    isLocked: false,
    isAllMuted: false,
    recording: 'off',
    barred: [],
    diallingOut: 0,
    isEnding: false,
    since: { alone: null, withoutModerator: null, silent: null },
    warnedAtSeconds: Number.POSITIVE_INFINITY,
  };
}

export function memberOf(state: SessionState, memberId: string): Member | undefined {
  return state.members.find((member) => member.memberId === memberId);
}

/** Whether a member leads the room. */
export function leads({ role }: Pick<Member, 'role'>): boolean {
  return role === 'host' || role === 'moderator';
}

/** Whether the others may hear him. */
export function speaks({ role, muted, hasFloor }: Pick<Member, 'role' | 'muted' | 'hasFloor'>): boolean {
  return muted === null && (role !== 'listener' || hasFloor);
}

export function inside(state: SessionState): readonly Member[] {
  return state.members.filter(({ place }) => place === 'inside');
}

/** Those who asked to speak, in the order in which they asked. */
export function hands(state: SessionState): readonly Member[] {
  return state.members
    .filter(({ handRaisedAtMs }) => handRaisedAtMs !== null)
    .toSorted((a, b) => (a.handRaisedAtMs ?? 0) - (b.handRaisedAtMs ?? 0) || a.number - b.number);
}

/** The state with one member changed. */
export function withMember(
  state: SessionState,
  memberId: string,
  change: Partial<Omit<Member, 'memberId'>>,
): SessionState {
  return {
    ...state,
    members: state.members.map((member) =>
      member.memberId === memberId ? { ...member, ...change } : member,
    ),
  };
}

export function step(next: SessionState, ...effects: readonly SessionEffect[]): SessionStep {
  return { next, effects, refused: null };
}

export function refuse(state: SessionState, reason: ActionRefusal | ArrivalRefusal): SessionStep {
  return { next: state, effects: [], refused: reason };
}
