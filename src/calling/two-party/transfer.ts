import type Srf from 'drachtio-srf';
import type { SrfResponse } from 'drachtio-srf';
import { readAccount } from '../../accounts/accounts-store';
import { within } from '../../kernel/clock';
import { musicFile } from '../../media/prompts';
import { FIRST_PASS } from '../../trunks/loop-guard';
import type { CallingParts } from '../calling-parts';
import { refusal } from '../refuse-call';
import type { RunningCall } from '../running-call';
import { Conversation } from './conversation';
import { findDestination } from './destination';
import { Reach } from './reach';
import type { Reached } from './reach-wish';
import { readReferTo, type ReferTarget } from './refer-to';

/** A leg that was answered talks soon after. */
const BEGIN_LIMIT_MS = 3_000;

/** An account's telephone that has asked for a transfer is hung up on this much later, if it does not hang up itself. */
const HANG_UP_MS = 2_000;

/**
 * Lets a leg transfer the one it talks with (RFC 3515, RFC 5589). Only an account's own telephone may: what the new leg costs is paid by that account.
 */
export function offerTransfer(parts: CallingParts, srf: Srf, leg: RunningCall): void {
  const { deviceId, accountId } = leg.opened;
  if (deviceId === null || accountId === null) return;
  leg.onRefer((req, res) => {
    const target = readReferTo(req.get('Refer-To') ?? '');
    if (!target) return res.send(400, 'Bad Refer-To');
    within(parts.clock, BEGIN_LIMIT_MS, 'a conversation to transfer', parts.conversations.when(leg)).then(
      (conversation) => {
        const transfer = new Transfer(parts, srf, { leg, accountId, conversation, target });
        transfer.run(res).catch((error: unknown) => leg.warn('a transfer failed', error));
      },
      () => res.send(403, 'Forbidden'),
    );
  });
}

type TransferWish = {
  readonly leg: RunningCall;
  readonly accountId: string;
  readonly conversation: Conversation;
  readonly target: ReferTarget;
};

/** One REFER: the answer, the NOTIFYs that tell how it goes (RFC 3515 2.4.4), and what becomes of the legs. */
class Transfer {
  constructor(
    private readonly parts: CallingParts,
    private readonly srf: Srf,
    private readonly wish: TransferWish,
  ) {}

  async run(res: SrfResponse): Promise<void> {
    const { replaces } = this.wish.target;
    const other = replaces && this.parts.conversations.byDialog(replaces);
    if (replaces && other?.leg.opened.accountId !== this.wish.accountId) {
      res.send(481, 'Call/Transaction Does Not Exist');
      return;
    }
    // It may hang up as soon as it knows that we have taken over: that is then no end of the conversation.
    for (const leg of [this.wish.leg, other?.leg]) if (leg) leg.resultWhenLeft = 'transferred';
    res.send(202, 'Accepted');
    await this.#notify('100 Trying', true);
    if (other) await this.#join(other.conversation, other.leg);
    else await this.#callInstead();
  }

  /** Attended: the two who talked with this telephone talk with each other. */
  async #join(second: Conversation, secondLeg: RunningCall): Promise<void> {
    const { leg, conversation } = this.wish;
    const [staying, arriving] = [conversation.partnerOf(leg), second.partnerOf(secondLeg)];
    await conversation.split();
    await second.split();
    try {
      await new Conversation(this.parts, staying, arriving, 'end-left').begin();
    } catch (error) {
      await this.#notify('503 Service Unavailable', false);
      for (const party of [staying, arriving, leg, secondLeg]) party.endByError(error);
      throw error;
    }
    await this.#notify('200 OK', false);
    this.#letGo(leg);
    this.#letGo(secondLeg);
  }

  /** Blind: the partner hears music while the new number rings, and this telephone gets him back when nobody answers. */
  async #callInstead(): Promise<void> {
    const { leg, conversation } = this.wish;
    const staying = conversation.partnerOf(leg);
    await conversation.split();
    staying.leg.startMusic(musicFile(this.parts.settings.promptsDir));
    const reached = await this.#reach(staying);
    await staying.leg.stopMusic();
    if (reached.kind !== 'answered') return this.#giveBack(staying, reached);
    try {
      await new Conversation(this.parts, staying, reached.leg.call, 'end-left').begin();
    } catch (error) {
      for (const party of [staying, reached.leg.call]) party.endByError(error);
      throw error;
    }
    offerTransfer(this.parts, this.srf, reached.leg.call);
    await this.#notify('200 OK', false);
    this.#letGo(leg);
  }

  async #reach(staying: RunningCall): Promise<Reached> {
    const { accountId, target, leg } = this.wish;
    const sql = this.parts.database.read;
    const { country } = await readAccount(sql, accountId);
    const destination = await findDestination(sql, { dialled: target.dialled, country });
    if (destination.kind !== 'user' && destination.kind !== 'telephone')
      return { kind: 'refused', reason: 'number-not-served' };
    const { direction, fromNumber, isWithheld, dialledNumber } = staying.opened;
    const reach = new Reach(this.parts, this.srf, {
      callId: leg.opened.callId,
      caller: { number: direction === 'inbound' ? fromNumber : dialledNumber, isWithheld, accountId },
      payerAccountId: accountId,
      language: leg.language,
      onward: FIRST_PASS,
      whenGone: staying.whenEnded,
      onRinging: () => undefined,
    });
    try {
      return await reach.reach(destination);
    } catch (error) {
      leg.warn('nobody waits for a transfer any more', error);
      return { kind: 'refused', reason: 'technical-fault' };
    }
  }

  async #giveBack(staying: RunningCall, reached: Exclude<Reached, { kind: 'answered' }>): Promise<void> {
    const { leg } = this.wish;
    const { sipStatus, sipReason } = refusal(reached.kind === 'refused' ? reached.reason : 'user-no-answer');
    leg.resultWhenLeft = 'completed';
    await this.#notify(`${sipStatus} ${sipReason}`, false);
    if (leg.end)
      return staying.endWith({ result: 'completed', endedBy: 'house', prompt: 'callee-unreachable' });
    if (staying.end) return leg.endWith({ result: 'completed', endedBy: 'callee', prompt: null });
    try {
      await new Conversation(this.parts, staying, leg, 'end-left').begin();
    } catch (error) {
      // It hung up on hearing of the failure: nobody is left to talk with.
      leg.warn('a partner was not given back', error);
      staying.endWith({ result: 'completed', endedBy: 'house', prompt: 'callee-unreachable' });
    }
  }

  /** The telephone mostly hangs up itself on hearing of success. */
  #letGo(leg: RunningCall): void {
    this.parts.clock.after(HANG_UP_MS, () =>
      leg.endWith({ result: 'transferred', endedBy: 'house', prompt: null }),
    );
  }

  async #notify(statusLine: string, goesOn: boolean): Promise<void> {
    await this.wish.leg.requestInside({
      method: 'NOTIFY',
      headers: {
        Event: 'refer',
        'Subscription-State': goesOn ? 'active;expires=60' : 'terminated;reason=noresource',
        'Content-Type': 'message/sipfrag;version=2.0',
      },
      body: `SIP/2.0 ${statusLine}\r\n`,
    });
  }
}
