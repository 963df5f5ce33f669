import type Srf from 'drachtio-srf';
import type { OpenedLeg } from '../cdr/journal-records';
import { chooseLanguageFile } from '../media/prompts';
import { roomById } from '../rooms/rooms-store';
import { type MenuCommand, type MenuEvent, menuStep, openMenu } from './access-menu';
import type { CallingParts } from './calling-parts';
import { CardCalls } from './two-party/card-calls';
import { checkAccountPin, checkTypedPin } from './check-typed-pin';
import { type ListedEntry, checkEnterable, listedEntries } from './find-entry';
import { type CallLine, lineOf } from './identify-caller';
import { InboundLeg, type Invite } from './inbound-leg';
import type { CallPlan } from './plan-call';
import { RoomVisit, type Visitor } from './room-session/room-visit';
import { Refused } from './call-ended';
import type { RunningCall } from './running-call';

/** How long a caller may think before the first digit, and between digits. */
const FIRST_DIGIT_MS = 10_000;
const NEXT_DIGIT_MS = 5_000;

/** A call to an access number: answer, menu, room. The story runs top down; what ends it earlier is running-call.ts's business. */
export class MenuCall {
  readonly #inbound: InboundLeg;
  readonly #call: RunningCall;
  readonly #line: CallLine;
  readonly #cardCalls: CardCalls;
  #visit: RoomVisit | null = null;

  constructor(
    private readonly parts: CallingParts,
    srf: Srf,
    private readonly plan: Extract<CallPlan, { kind: 'menu' }>,
    opened: OpenedLeg,
    invite: Invite,
  ) {
    this.#inbound = new InboundLeg(parts, srf, invite, opened, plan.accessNumber.language);
    this.#call = this.#inbound.call;
    this.#line = lineOf(plan.caller, opened.callerIdentity);
    this.#cardCalls = new CardCalls(parts, srf, this.#call);
  }

  /** Runs the call to its end; never throws. */
  async run(): Promise<void> {
    await this.#inbound.run(() => this.#story());
  }

  /** Ends the call from our side: an operator's wish, or the service closing. */
  endNow(result: 'removed' | 'draining' | 'failed'): void {
    this.#call.endNow(result);
  }

  async #story(): Promise<void> {
    const call = this.#call;
    try {
      await this.#inbound.openChannel();
      await this.#inbound.answer();
      this.parts.liveCalls.update(call.id, { phase: 'menu' });
      const visitor = await this.#passMenu();
      await this.#inbound.confirmed();
      this.#visit = new RoomVisit(call, this.parts.liveRooms.open(visitor.room), visitor);
      this.#visit.arrive();
      await this.#visit.enterRoom();
      await call.whenEnded;
    } finally {
      this.#visit?.leave();
    }
  }

  /** Asks for Room ID and PIN until they open a room. @throws Refused after the last try, RoomClosed, RoomNotYet */
  async #passMenu(): Promise<Visitor> {
    const call = this.#call;
    const listed = await listedEntries(this.parts, {
      line: this.#line,
      callerNumber: call.opened.fromNumber,
    });
    const own = this.plan.roomId === null ? null : await roomById(this.parts.database.read, this.plan.roomId);
    let { state, command } = openMenu(
      listed.map(({ room }) => room.roomNumber),
      own?.roomNumber ?? null,
    );
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
      case 'dial':
        await this.#cardCalls.dial(command.accountId, command.number);
        return { type: 'done' };
      case 'redeem':
        await this.#redeem(command.accountId, command.code);
        return { type: 'done' };
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
      { callId: call.id, callerNumber: call.opened.fromNumber, line: this.#line },
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
      { callId: call.id, callerNumber: call.opened.fromNumber, line: this.#line },
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

  /** Says whether the code was good; why it was not, nobody is told. */
  async #redeem(accountId: string, code: string): Promise<void> {
    const call = this.#call;
    const isRedeemed = await this.parts.redeemVoucher({
      accountId,
      code,
      callerNumber: call.opened.fromNumber,
      nowMs: call.now(),
    });
    if (!isRedeemed) return call.leg.play(call.files(['voucher-refused']));
    const { balance } = await this.parts.credit.balance(accountId);
    await call.leg.play(call.files(['voucher-redeemed', 'your-balance-is', { amount: balance }]));
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
}
