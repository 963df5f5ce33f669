import type Srf from 'drachtio-srf';
import type { SrfRequest, SrfResponse } from 'drachtio-srf';
import type { OpenedLeg } from '../cdr/journal-records';
import { chooseLanguageFile } from '../media/prompts';
import { type MenuCommand, type MenuEvent, menuStep, openMenu } from './access-menu';
import type { CallingParts } from './calling-parts';
import { checkAccountPin, checkTypedPin } from './check-typed-pin';
import { type ListedEntry, checkEnterable, listedEntries } from './find-entry';
import type { CallPlan } from './plan-call';
import { type Refusal, refusal, refusalHeaders } from './refuse-call';
import { RoomVisit, type Visitor } from './room-session/room-visit';
import { AlreadyEnded, Refused, RunningCall } from './running-call';

/** How long a caller may think before the first digit, and between digits. */
const FIRST_DIGIT_MS = 10_000;
const NEXT_DIGIT_MS = 5_000;

/** The INVITE of a call, and the promise that its CANCEL resolves. */
export type Invite = {
  readonly req: SrfRequest;
  readonly res: SrfResponse;
  readonly cancelled: Promise<void>;
};

/** A call to an access number: answer, menu, room. The story runs top down; what ends it earlier is running-call.ts's business. */
export class MenuCall {
  readonly #call: RunningCall;
  #visit: RoomVisit | null = null;

  constructor(
    private readonly parts: CallingParts,
    private readonly srf: Srf,
    private readonly plan: Extract<CallPlan, { kind: 'menu' }>,
    opened: OpenedLeg,
    private readonly invite: Invite,
  ) {
    this.#call = new RunningCall(parts, opened, plan.accessNumber.language);
  }

  /** Runs the call to its end; never throws. */
  async run(): Promise<void> {
    const call = this.#call;
    void this.invite.cancelled.then(() =>
      call.endWith({ result: 'cancelled', endedBy: 'caller', prompt: null }),
    );
    // A CANCEL that came before this line ends the call before it is answered.
    await Promise.resolve();
    try {
      await this.#answer();
      const visitor = await this.#passMenu();
      // A caller who never acknowledges our answer cannot be charged, so he does not get in.
      await Promise.race([call.whenAcked, call.whenEnded]);
      call.stopIfEnded();
      this.#visit = new RoomVisit(call, this.parts.liveRooms.open(visitor.room), visitor);
      this.#visit.arrive();
      await this.#visit.enterRoom();
      await call.whenEnded;
    } catch (error) {
      call.endByError(error);
    }
    this.#visit?.leave();
    await call.finish((why) => this.#refuse(why));
  }

  /** Ends the call from our side: an operator's wish, or the service closing. */
  endNow(result: 'removed' | 'draining' | 'failed'): void {
    this.#call.endNow(result);
  }

  async #answer(): Promise<void> {
    const call = this.#call;
    call.stopIfEnded();
    const leg = await this.parts.media.createLeg(this.invite.req.body, { 'X-Call': call.id });
    call.useLeg(leg);
    call.stopIfEnded();
    const answering = this.srf.createUAS(this.invite.req, this.invite.res, { localSdp: leg.localSdp });
    // A SIP server that dies meanwhile never says what became of our answer; to a CANCEL it does.
    const lost = call.whenEnded.then(() => (call.end?.endedBy === 'network' ? null : answering));
    const dialog = await Promise.race([answering, lost]);
    if (!dialog) {
      answering.catch((error: unknown) => call.warn('an answer was lost with the SIP server', error));
      throw new AlreadyEnded();
    }
    await call.answered(dialog, leg, { acked: false });
    this.parts.liveCalls.update(call.id, { phase: 'menu' });
    call.stopIfEnded();
  }

