import type { CreditGrant } from '../../billing/credit/credit-grant';
import type { E164 } from '../../kernel/phone-number';
import type { PromptName } from '../../media/prompts';
import { musicFile } from '../../media/prompts';
import type { Leg } from '../../media/leg';
import type { Line } from '../../media/spoken-line';
import type { Room } from '../../rooms/room';
import type { RoomRole } from '../../kernel/room-role';
import type { RunningCall } from '../running-call';
import type { RoomSession } from './room-session';
import type { SessionMember } from './session-member';

/** A name is spoken in this time; who says nothing enters without one. */
const NAME_SECONDS = 4;
const NAME_SILENCE_SECONDS = 2;

/** Who comes to which room, and by what right. */
export type Visitor = {
  readonly room: Room;
  readonly role: RoomRole;
  /** As the number list has it; null for somebody who came by PIN. */
  readonly name: string | null;
  /** Called by us: he does not wait in the lobby. */
  readonly isExpected: boolean;
  /** How the room knows him again when he has no number. */
  readonly identity?: string;
  /** The number an inbound leg is rated by. */
  readonly ratedNumber: E164;
};

/**
 * A call's way through a room: seat, hold on the owner's credit, name, lobby or waiting music, conference. In this order, so that nobody
 * talks without a seat, money and a record; what was taken is given back by `leave`, however the call ends.
 */
export class RoomVisit implements SessionMember {
  readonly leg: Leg;
  nameFile: string | null = null;
  #recordedFile: string | null = null;
  #waiting: 'moderator' | 'lobby' | null = null;
  #mayEnter = false;
  #isInside = false;
  #wake: () => void = () => undefined;

  constructor(
    private readonly call: RunningCall,
    private readonly session: RoomSession,
    private readonly visitor: Visitor,
  ) {
    this.leg = call.leg;
  }

  get memberId(): string {
    return this.call.id;
  }

  /** Takes a seat. @throws ArrivalRefused */
  arrive(): void {
    const { call, session, visitor } = this;
    const { role, name, isExpected } = visitor;
    const isInbound = call.opened.direction === 'inbound';
    const number = isInbound ? call.opened.fromNumber : call.opened.dialledNumber;
    const identity = visitor.identity ?? number;
    session.arrive({ memberId: call.id, role, name, identity, isExpected }, this);
    if (isInbound) session.accessNumber = visitor.ratedNumber;
  }

  /**
   * Goes all the way to the conference; resolves once the others can hear him.
   * @throws InsufficientCredit, NoRate, AccountBlocked, LegGone, AlreadyEnded, JournalUnavailable
   */
  async enterRoom(): Promise<void> {
    const { call, session, visitor } = this;
    const grant = call.isCharged ? null : await this.#reserve();
    call.leg.onDigit((key) => session.key(call.id, key));
    if (visitor.room.rules.entrySound === 'name') await this.#askName();
    if (!this.#mayEnter) await this.#waitOutside(grant);
    await this.#goInside(grant);
  }

  /** Gives back the seat; does nothing for a visit that had none. */
  leave(): void {
    this.session.leave(this.call.id);
    this.#wake();
    if (this.#recordedFile !== null) this.call.parts.forgetSpoolFile(this.#recordedFile);
  }

  enter(): void {
    this.#mayEnter = true;
    this.#wake();
  }

  wait(reason: 'moderator' | 'lobby'): void {
    this.#waiting = reason;
    this.#wake();
  }

  part(end: Parameters<SessionMember['part']>[0]): void {
    this.call.endWith({ result: end.result, endedBy: end.endedBy, prompt: end.prompt });
  }

  say(line: Line): void {
    if (!this.#isInside || this.call.end) return;
    this.leg
      .playInConference(this.call.files(line))
      .catch((error: unknown) => this.call.warn('a member was not told', error));
  }

  #reserve(): Promise<CreditGrant> {
    const { call, visitor } = this;
    return call.parts.credit.reserve({
      callId: call.id,
      payerAccountId: visitor.room.ownerAccountId,
      number: visitor.ratedNumber,
      startedAtMs: call.opened.startedAtMs,
      nowMs: call.now(),
      direction: 'inbound',
      roomId: visitor.room.id,
      kind: 'room',
      nodeId: call.parts.settings.nodeId,
    });
  }

  async #askName(): Promise<void> {
    const { call } = this;
    const file = call.parts.spoolFile(`name-${call.id}.wav`);
    // Silence makes a file too.
    this.#recordedFile = file;
    await call.leg.play(call.files(['say-your-name']));
    const { seconds } = await call.leg.recordShort(file, {
      maxSeconds: NAME_SECONDS,
      silenceSeconds: NAME_SILENCE_SECONDS,
      terminator: '#',
    });
    if (seconds > 0) this.nameFile = file;
    call.stopIfEnded();
  }

  /** Plays prompt and music until he is let in. What it costs is the room's policy. */
  async #waitOutside(grant: CreditGrant | null): Promise<void> {
    const { call, visitor } = this;
    const waitingFromMs = call.now();
    const isCharged = grant !== null && visitor.room.rules.chargesWaiting;
    await this.#note({ waitingFromMs, chargedFromMs: isCharged ? waitingFromMs : null });
    if (isCharged) call.watchCredit(waitingFromMs, grant);
    call.parts.liveCalls.update(call.id, { phase: 'waiting' });
    try {
      while (!this.#mayEnter && !call.end) await this.#waitForNews();
    } finally {
      call.waitedMs = call.now() - waitingFromMs;
    }
    call.stopIfEnded();
  }

  async #waitForNews(): Promise<void> {
    const { call } = this;
    const news = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const changed = Promise.race([news, call.whenEnded]);
    const prompt: PromptName = this.#waiting === 'lobby' ? 'waiting-in-lobby' : 'waiting-for-moderator';
    const { leg } = call;
    const spoken = leg.play(call.files([prompt]));
    const isOver = await Promise.race([spoken.then(() => false), changed.then(() => true)]);
    if (isOver) {
      await leg.interrupt();
      await spoken;
      return;
    }
    leg.startMusic(musicFile(call.parts.settings.promptsDir));
    await changed;
    await leg.stopMusic();
  }

  async #goInside(grant: CreditGrant | null): Promise<void> {
    const { call, session, visitor } = this;
    const heardNotice = session.isRecorded;
    await call.leg.play(call.files(heardNotice ? ['entering-room', 'recording-notice'] : ['entering-room']));
    const joinedAs = session.flagsOf(call.id);
    await call.leg.join(session.conference, joinedAs);
    call.stopIfEnded();
    const nowMs = call.now();
    call.warnBy((prompt) => this.say([prompt]));
    if (call.isCharged) await this.#note({ chargedFromMs: call.chargedFromMs });
    else if (grant) {
      await this.#note({ chargedFromMs: nowMs });
      call.watchCredit(nowMs, grant);
    }
    call.stopIfEnded();
    this.#isInside = true;
    call.parts.liveCalls.update(call.id, { phase: 'talking' });
    session.joined(call.id, { heardNotice, joinedAs });
    call.parts.log.info('member joined', { cdrId: call.id, roomId: visitor.room.id, role: visitor.role });
  }

  #note(times: { waitingFromMs?: number; chargedFromMs: number | null }): Promise<void> {
    const { room, role } = this.visitor;
    return this.call.enter({
      roomId: room.id,
      roomSessionId: this.session.id,
      roomRole: role,
      payerAccountId: room.ownerAccountId,
      ...times,
    });
  }
}
