import type Srf from 'drachtio-srf';
import type { Dialog, SrfRequest, SrfResponse } from 'drachtio-srf';
import { type ClosedLeg, MAX_HANGUP_CAUSE_LENGTH } from '../cdr/cdr';
import type { OpenedLeg } from '../cdr/journal-records';
import { type Timer, within } from '../kernel/clock';
import { type Leg, LegGone } from '../media/leg';
import { type PromptName, promptFile } from '../media/prompts';
import type { Room, RoomRole } from '../rooms/room';
import { menuStep, openMenu } from './access-menu';
import {
  type CallCommand,
  type CallEnd,
  type CallEvent,
  type CallState,
  onCallEvent,
  startTalking,
} from './call';
import type { CallingParts } from './calling-parts';
import { checkTypedPin } from './check-typed-pin';
import { type Entered, enterRoom } from './enter-room';
import type { CallPlan } from './plan-call';
import { type Refusal, type RefusalReason, refusal, refusalHeaders, refusalReasonOf } from './refuse-call';

/** How long a caller may think before the first digit, and between digits. */
const FIRST_DIGIT_MS = 10_000;
const NEXT_DIGIT_MS = 5_000;

/** A caller, or a SIP server that is gone, may take this long to answer our BYE; the CDR does not wait longer. */
const BYE_LIMIT_MS = 5_000;

/** How often a talking call looks at its money: a cut is at most this late. */
const TICK_MS = 200;

/** The INVITE of a call, and the promise that its CANCEL resolves. */
export type Invite = {
  readonly req: SrfRequest;
  readonly res: SrfResponse;
  readonly cancelled: Promise<void>;
};

/** The menu found a reason to end the call. */
class Refused extends Error {
  constructor(readonly reason: RefusalReason) {
    super(reason);
    this.name = 'Refused';
  }
}

/** The call ended while the story was still going on; says nothing more, `end` has it all. */
class AlreadyEnded extends Error {}

/**
 * One call to an access number, from the durable record of its start to its closed CDR. The story runs top down (answer, menu, room);
 * whatever ends it earlier is an event for the state machine in call.ts, and the first end counts.
 */
