import type { Clock, Timer } from '../../kernel/clock';
import { newId } from '../../kernel/ids';
import type { Log } from '../../kernel/log';
import type { E164 } from '../../kernel/phone-number';
import { conferenceName } from '../../media/conference-name';
import type { Leg } from '../../media/leg';
import type { MediaServers } from '../../media/media-servers';
import { type PromptName, toneFile } from '../../media/prompts';
import type { Room } from '../../rooms/room';
import { promptOfRefusal } from './act';
import { joinFlags } from './arrive';
import { KEY_PAUSE_MS, onKey } from './keypad';
import { onSessionEvent } from './on-session-event';
import { RoomAudio } from './room-audio';
import { ActionRefused, ArrivalRefused } from './room-errors';
import { RoomRecorder, type RecordingStore } from './room-recorder';
import { type RoomView, roomView } from './room-view';
import type { SessionMember } from './session-member';
import {
  type ActionRefusal,
  type Actor,
  type Arrival,
  type ArrivalRefusal,
  inside,
  type JoinFlags,
  type Joining,
  memberOf,
  openSession,
  type RoomAction,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
} from './session-state';

/** How often the end rules look at the clock. */
const TICK_MS = 1_000;

/** What sessions are made of. */
export type SessionParts = {
  readonly media: Pick<MediaServers, 'onTalking' | 'playToConference' | 'tapConference'>;
  readonly recordings: RecordingStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly promptsDir: string;
  /** Calls the room's list. */
  readonly dialOut: (session: RoomSession, wish: { entryIds: readonly string[] | 'all'; by: Actor }) => void;
  /** Puts a number on the room's list; false when it is no number that can be called. */
  readonly listNumber: (room: Room, number: string) => Promise<boolean>;
};

/**
 * One run of a room, from its first member to its last: gives every event to the rules (pure, on-session-event.ts) and does what they
 * say. Keypad, API and console all come through `act`.
 */
export class RoomSession {
  readonly id: string;
  readonly conference: string;
  readonly audio: RoomAudio;
  /** The number through which somebody last came; what those who are called out see when the room names no other. */
  accessNumber: E164 | null = null;
  /** Nobody is in it any more; the next caller begins another one. */
  isOver = false;
  #state: SessionState;
  readonly #members = new Map<string, SessionMember>();
  readonly #keys = new Map<string, { typed: string; forget: Timer }>();
  readonly #recorder: RoomRecorder;
  #related: Promise<void> = Promise.resolve();
  readonly #ticking: Timer;
  #broadcastListeners = 0;

