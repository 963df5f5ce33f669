import type { RoomRole } from '../../src/kernel/room-role';
import { DEFAULT_ROOM_RULES } from '../../src/rooms/room-rules';
import { joinFlags } from '../../src/calling/room-session/arrive';
import { onSessionEvent } from '../../src/calling/room-session/on-session-event';
import {
  type Actor,
  memberOf,
  openSession,
  type RoomAction,
  type SessionEffect,
  type SessionEvent,
  type SessionRules,
  type SessionState,
  type SessionStep,
} from '../../src/calling/room-session/session-state';

/** A session as a story for tests: members come, do things and go, at times that the story says. */
export class SessionStory {
  state: SessionState;
  nowMs = 1_000_000;
  /** Effects of the last event. */
  effects: readonly SessionEffect[] = [];
  refused: SessionStep['refused'] = null;

  constructor(rules: Partial<SessionRules> = {}) {
    this.state = openSession({ ...DEFAULT_ROOM_RULES, maxSeats: 20, ...rules }, this.nowMs);
  }

  on(event: SessionEvent): this {
    const { next, effects, refused } = onSessionEvent(this.state, event);
    this.state = next;
    this.effects = effects;
    this.refused = refused;
    return this;
  }

  /** Comes to the door; `id` is also his telephone number. */
  arrive(id: string, role: RoomRole = 'speaker', isExpected = false): this {
    const arrival = { memberId: id, role, name: null, identity: id, isExpected };
    return this.on({ type: 'arrived', arrival, nowMs: this.nowMs });
  }

  /** Comes and joins the conference, if he is let in at once. */
  come(id: string, role: RoomRole = 'speaker'): this {
    this.arrive(id, role);
    return memberOf(this.state, id)?.place === 'inside' ? this.join(id) : this;
  }

  join(id: string, heardNotice = false, joinedAs = joinFlags(this.state, id)): this {
    return this.on({ type: 'joined', memberId: id, heardNotice, joinedAs, nowMs: this.nowMs });
  }

  go(id: string): this {
    return this.on({ type: 'left', memberId: id, nowMs: this.nowMs });
  }

  /** `by` is a member's id, or 'operator' for staff. */
  does(by: string, action: RoomAction): this {
    const actor: Actor = by === 'operator' ? { kind: 'operator' } : { kind: 'member', memberId: by };
    return this.on({ type: 'action', by: actor, action, nowMs: this.nowMs });
  }

  /** Lets seconds pass, one tick each; gives every effect that came. */
  wait(seconds: number): SessionEffect[] {
    const all: SessionEffect[] = [];
    for (let n = 0; n < seconds; n++) {
      this.nowMs += 1000;
      this.on({ type: 'tick', nowMs: this.nowMs });
      all.push(...this.effects);
    }
    return all;
  }

  member(id: string) {
    return memberOf(this.state, id);
  }

  /** Prompts said to somebody by the last event. */
  saidTo(id: string): unknown[] {
    return this.effects.flatMap((effect) =>
      effect.type === 'say' && effect.to.includes(id) ? effect.line : [],
    );
  }

  /** Effects of the last event of one kind. */
  all<T extends SessionEffect['type']>(type: T): Extract<SessionEffect, { type: T }>[] {
    return this.effects.filter(
      (effect): effect is Extract<SessionEffect, { type: T }> => effect.type === type,
    );
  }
}
