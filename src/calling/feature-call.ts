import type Srf from 'drachtio-srf';
import type { OpenedLeg } from '../cdr/journal-records';
import { toneFile } from '../media/prompts';
import type { CallingParts } from './calling-parts';
import { InboundLeg, type Invite } from './inbound-leg';
import type { CallPlan } from './plan-call';
import type { RunningCall } from './running-call';

/** How often the echo test begins anew, and how long one round listens. */
const ECHO_ROUNDS = 10;
const ECHO_SECONDS = 8;
const ECHO_SILENCE_SECONDS = 2;

/** A call to the house itself: the echo test, or the account's balance. It costs nothing. */
export class FeatureCall {
  readonly #inbound: InboundLeg;
  readonly #call: RunningCall;

  constructor(
    private readonly parts: CallingParts,
    srf: Srf,
    private readonly plan: Extract<CallPlan, { kind: 'echo' | 'balance' }>,
    opened: OpenedLeg,
    invite: Invite,
    language: string,
  ) {
    this.#inbound = new InboundLeg(parts, srf, invite, opened, language);
    this.#call = this.#inbound.call;
  }

  /** Runs the call to its end; never throws. */
  async run(): Promise<void> {
    await this.#inbound.run(async () => {
      await this.#inbound.openChannel();
      await this.#inbound.answer();
      this.parts.liveCalls.update(this.#call.id, { phase: 'menu' });
      await (this.plan.kind === 'echo' ? this.#echo() : this.#speakBalance());
      this.#call.endWith({ result: 'completed', endedBy: 'house', prompt: 'goodbye' });
    });
  }

  endNow(result: 'removed' | 'draining' | 'failed'): void {
    this.#call.endNow(result);
  }

  /** The caller says something and hears it again: both ways of the line in one. */
  async #echo(): Promise<void> {
    const call = this.#call;
    const beep = toneFile(this.parts.settings.promptsDir, 'beep');
    for (let round = 0; round < ECHO_ROUNDS; round++) {
      const file = this.parts.spoolFile(`name-${call.id}-${round}.wav`);
      await call.leg.play([...call.files(['echo-test']), beep]);
      const { seconds } = await call.leg.recordShort(file, {
        maxSeconds: ECHO_SECONDS,
        silenceSeconds: ECHO_SILENCE_SECONDS,
        terminator: '#',
      });
      try {
        if (seconds > 0) await call.leg.play([file]);
      } finally {
        this.parts.forgetSpoolFile(file);
      }
      call.stopIfEnded();
    }
  }

  /** What is spoken is what the ledger has, without what running calls hold. */
  async #speakBalance(): Promise<void> {
    const call = this.#call;
    const { balance } = await this.parts.credit.balance(this.plan.caller.account.id);
    await call.leg.play(call.files(['your-balance-is', { amount: balance }]));
  }
}