  constructor(
    private readonly parts: SessionParts,
    readonly room: Room,
    private readonly tell: { readonly changed: () => void; readonly closed: () => void },
  ) {
    const nowMs = parts.clock.nowMs();
    this.id = newId(nowMs);
    this.conference = conferenceName(room.id);
    this.audio = new RoomAudio(parts.media, this.conference, parts.log);
    this.#state = openSession({ ...room.rules, maxSeats: room.maxSeats }, nowMs);
    this.#recorder = new RoomRecorder(parts, this, () =>
      this.#handle({ type: 'recording-failed', nowMs: this.#now() }),
    );
    this.#ticking = parts.clock.every(TICK_MS, () => this.#handle({ type: 'tick', nowMs: this.#now() }));
  }

  /** Gives a caller a seat; whether he waits or enters he is told through `member`. @throws ArrivalRefused */
  arrive(arrival: Arrival, member: SessionMember): void {
    this.#members.set(member.memberId, member);
    const refused = this.#handle({ type: 'arrived', arrival, nowMs: this.#now() });
    if (refused === null) return;
    this.#members.delete(member.memberId);
    this.#closeIfEmpty();
    throw new ArrivalRefused(refused as ArrivalRefusal, this.room.id);
  }

  /** The member's leg is in the conference. */
  joined(memberId: string, joining: Joining): void {
    this.#handle({ type: 'joined', memberId, ...joining, nowMs: this.#now() });
  }

  /** The member's call is over; does nothing for somebody who has no seat. */
  leave(memberId: string): void {
    if (!memberOf(this.#state, memberId)) return;
    this.#recorder.noteLeft(memberId);
    this.#handle({ type: 'left', memberId, nowMs: this.#now() });
    this.#members.delete(memberId);
    this.#keys.get(memberId)?.forget.cancel();
    this.#keys.delete(memberId);
    this.#closeIfEmpty();
  }

  /** Does what somebody asks for. @throws ActionRefused */
  act(by: Actor, action: RoomAction): void {
    const refused = this.#handle({ type: 'action', by, action, nowMs: this.#now() });
    this.parts.log.info('room action', {
      roomId: this.room.id,
      by: by.kind === 'member' ? by.memberId : by.kind,
      askedBy: by.askedBy ?? 'keypad',
      action: action.type,
      refused,
    });
    if (refused !== null) throw new ActionRefused(refused as ActionRefusal, action.type);
  }

  /** A key of a member's telephone. */
  key(memberId: string, key: string): void {
    this.#keys.get(memberId)?.forget.cancel();
    const { typed, action } = onKey(this.#keys.get(memberId)?.typed ?? '', key);
    const forget = this.parts.clock.after(KEY_PAUSE_MS, () => this.#keys.delete(memberId));
    this.#keys.set(memberId, { typed, forget });
    if (action === 'unknown') return this.#members.get(memberId)?.say(['key-unknown']);
    if (action === null) return;
    try {
      this.act({ kind: 'member', memberId }, action);
    } catch (error) {
      if (!(error instanceof ActionRefused)) throw error;
      this.#members.get(memberId)?.say([promptOfRefusal(error.reason)]);
    }
  }

  onTalking(legId: string, isTalking: boolean): void {
    for (const { memberId, leg } of this.#members.values())
      if (leg.id === legId) this.#handle({ type: 'talking', memberId, isTalking, nowMs: this.#now() });
  }

  /** How many calls to the list are under way or still to be made: as long as there are any the session goes on. */
  diallingOut(calls: number): void {
    if (calls !== this.#state.diallingOut) this.#handle({ type: 'dialling-out', calls, nowMs: this.#now() });
    this.#closeIfEmpty();
  }

  /** Speaks to whoever asked for something; staff reads the answer elsewhere. */
  answer(by: Actor, prompt: PromptName): void {
    if (by.kind === 'member') this.#members.get(by.memberId)?.say([prompt]);
  }

  /** Whether somebody with this number has a seat. */
  isThere(number: string): boolean {
    return this.#state.members.some(({ identity }) => identity === number);
  }

  /** The member with this identity, the one who came last; null when there is none. */
  memberIdOf(identity: string): string | null {
    return this.#state.members.findLast((member) => member.identity === identity)?.memberId ?? null;
  }

  get freeSeats(): number {
    return this.room.maxSeats - this.#state.members.length;
  }

  /** Whether joiners have to be told that they are recorded. */
  get isRecorded(): boolean {
    return this.#state.recording !== 'off';
  }

  /** How a member joins the conference. */
  flagsOf(memberId: string): JoinFlags {
    return joinFlags(this.#state, memberId);
  }

  /** Whether nobody is to be called for it any more. */
  get isEnding(): boolean {
    return this.isOver || this.#state.isEnding;
  }

  /** Whether anybody is inside. */
  get isEmpty(): boolean {
    return inside(this.#state).length === 0;
  }

  /** Who listens over HTTP. */
  get broadcastListeners(): number {
    return this.#broadcastListeners;
  }

  set broadcastListeners(count: number) {
    this.#broadcastListeners = count;
    this.tell.changed();
  }

  view(): RoomView {
    return roomView(this.#state, {
      roomId: this.room.id,
      roomSessionId: this.id,
      recordingId: this.#recorder.recordingId,
      broadcastListeners: this.#broadcastListeners,
    });
  }

  #handle(event: SessionEvent) {
    const { next, effects, refused } = onSessionEvent(this.#state, event);
    const isNews = event.type !== 'tick' || effects.length > 0;
    this.#state = next;
    for (const effect of effects) this.#do(effect);
    if (isNews) this.tell.changed();
    return refused;
  }

  #do(effect: SessionEffect): void {
    switch (effect.type) {
      case 'enter':
        return this.#members.get(effect.memberId)?.enter();
      case 'wait':
        return this.#members.get(effect.memberId)?.wait(effect.reason);
      case 'part':
        return this.#members.get(effect.memberId)?.part(effect);
      case 'say':
        for (const id of effect.to) this.#members.get(id)?.say(effect.line);
        return;
      case 'set-voice':
        void this.#onceRelated(effect.memberId, (leg) => leg.setVoice(effect.speaks));
        return;
      case 'set-hearing':
        void this.#onceRelated(effect.memberId, (leg) => leg.setHearing(effect.hears));
        return;
      case 'coach': {
        const others = effect.unheardBy.flatMap((id) => this.#members.get(id)?.leg ?? []);
        this.#related = this.#onLeg(effect.coachId, (leg) => leg.unheardBy(others));
        return;
      }
      case 'sound':
        return this.#sound(effect.sound, effect.memberId);
      case 'record':
        return this.#recorder.do(effect.command);
      case 'consent':
        return this.#recorder.noteConsents(effect.memberIds, effect.how);
      case 'dial-out':
        return this.parts.dialOut(this, effect);
      case 'list-number':
        return this.#listNumber(effect);
    }
  }

  /** Tone or name of somebody who comes or goes; his own name nobody hears. */
  #sound(sound: 'entered' | 'left', memberId: string): void {
    const { entrySound } = this.room.rules;
    const name = this.#members.get(memberId)?.nameFile ?? null;
    if (entrySound === 'none') return;
    if (entrySound === 'name' && name !== null) {
      for (const member of this.#members.values())
        if (member.memberId !== memberId && memberOf(this.#state, member.memberId)?.hasJoined)
          member.say([{ file: name }, sound === 'entered' ? 'has-entered' : 'has-left']);
      return;
    }
    if (this.isEmpty) return;
    this.parts.media
      .playToConference(this.conference, [toneFile(this.parts.promptsDir, sound)])
      .catch((error: unknown) => this.#warn('a tone was not played', error));
  }

  #listNumber({ number, by }: Extract<SessionEffect, { type: 'list-number' }>): void {
    this.parts.listNumber(this.room, number).then(
      (isListed) => this.answer(by, isListed ? 'number-listed' : 'number-not-valid'),
      (error: unknown) => {
        this.#warn('a number was not put on the list', error);
        this.answer(by, 'number-not-valid');
      },
    );
  }

  /** Nobody hears a coach for even a moment whom he is not for: the relation is made before voice or ear is given. */
  #onceRelated(memberId: string, command: (leg: Leg) => Promise<void>): Promise<void> {
    return this.#related.then(() => this.#onLeg(memberId, command));
  }

  /** Never rejects. */
  async #onLeg(memberId: string, command: (leg: Leg) => Promise<void>): Promise<void> {
    const member = this.#members.get(memberId);
    if (!member) return;
    await command(member.leg).catch((error: unknown) => this.#warn('a member was not changed', error));
  }

  #closeIfEmpty(): void {
    if (this.isOver || this.#state.members.length > 0 || this.#state.diallingOut > 0) return;
    this.isOver = true;
    this.#ticking.cancel();
    this.#recorder.do('stop');
    this.tell.closed();
  }

  #now(): number {
    return this.parts.clock.nowMs();
  }

  #warn(event: string, error: unknown): void {
    this.parts.log.warn(event, { roomId: this.room.id, error });
  }
}
