import type { RoomRole } from '../../kernel/room-role';
import { hands, type Member, type SessionState } from './session-state';

/** A member as operators and integrators see him. */
export type MemberView = {
  readonly memberId: string;
  readonly number: number;
  readonly name: string | null;
  readonly role: RoomRole;
  readonly place: Member['place'];
  readonly arrivedAtMs: number;
  readonly muted: Member['muted'];
  readonly hasFloor: boolean;
  readonly isDeaf: boolean;
  readonly isTalking: boolean;
};

/** A room that somebody is in, at this moment. */
export type RoomView = {
  readonly roomId: string;
  readonly roomSessionId: string;
  readonly openedAtMs: number;
  readonly isLocked: boolean;
  readonly isAllMuted: boolean;
  readonly recording: SessionState['recording'];
  readonly recordingId: string | null;
  readonly broadcastListeners: number;
  readonly diallingOut: number;
  readonly members: readonly MemberView[];
  /** Ids of those who asked to speak, in the order in which they asked. */
  readonly hands: readonly string[];
};

/** What is shown of a member: nothing of his number, which has a permission of its own. */
export function memberView(member: Member): MemberView {
  const { memberId, number, name, role, place, arrivedAtMs, muted, hasFloor, isDeaf, isTalking } = member;
  return { memberId, number, name, role, place, arrivedAtMs, muted, hasFloor, isDeaf, isTalking };
}

export function roomView(
  state: SessionState,
  about: Pick<RoomView, 'roomId' | 'roomSessionId' | 'recordingId' | 'broadcastListeners'>,
): RoomView {
  const { openedAtMs, isLocked, isAllMuted, recording, diallingOut } = state;
  return {
    ...about,
    openedAtMs,
    isLocked,
    isAllMuted,
    recording,
    diallingOut,
    members: state.members.map(memberView),
    hands: hands(state).map(({ memberId }) => memberId),
  };
}
