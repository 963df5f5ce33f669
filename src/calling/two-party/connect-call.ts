import type Srf from 'drachtio-srf';
import type { OpenedLeg } from '../../cdr/journal-records';
import type { CallingParts } from '../calling-parts';
import { InboundLeg, type Invite } from '../inbound-leg';
import type { OutwardLeg } from '../outward/outward-leg';
import type { CallPlan } from '../plan-call';
import { Refused } from '../call-ended';
import type { RunningCall } from '../running-call';
import { Conversation, endOfPartner } from './conversation';
import { type InboundCharge, payInbound } from './pay-inbound';
import { Reach } from './reach';
import type { ShownCaller } from './shown-caller';
import { takeMessage } from './take-message';
import { offerTransfer } from './transfer';

/** A call that rings somebody: an account's telephones or a number outside. The caller is answered when the far end is. */
export class ConnectCall {
  readonly #inbound: InboundLeg;
  readonly #call: RunningCall;

  constructor(
    private readonly parts: CallingParts,
    private readonly srf: Srf,
    private readonly plan: Extract<CallPlan, { kind: 'connect' }>,
    private readonly shown: ShownCaller,
    opened: OpenedLeg,
    invite: Invite,
    language: string,
  ) {
    this.#inbound = new InboundLeg(parts, srf, invite, opened, language);
    this.#call = this.#inbound.call;
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
    const { parts, plan } = this;
    const call = this.#call;
    await this.#inbound.openChannel();
    const grant = await payInbound(parts, call, plan.destination);
    const reach = new Reach(parts, this.srf, {
      callId: call.opened.callId,
      caller: this.shown,
      payerAccountId: plan.caller.kind === 'device' ? plan.caller.account.id : null,
      language: call.language,
      onward: plan.onward,
      whenGone: call.whenEnded,
      onRinging: (heard) => this.#onRinging(heard),
    });
    const reached = await reach.reach(plan.destination);
    if (reached.kind === 'refused') throw new Refused(reached.reason);
    if (reached.kind === 'voicemail') return this.#takeMessage(reached.accountId, grant);
    const far = reached.leg.call;
    for (const leg of [call, far]) offerTransfer(parts, this.srf, leg);
    try {
      await this.#inbound.answer();
      if (grant) await grant.charge();
      const conversation = new Conversation(parts, call, far, 'end-left');
      await conversation.begin();
    } catch (error) {
      // A caller may hang up in the same breath as he is answered.
      const end = call.end ? endOfPartner(call.end) : ({ result: 'failed', endedBy: 'house' } as const);
      far.endWith({ ...end, prompt: null });
      throw error;
    }
  }

  /** Nobody answered, and the account takes messages: the house answers in its place. */
  async #takeMessage(accountId: string, grant: InboundCharge | null): Promise<void> {
    const { parts } = this;
    const call = this.#call;
    if (!(await parts.mailbox.hasRoom(accountId))) throw new Refused('user-no-answer');
    await this.#inbound.answer();
    call.resultWhenLeft = 'voicemail';
    if (grant) await grant.charge();
    const isKept = await takeMessage(parts, call, { accountId, caller: this.shown });
    call.endWith({ result: 'voicemail', endedBy: 'house', prompt: isKept ? null : 'goodbye' });
  }

  /** A far end that is heard before its answer is heard by the caller; else his own telephone rings. */
  #onRinging(heard: OutwardLeg | null): void {
    if (!heard) return this.#inbound.ringing();
    this.#call.leg
      .bridge(heard.call.leg)
      .then(() => this.#inbound.hear())
      .catch((error: unknown) => this.#call.warn('sound before the answer is not passed on', error));
  }
}
