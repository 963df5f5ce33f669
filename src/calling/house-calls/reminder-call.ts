import type Srf from 'drachtio-srf';
import { AppError } from '../../kernel/app-error';
import type { E164 } from '../../kernel/phone-number';
import { lineFiles } from '../../media/spoken-line';
import { FIRST_PASS } from '../../trunks/loop-guard';
import type { CallingParts } from '../calling-parts';
import type { RunningCall } from '../running-call';
import { dialTrunks } from '../two-party/dial-trunks';
import { NEVER } from '../two-party/reach-wish';
import { howToPayLine, reminderLine, type ReminderWords } from './reminder-lines';

const RING_LIMIT_MS = 45_000;
/** How often it is told what is open, and how long a key is waited for after each time. */
const TOLD_TIMES = 2;
const KEY_WAIT_MS = 5_000;
/** How often the way to pay is said: nobody has a pencil the first time. */
const HOW_TIMES = 2;

/** What a telephone reminder is to say, and to whom. */
export type ReminderWish = ReminderWords & {
  /** The same for each try: a call that was begun under it is not begun again. */
  readonly key: string;
  readonly accountId: string;
  readonly to: E164;
  readonly language: string;
};

/** No trunk could be sent the call: nobody's telephone rang. */
export class ReminderNotPlaced extends AppError {
  readonly code = 'reminder-not-placed';
  constructor(reason: string) {
    super(`the reminder could not be called out: ${reason}; it is tried again`, { reason });
  }
}

/**
 * Calls somebody and tells what is open of an invoice; key 1, pressed at any time, tells how to pay. The house pays: nothing is held or charged, and the
 * leg is nobody's, so that it goes on where the account is suspended. It says what it has to say to whatever answers, person or voicemail, and hangs up.
 */
export class ReminderCall {
  readonly #told: string[];
  readonly #how: string[];

  /** @throws NotSpeakable for an amount or a day that has no words */
  constructor(
    private readonly parts: CallingParts,
    private readonly srf: Srf,
    private readonly wish: ReminderWish & { readonly callId: string },
  ) {
    const { promptsDir } = parts.settings;
    this.#told = lineFiles(promptsDir, wish.language, reminderLine(wish, parts.clock.nowMs()));
    this.#how = lineFiles(promptsDir, wish.language, howToPayLine(wish));
  }

  /** Runs the call to its end. `onSent` is told once a trunk has it, `onLeg` each leg. @throws ReminderNotPlaced before `onSent` only; AlreadyEnded when the service closes */
  async run(onSent: () => void, onLeg: (call: RunningCall) => void): Promise<void> {
    const { callId, to, language } = this.wish;
    let isSent = false;
    const reached = await dialTrunks(
      this.parts,
      this.srf,
      {
        callId,
        caller: { number: null, isWithheld: false, accountId: null },
        payerAccountId: null,
        language,
        onward: FIRST_PASS,
        whenGone: NEVER,
        onRinging: () => undefined,
      },
      {
        destination: { kind: 'telephone', number: to },
        payerAccountId: null,
        forwardedFrom: null,
        ringLimitMs: RING_LIMIT_MS,
        onLeg,
        onSent: () => {
          isSent = true;
          onSent();
        },
      },
    );
    if (reached.kind === 'refused' && !isSent) throw new ReminderNotPlaced(reached.reason);
    if (reached.kind !== 'answered') return;
    const { call } = reached.leg;
    try {
      await this.#tell(call);
      call.endWith({ result: 'completed', endedBy: 'house', prompt: 'goodbye' });
    } catch (error) {
      call.endByError(error);
    }
  }

  async #tell(call: RunningCall): Promise<void> {
    const { leg } = call;
    const asked: { whenSilent: Promise<void> | null } = { whenSilent: null };
    const whenAsked = new Promise<void>((resolve) => {
      leg.onDigit((digit) => {
        if (digit !== '1' || asked.whenSilent) return;
        asked.whenSilent = leg.interrupt();
        asked.whenSilent.catch((error: unknown) => call.warn('a reminder was not interrupted', error));
        resolve();
      });
    });
    for (let n = 0; n < TOLD_TIMES && !asked.whenSilent; n++) {
      await call.leg.play(this.#told);
      if (!asked.whenSilent) await Promise.race([whenAsked, call.keepBack(KEY_WAIT_MS)]);
    }
    if (!asked.whenSilent) return;
    // A break that is still under way would silence what is said next.
    await asked.whenSilent;
    for (let n = 0; n < HOW_TIMES; n++) await call.leg.play(this.#how);
  }
}
