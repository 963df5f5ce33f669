import type Srf from 'drachtio-srf';
import { readAccount } from '../../accounts/accounts-store';
import { AppError, InvalidInput } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import type { E164 } from '../../kernel/phone-number';
import { toneFile } from '../../media/prompts';
import type { Line } from '../../media/spoken-line';
import { FIRST_PASS } from '../../trunks/loop-guard';
import type { CallingParts } from '../calling-parts';
import { refusal } from '../refuse-call';
import type { RunningCall } from '../running-call';
import { Conversation } from '../two-party/conversation';
import { type Destination, findDestination } from '../two-party/destination';
import { Reach } from '../two-party/reach';
import { NEVER, type Reached } from '../two-party/reach-wish';
import { type ShownCaller, shownCallerOf } from '../two-party/shown-caller';
import { takeMessage } from '../two-party/take-message';
import { ReminderCall, type ReminderWish } from './reminder-call';
import { beginReminder, takeReminderBack } from './reminder-calls-store';

/** Calls that the house makes for accounts at once; one more is refused. */
const MAX_AT_ONCE = 100;

/** Reminders among them: the rest of the places is for calls that somebody waits for. */
const REMINDERS_AT_ONCE = 20;

/** A code is spoken this often: nobody has a pencil the first time. */
const CODE_TIMES = 3;

/** The house makes no more calls now. */
export class HouseCallsFull extends AppError {
  readonly code = 'too-many-house-calls';
  constructor() {
    super('the house makes as many calls as it can; try again in a minute', { limit: MAX_AT_ONCE });
  }
}

/** Both numbers of a call-back, as they would be dialled, and who pays both legs. */
export type CallBackWish = { readonly accountId: string; readonly first: string; readonly second: string };

/**
 * Calls that the house makes: for an account, which pays every leg that costs something, one that speaks a code, and the call-back, in which the house
 * calls both sides; and of its own, which nobody is charged for, one that reminds of an invoice.
 */
export class HouseCalls {
  readonly #legs = new Set<RunningCall>();
  readonly #reminders = new Set<Promise<void>>();
  #count = 0;
  #draining = false;

  constructor(
    private readonly srf: Srf,
    private readonly parts: () => CallingParts,
  ) {}

  /** From now on none begins. */
  drain(): void {
    this.#draining = true;
  }