  /** Asks for Room ID and PIN until they open a room. @throws Refused after the last try, RoomClosed, RoomNotYet */
  async #passMenu(): Promise<Visitor> {
    const call = this.#call;
    const listed = await listedEntries(this.parts, {
      trunk: this.plan.trunk,
      callerNumber: call.opened.fromNumber,
    });
    let { state, command } = openMenu(listed.map(({ room }) => room.roomNumber));
    for (;;) {
      call.stopIfEnded();
      if (command.type === 'give-up') throw new Refused(command.reason);
      if (command.type === 'enter-listed') return this.#visitorOf(listed, command.roomNumber);
      const event: MenuEvent | Visitor = await this.#do(command);
      if ('room' in event) return event;
      ({ state, command } = menuStep(state, event));
    }
  }

  async #do(
    command: Exclude<MenuCommand, { type: 'give-up' | 'enter-listed' }>,
  ): Promise<MenuEvent | Visitor> {
    switch (command.type) {
      case 'ask':
        return {
          type: 'typed',
          digits: await this.#collect(this.#call.file(command.prompt), command.maxDigits),
        };
      case 'ask-language':
        return {
          type: 'typed',
          digits: await this.#collect(chooseLanguageFile(this.parts.settings.promptsDir), 1),
        };
      case 'speak':
        this.#call.language = command.language;
        return { type: 'language-chosen' };
      case 'check':
        return this.#check(command);
      case 'check-account':
        return this.#checkAccount(command.pin);
      case 'speak-balance':
        await this.#speakBalance(command.accountId);
        return { type: 'balance-spoken' };
    }
  }

  async #collect(file: string, maxDigits: number): Promise<string> {
    return this.#call.leg.collect({
      file,
      maxDigits,
      firstDigitMs: FIRST_DIGIT_MS,
      nextDigitMs: NEXT_DIGIT_MS,
    });
  }

  async #check(typed: { roomNumber: string; pin: string }): Promise<MenuEvent | Visitor> {
    const call = this.#call;
    const { opened, delayMs } = await checkTypedPin(
      this.parts,
      { callId: call.id, callerNumber: call.opened.fromNumber, trunk: this.plan.trunk },
      typed,
    );
    await call.keepBack(delayMs);
    if (!opened) return { type: 'refused' };
    const { room, role } = opened;
    await checkEnterable(this.parts, room);
    if (room.rules.language !== null) call.language = room.rules.language;
    return { room, role, name: null, isExpected: false, ratedNumber: this.plan.accessNumber.number };
  }

  async #checkAccount(pin: string): Promise<MenuEvent> {
    const call = this.#call;
    const { accountId, delayMs } = await checkAccountPin(
      this.parts,
      { callId: call.id, callerNumber: call.opened.fromNumber, trunk: this.plan.trunk },
      pin,
    );
    await call.keepBack(delayMs);
    return accountId === null ? { type: 'refused' } : { type: 'account-opened', accountId };
  }

  /** What is spoken is what the ledger has, without what running calls hold. */
  async #speakBalance(accountId: string): Promise<void> {
    const call = this.#call;
    const { balance } = await this.parts.credit.balance(accountId);
    await call.leg.play(call.files(['your-balance-is', { amount: balance }]));
  }

  async #visitorOf(listed: readonly ListedEntry[], roomNumber: string): Promise<Visitor> {
    const found = listed.find(({ room }) => room.roomNumber === roomNumber);
    if (!found) throw new Refused('wrong-pin');
    const { room, entry } = found;
    await checkEnterable(this.parts, room);
    this.#call.language = entry.language ?? room.rules.language ?? this.#call.language;
    return {
      room,
      role: entry.role,
      name: entry.name,
      isExpected: true,
      ratedNumber: this.plan.accessNumber.number,
    };
  }

  /** The final answer to an INVITE that has none. */
  #refuse(why: Refusal | null): void {
    const { res } = this.invite;
    if (res.finalResponseSent || this.#call.end?.result === 'cancelled') return;
    const found = why ?? refusal('technical-fault');
    res.send(found.sipStatus, found.sipReason, { headers: refusalHeaders(found) });
  }
}
