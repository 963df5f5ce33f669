import type Srf from 'drachtio-srf';
import { readAccount } from '../../accounts/accounts-store';
import { toneFile } from '../../media/prompts';
import { FIRST_PASS } from '../../trunks/loop-guard';
import type { CallingParts } from '../calling-parts';
import { refusal, type RefusalReason } from '../refuse-call';
import type { RunningCall } from '../running-call';
import { Conversation } from './conversation';
import { findDestination } from './destination';
import { Reach } from './reach';
import type { Reached } from './reach-wish';
import { shownCallerOf } from './shown-caller';
import { takeMessage } from './take-message';

/** Typed within a call to end it and dial on. */
const HANG_UP_KEYS = '##';

/** What a refusal is called by when the account that pays is the caller's own. */
const OWN_PROMPTS = { 'no-credit': 'credit-too-low' } as const satisfies Partial<
  Record<RefusalReason, string>
>;

/**
 * Calls that are dialled within a call: somebody typed the PIN of an account, which pays them, and dials one number after the other. His own leg goes
 * on through all of them.
 */
export class CardCalls {
  constructor(
    private readonly parts: CallingParts,
    private readonly srf: Srf,
    private readonly call: RunningCall,
  ) {}

  /** Calls a number at the account's cost; resolves when that call is over, however it went. @throws AlreadyEnded, LegGone */
  async dial(accountId: string, dialled: string): Promise<void> {
    const { call, parts } = this;
    const account = await readAccount(parts.database.read, accountId);
    const destination = await findDestination(parts.database.read, { dialled, country: account.country });
    const caller = await shownCallerOf(parts.database.read, account);
    const stopped = hangUpKeys(call);
    const reach = new Reach(parts, this.srf, {
      callId: call.id,
      caller,
      payerAccountId: accountId,
      language: call.language,
      onward: FIRST_PASS,
      whenGone: Promise.race([stopped, call.whenEnded]),
      onRinging: () => undefined,
    });
    const reached = await this.#whileRinging(() => reach.reach(destination));
    if (reached.kind === 'voicemail' && (await parts.mailbox.hasRoom(reached.accountId))) {
      await takeMessage(parts, call, { accountId: reached.accountId, caller });
      return call.leg.play(call.files(['call-has-ended']));
    }
    if (reached.kind !== 'answered') return this.#sayRefused(reached);
    const conversation = new Conversation(parts, call, reached.leg.call, 'keep-left');
    await conversation.begin();
    await Promise.race([stopped, conversation.whenOver]);
    reached.leg.call.endWith({ result: 'completed', endedBy: 'caller', prompt: null });
    await conversation.whenOver;
    call.stopIfEnded();
    await call.leg.unbridge();
    await call.leg.play(call.files(['call-has-ended']));
  }

  /** The caller hears it ring, whatever the far end's network would play. */
  async #whileRinging(reach: () => Promise<Reached>): Promise<Reached> {
    const { leg } = this.call;
    leg.startMusic(toneFile(this.parts.settings.promptsDir, 'ringback'));
    try {
      return await reach();
    } finally {
      await leg.stopMusic();
    }
  }

  async #sayRefused(reached: Exclude<Reached, { kind: 'answered' }>): Promise<void> {
    const { call } = this;
    const reason = reached.kind === 'refused' ? reached.reason : 'user-no-answer';
    const own = reason === 'no-credit' ? OWN_PROMPTS[reason] : null;
    const prompt = own ?? refusal(reason).prompt;
    if (prompt !== null) await call.leg.play(call.files([prompt]));
  }
}

/** Resolves when the keys come one after the other; other keys between them begin anew. */
function hangUpKeys(call: RunningCall): Promise<void> {
  let typed = '';
  return new Promise((resolve) => {
    call.leg.onDigit((key) => {
      typed = (typed + key).slice(-HANG_UP_KEYS.length);
      if (typed === HANG_UP_KEYS) resolve();
    });
  });
}