  endAll(result: 'draining' | 'failed'): void {
    for (const leg of this.#legs) leg.endNow(result);
  }

  /** Calls a number and speaks a code there. Resolves when the call is begun. @throws HouseCallsFull, NotFound */
  async speakCode(wish: {
    readonly accountId: string;
    readonly number: E164;
    readonly code: string;
  }): Promise<void> {
    const account = await readAccount(this.parts().database.read, wish.accountId);
    const language = account.language ?? this.parts().settings.houseLanguage;
    const caller: ShownCaller = { number: null, isWithheld: false, accountId: account.id };
    const destination: Destination = { kind: 'telephone', number: wish.number };
    this.#begin(async () => {
      const reached = await this.#reach(newCallId(this.parts()), destination, caller, account.id, language);
      if (reached.kind !== 'answered') return;
      const { call } = reached.leg;
      const digits = Array.from(wish.code, (digit) => ({ number: Number(digit) }));
      const line: Line = ['your-code-is', ...digits];
      for (let n = 0; n < CODE_TIMES && !call.end; n++) await call.leg.play(call.files(line));
      call.endWith({ result: 'completed', endedBy: 'house', prompt: 'goodbye' });
    });
  }

  /**
   * Calls `first`, and when it has answered `second`, and connects them. Resolves with the id that both legs' CDRs bear, when the call is begun.
   * @throws HouseCallsFull, NotFound (account), InvalidInput for a number that is none
   */
  async callBack({ accountId, first, second }: CallBackWish): Promise<string> {
    const { database, settings } = this.parts();
    const account = await readAccount(database.read, accountId);
    const { country } = account;
    const [begin, end] = await Promise.all(
      [first, second].map((dialled) => findDestination(database.read, { dialled, country })),
    );
    const from = callable('first', first, begin);
    const to = callable('second', second, end);
    const callId = newCallId(this.parts());
    const language = account.language ?? settings.houseLanguage;
    const caller = await shownCallerOf(database.read, account);
    this.#begin(() => this.#connect({ callId, from, to, caller, accountId, language }));
    return callId;
  }

  /**
   * Calls somebody up and reminds of an invoice, once for each key. Resolves when a carrier has been sent the call, at once when one of this key was
   * before; waits while as many reminders go on as may. Rejects when no carrier could be sent the call: then it may be tried again.
   * @throws HouseCallsFull, ReminderNotPlaced, NotSpeakable (no words for the amount)
   */
  async remind(wish: ReminderWish): Promise<void> {
    while (this.#reminders.size >= REMINDERS_AT_ONCE) await Promise.race(this.#reminders);
    const parts = this.parts();
    const { database, clock } = parts;
    const callId = newCallId(parts);
    const { key, accountId } = wish;
    const story = new ReminderCall(parts, this.srf, { ...wish, callId });
    if (!(await beginReminder(database, { key, callId, accountId, nowMs: clock.nowMs() }))) return;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#begin(() => {
          const running = story.run(resolve, (call) => this.#keep(call));
          const over = running.catch(reject).finally(() => this.#reminders.delete(over));
          this.#reminders.add(over);
          return running;
        });
      });
    } catch (error) {
      await takeReminderBack(database, { key, callId });
      throw error;
    }
  }

  async #connect(wish: {
    readonly callId: string;
    readonly from: Destination;
    readonly to: Destination;
    readonly caller: ShownCaller;
    readonly accountId: string;
    readonly language: string;
  }): Promise<void> {
    const parts = this.parts();
    const { callId, from, to, caller, accountId, language } = wish;
    const begun = await this.#reach(callId, from, caller, accountId, language);
    if (begun.kind !== 'answered') return;
    const first = begun.leg.call;
    this.#keep(first);
    await first.leg.play(first.files(['call-back-greeting']));
    first.leg.startMusic(toneFile(parts.settings.promptsDir, 'ringback'));
    const reached = await this.#reach(callId, to, caller, accountId, language, first.whenEnded);
    await first.leg.stopMusic();
    if (reached.kind === 'voicemail' && (await parts.mailbox.hasRoom(reached.accountId))) {
      const isKept = await takeMessage(parts, first, { accountId: reached.accountId, caller });
      return first.endWith({
        result: 'completed',
        endedBy: 'house',
        prompt: isKept ? null : 'goodbye',
      });
    }
    if (reached.kind !== 'answered') {
      const prompt = reached.kind === 'refused' ? refusal(reached.reason).prompt : 'callee-no-answer';
      return first.endWith({ result: 'completed', endedBy: 'house', prompt });
    }
    this.#keep(reached.leg.call);
    await new Conversation(parts, first, reached.leg.call, 'end-left').begin();
    await first.whenEnded;
  }

  #reach(
    callId: string,
    destination: Destination,
    caller: ShownCaller,
    payerAccountId: string,
    language: string,
    whenGone: Promise<unknown> = NEVER,
  ): Promise<Reached> {
    const onward = FIRST_PASS;
    const wish = { callId, caller, payerAccountId, language, onward, whenGone, onRinging };
    return new Reach(this.parts(), this.srf, wish).reach(destination);
  }

  #keep(leg: RunningCall): void {
    this.#legs.add(leg);
    void leg.whenEnded.then(() => this.#legs.delete(leg));
  }

  #begin(run: () => Promise<void>): void {
    if (this.#draining || this.#count >= MAX_AT_ONCE) throw new HouseCallsFull();
    this.#count += 1;
    run()
      .catch((error: unknown) => this.parts().log.warn('a call of the house ended early', { error }))
      .finally(() => {
        this.#count -= 1;
      });
  }
}

const onRinging = (): void => undefined;

function newCallId({ clock }: CallingParts): string {
  return newId(clock.nowMs());
}

function callable(field: string, dialled: string, destination: Destination | undefined): Destination {
  if (destination?.kind === 'user' || destination?.kind === 'telephone') return destination;
  throw new InvalidInput(
    field,
    `"${dialled.slice(0, 40)}" is nobody’s number`,
    'write a telephone number or a 123-voip number as you would dial it',
  );
}