export class MenuCall {
  #leg: Leg | null = null;
  #dialog: Dialog | null = null;
  #answeredAtMs: number | null = null;
  #acked = false;
  #tellAcked: () => void = () => undefined;
  readonly #whenAcked = new Promise<void>((resolve) => {
    this.#tellAcked = resolve;
  });
  #roomId: string | null = null;
  #entered: Entered | null = null;
  #state: CallState | null = null;
  #end: CallEnd | null = null;
  #hangupCause: string | null = null;
  #lastPrompt: PromptName | null = null;
  #refusal: Refusal | null = null;
  #ticking: Timer | null = null;
  #tellEnded: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.#tellEnded = resolve;
  });

  constructor(
    private readonly parts: CallingParts,
    private readonly srf: Srf,
    private readonly plan: Extract<CallPlan, { kind: 'menu' }>,
    private readonly opened: OpenedLeg,
    private readonly invite: Invite,
  ) {}

  /** Runs the call to its end; never throws. */
  async run(): Promise<void> {
    const { parts, opened } = this;
    parts.liveCalls.add(
      {
        callId: opened.cdrId,
        fromNumber: opened.fromNumber,
        dialledNumber: opened.dialledNumber,
        trunkId: opened.trunkId,
        phase: 'ringing',
        roomId: null,
        roomRole: null,
        startedAtMs: opened.startedAtMs,
        enteredAtMs: null,
        paidSeconds: null,
      },
      () => this.endNow('removed'),
    );
    void this.invite.cancelled.then(() => {
      this.#endWith({ result: 'cancelled', endedBy: 'caller', endedAtMs: this.#now() });
    });
    // A CANCEL that came before this line ends the call before it is answered.
    await Promise.resolve();
    try {
      await this.#answer();
      await this.#enter(await this.#passMenu());
      await this.#ended;
    } catch (error) {
      this.#endByError(error);
    }
    await this.#finish();
  }

  /** Ends the call from our side: an operator's wish, or the service closing. */
  endNow(result: 'removed' | 'draining' | 'failed'): void {
    this.#endWith({ result, endedBy: result === 'failed' ? 'network' : 'house', endedAtMs: this.#now() });
  }

  async #answer(): Promise<void> {
    this.#stopIfEnded();
    const leg = await this.parts.media.createLeg(this.invite.req.body, { 'X-Call': this.opened.cdrId });
    this.#leg = leg;
    leg.onGone((cause) => this.#onLegGone(cause));
    this.#stopIfEnded();
    const dialog = await this.srf.createUAS(this.invite.req, this.invite.res, { localSdp: leg.localSdp });
    this.#dialog = dialog;
    this.#answeredAtMs = this.#now();
    dialog.on('ack', () => {
      this.#acked = true;
      this.#tellAcked();
    });
    dialog.on('destroy', () => this.#onDialogGone());
    dialog.on('info', (req: SrfRequest, res: SrfResponse) => this.#onInfo(leg, req, res));
    dialog.on('modify', (req: SrfRequest, res: SrfResponse) => this.#onReoffer(leg, req, res));
    await this.parts.keeper.answered(this.opened.cdrId, this.#answeredAtMs);
    this.parts.liveCalls.update(this.opened.cdrId, { phase: 'menu' });
    this.#stopIfEnded();
  }

  /** Asks for Room ID and PIN until they open a room. @throws Refused after the last try */
  async #passMenu(): Promise<{ room: Room; role: RoomRole }> {
    const leg = this.#theLeg();
    let { state, command } = openMenu();
    for (;;) {
      this.#stopIfEnded();
      if (command.type === 'give-up') throw new Refused(command.reason);
      if (command.type === 'ask') {
        const digits = await leg.collect({
          file: this.#file(command.prompt),
          maxDigits: command.maxDigits,
          firstDigitMs: FIRST_DIGIT_MS,
          nextDigitMs: NEXT_DIGIT_MS,
        });
        ({ state, command } = menuStep(state, { type: 'typed', digits }));
      } else {
        const { opened, delayMs } = await checkTypedPin(
          this.parts,
          {
            callId: this.opened.cdrId,
            callerNumber: this.opened.fromNumber,
            trunk: this.plan.trunk,
          },
          command,
        );
        await this.#keepBack(delayMs);
        if (opened) return opened;
        ({ state, command } = menuStep(state, { type: 'refused' }));
      }
    }
  }

  /** Waits, but not for a caller who has hung up. */
  async #keepBack(delayMs: number): Promise<void> {
    if (delayMs === 0) return;
    let timer: Timer | undefined;
    const over = new Promise<void>((resolve) => {
      timer = this.parts.clock.after(delayMs, resolve);
    });
    await Promise.race([over, this.#ended]);
    timer?.cancel();
  }

  async #enter(opened: { room: Room; role: RoomRole }): Promise<void> {
    // A caller who never acknowledges our answer cannot be charged, so he does not get in.
    await Promise.race([this.#whenAcked, this.#ended]);
    this.#stopIfEnded();
    const { cdrId, startedAtMs } = this.opened;
    const { number, language } = this.plan.accessNumber;
    const call = { callId: cdrId, leg: this.#theLeg(), number, language, startedAtMs };
    // The seat is known before anything can fail, so that the end of the call frees it.
    this.#roomId = opened.room.id;
    this.parts.liveCalls.update(cdrId, { roomId: opened.room.id, roomRole: opened.role });
    const entered = await enterRoom(this.parts, call, opened);
    this.#entered = entered;
    this.#stopIfEnded();
    this.#state = startTalking({ chargedFromMs: entered.chargedFromMs, ...entered.grant });
    this.parts.liveCalls.update(cdrId, {
      phase: 'talking',
      enteredAtMs: entered.chargedFromMs,
      paidSeconds: entered.grant.paidSeconds,
    });
    this.#ticking = this.parts.clock.every(TICK_MS, () => this.#apply({ type: 'tick', nowMs: this.#now() }));
    this.#apply({ type: 'tick', nowMs: this.#now() });
  }

  /** Gives an event to the state machine and does what it answers. */
  #apply(event: CallEvent): void {
    if (!this.#state) return;
    const { next, commands } = onCallEvent(this.#state, event, this.parts.settings.creditAheadSeconds);
    this.#state = next;
    for (const command of commands) this.#do(command);
  }

  #do(command: CallCommand): void {
    switch (command.type) {
      case 'extend-credit':
        void this.#extendCredit(command.untilSeconds);
        break;
      case 'say-in-room':
        this.#theLeg()
          .playInConference([this.#file(command.prompt)])
          .catch((error: unknown) => this.#warn('a warning was not spoken', error));
        break;
      case 'finish':
        this.#ticking?.cancel();
        this.#end ??= command.end;
        this.#lastPrompt = command.prompt;
        this.#tellEnded();
        break;
    }
  }

  async #extendCredit(untilSeconds: number): Promise<void> {
    try {
      const grant = await this.parts.credit.extend({
        callId: this.opened.cdrId,
        untilSeconds,
        nowMs: this.#now(),
      });
      this.#apply({ type: 'credit-granted', ...grant, nowMs: this.#now() });
      this.parts.liveCalls.update(this.opened.cdrId, { paidSeconds: grant.paidSeconds });
    } catch (error) {
      this.#warn('credit cannot be reached; the call goes on to the end of what is paid', error);
      this.#apply({ type: 'credit-unreachable', nowMs: this.#now() });
    }
  }

  #onDialogGone(): void {
    const result = this.#acked ? 'completed' : 'no-ack';
    this.#endWith({ result, endedBy: this.#acked ? 'caller' : 'network', endedAtMs: this.#now() });
  }

  /** The media server noticed silence `rtpTimeoutMs` after the last packet, and the last packet is the last proof of life. */
  #onLegGone(cause: string): void {
    if (!this.#end) this.#hangupCause = cause.slice(0, MAX_HANGUP_CAUSE_LENGTH);
    const silentMs = cause === 'MEDIA_TIMEOUT' ? this.parts.settings.rtpTimeoutMs : 0;
    this.parts.log.info('media leg ended', { cdrId: this.opened.cdrId, cause });
    this.#endWith({ result: 'media-lost', endedBy: 'network', endedAtMs: this.#now() - silentMs });
  }

  /** The one way to end: the first end counts, and before the room it ends the story at its next step. */
  #endWith(end: CallEnd): void {
    if (this.#state) {
      this.#apply({ type: 'ended', end });
      return;
    }
    this.#end ??= end;
    this.#tellEnded();
    // Whatever the story is waiting for on the leg ends now.
    void this.#leg?.hangUp();
  }

  #endByError(error: unknown): void {
    if (this.#end) return;
    if (error instanceof LegGone) {
      this.#onLegGone(error.cause);
      return;
    }
    const reason = error instanceof Refused ? error.reason : refusalReasonOf(error);
    if (reason === 'technical-fault') this.#warn('a call failed', error);
    const found = refusal(reason);
    this.#refusal = found;
    this.#lastPrompt = found.prompt;
    this.#end = { result: found.result, endedBy: 'house', endedAtMs: this.#now() };
  }

  /** Closes everything the call had, then its CDR. */
  async #finish(): Promise<void> {
    const end = this.#end ?? { result: 'failed', endedBy: 'house', endedAtMs: this.#now() };
    this.#ticking?.cancel();
    await this.parts.keeper.ending(this.#closedLeg(end, null));
    if (this.#roomId !== null) this.parts.seats.free(this.#roomId, this.opened.cdrId);
    await this.#sayLast().catch((error: unknown) => this.#warn('the last prompt was not spoken', error));
    await Promise.all([this.#leg?.hangUp(), this.#hangUpCaller()]);
    const quality = this.#leg ? await this.parts.media.qualityOf(this.#leg.id) : null;
    await this.parts.keeper.close(this.#closedLeg(end, quality));
    this.parts.liveCalls.delete(this.opened.cdrId);
    this.parts.log.info('call ended', { cdrId: this.opened.cdrId, result: end.result, endedBy: end.endedBy });
  }

  async #sayLast(): Promise<void> {
    if (!this.#lastPrompt || !this.#leg || !this.#dialog?.connected) return;
    await this.#leg.leaveConference();
    await this.#leg.play([this.#file(this.#lastPrompt)]);
  }

  async #hangUpCaller(): Promise<void> {
    try {
      if (this.#dialog?.connected)
        await within(this.parts.clock, BYE_LIMIT_MS, 'the caller’s answer to BYE', this.#dialog.destroy());
      else if (!this.#dialog && !this.invite.res.finalResponseSent && this.#end?.result !== 'cancelled') {
        const found = this.#refusal ?? refusal('technical-fault');
        this.invite.res.send(found.sipStatus, found.sipReason, { headers: refusalHeaders(found) });
      }
    } catch (error) {
      this.#warn('the caller did not confirm the end', error);
    }
  }

  #closedLeg(end: CallEnd, quality: ClosedLeg['quality']): ClosedLeg {
    const answered = this.#answeredAtMs !== null;
    const charged = this.#acked ? this.#entered : null;
    return {
      ...this.opened,
      roomId: this.#entered?.room.id ?? null,
      roomRole: this.#entered?.role ?? null,
      payerAccountId: this.#entered?.room.ownerAccountId ?? null,
      ringingAtMs: null,
      answeredAtMs: this.#answeredAtMs,
      waitedMs: 0,
      chargedFromMs: charged?.chargedFromMs ?? null,
      endedAtMs: Math.max(end.endedAtMs, charged?.chargedFromMs ?? this.opened.startedAtMs),
      result: end.result,
      endedBy: end.endedBy,
      sipStatus: answered ? 200 : end.result === 'cancelled' ? 487 : (this.#refusal?.sipStatus ?? 500),
      hangupCause: this.#hangupCause,
      quality,
    };
  }

  #onInfo(leg: Leg, req: SrfRequest, res: SrfResponse): void {
    res.send(200);
    leg
      .passDigit(req.get('Content-Type') ?? '', req.body)
      .catch((error: unknown) => this.#warn('a digit was not passed on', error));
  }

  #onReoffer(leg: Leg, req: SrfRequest, res: SrfResponse): void {
    leg.reoffer(req.body).then(
      (answer) => res.send(200, { body: answer }),
      (error: unknown) => {
        this.#warn('a new offer was refused', error);
        res.send(488, 'Not Acceptable Here');
      },
    );
  }

  #theLeg(): Leg {
    if (!this.#leg) throw new AlreadyEnded();
    return this.#leg;
  }

  #stopIfEnded(): void {
    if (this.#end) throw new AlreadyEnded();
  }

  #file(prompt: PromptName): string {
    return promptFile(this.parts.settings.promptsDir, this.plan.accessNumber.language, prompt);
  }

  #now(): number {
    return this.parts.clock.nowMs();
  }

  #warn(event: string, error: unknown): void {
    this.parts.log.warn(event, { cdrId: this.opened.cdrId, error });
  }
}
