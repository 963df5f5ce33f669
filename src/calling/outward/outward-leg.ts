import type Srf from 'drachtio-srf';
import type { Dialog, SrfRequest, SrfResponse } from 'drachtio-srf';
import type { OpenedLeg } from '../../cdr/journal-records';
import { within } from '../../kernel/clock';
import type { OutboundLeg } from '../../media/outbound-leg';
import { AnswerNotSecure } from '../../media/secure-audio';
import type { Protection } from '../../media/silent-peer';
import type { CallingParts } from '../calling-parts';
import { judgeOffer } from '../judge-offer';
import { AlreadyEnded, Refused } from '../call-ended';
import { RunningCall } from '../running-call';
import { isFarEndsWord, NotAnswered, resultOfStatus, TrunkFull } from './far-status';

/** Where an INVITE of ours goes, and how it is written. */
export type OutwardTarget = {
  readonly uri: string;
  /** The next hop, when it is not the URI's own; null otherwise. */
  readonly proxy: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** How the far end is to speak; one that cannot refuses with 488. */
  readonly speaks: Protection;
  /** The answer to a digest challenge of the one we asked; null gives none, and the challenge stands as his refusal. */
  readonly answerChallenge: (challenge: Challenge) => string | null;
};

/** A 401 or 407: its challenges, who sent it, and the request that met it. */
export type Challenge = {
  readonly headers: readonly string[];
  /** Host that we asked, or the address that answered. */
  readonly by: string;
  readonly method: string;
  readonly uri: string;
  readonly body: string;
  /** Requests answered with this nonce, this one counted. */
  readonly nonceCount: number;
};

export type RingOptions = {
  /** After this long without an answer the call is taken back. */
  readonly ringLimitMs: number;
  /** After this long without any response at all; null waits as long as it rings. */
  readonly silenceLimitMs: number | null;
  /** The INVITE is on its way; told again when it is sent with credentials. */
  readonly onSent?: () => void;
  /** The far end rings; `earlyMedia` says that it is to be heard already. */
  readonly onRinging: (earlyMedia: boolean) => void;
};

/** The far end of a call taken back may answer at the same moment; its late answer is waited for this long. */
const LATE_ANSWER_MS = 40_000;

/** One INVITE of ours with its leg on the media server, and its way to its one CDR. */
export class OutwardLeg {
  #ringing: SrfRequest | null = null;
  #hasEarlyMedia = false;
  #heard = false;
  #isGivenUp = false;
  #giveUp: () => void = () => undefined;
  readonly #whenGivenUp = new Promise<null>((resolve) => {
    this.#giveUp = () => {
      this.#isGivenUp = true;
      this.#takeBack();
      resolve(null);
    };
  });

  private constructor(
    readonly call: RunningCall,
    private readonly srf: Srf,
  ) {}

  /** Notes the leg on disk before anything rings. @throws JournalUnavailable */
  static async open(
    parts: CallingParts,
    srf: Srf,
    wish: { readonly opened: Omit<OpenedLeg, 'nodeSequence'>; readonly language: string },
  ): Promise<OutwardLeg> {
    return new OutwardLeg(new RunningCall(parts, await parts.keeper.open(wish.opened), wish.language), srf);
  }

  /** Whether the far end is heard, before its answer or after. */
  get isHeard(): boolean {
    return this.#hasEarlyMedia || this.call.isAnswered;
  }

  /**
   * Rings the target and resolves when it has answered and is heard.
   * @throws NotAnswered, AlreadyEnded, Refused (its answer has no codec of ours, or no key where SRTP was offered), MediaUnavailable, JournalUnavailable
   */
  async ring(target: OutwardTarget, options: RingOptions): Promise<void> {
    const { call } = this;
    const leg = await call.parts.media.createOutboundLeg({ 'X-Call': call.id }, target.speaks);
    call.useLeg(leg);
    const dialog = await this.#invite(target, leg, options);
    await call.answered(dialog, leg, { acked: true });
    call.parts.liveCalls.update(call.id, { phase: 'talking' });
    if (judgeOffer(dialog.remote.sdp) !== 'usable') throw new Refused('no-codec');
    await leg.acceptAnswer(dialog.remote.sdp).catch((error: unknown) => {
      throw error instanceof AnswerNotSecure ? new Refused('no-codec') : error;
    });
  }

  /** Ends a leg that was not answered, and waits for its CDR. */
  async finishUnanswered(error: unknown): Promise<void> {
    const { call } = this;
    if (error instanceof NotAnswered) {
      call.farStatus = error.status;
      call.noteCause(`SIP ${error.status} ${error.reason}`.trim());
      const endedBy = isFarEndsWord(error.status) ? 'callee' : 'house';
      call.endWith({ result: resultOfStatus(error.status), endedBy, prompt: null });
    } else if (error instanceof TrunkFull)
      call.endWith({ result: 'trunk-full', endedBy: 'house', prompt: null });
    else call.endByError(error);
    await this.finish();
  }

  /** Waits for the end of the leg and brings it to its CDR. Never throws. */
  async finish(): Promise<void> {
    await this.call.whenEnded;
    await this.call.finish(() => this.#takeBack());
  }

  /** The CANCEL; does nothing for a leg that nothing was sent for. */
  #takeBack(): void {
    this.#ringing?.cancel();
  }

  async #invite(target: OutwardTarget, leg: OutboundLeg, options: RingOptions): Promise<Dialog> {
    const { clock } = this.call.parts;
    const timers = [clock.after(options.ringLimitMs, () => this.#giveUp())];
    if (options.silenceLimitMs !== null)
      timers.push(clock.after(options.silenceLimitMs, () => this.#heard || this.#giveUp()));
    try {
      return await this.#send(target, leg, options);
    } finally {
      for (const timer of timers) timer.cancel();
    }
  }

  /** Sends the INVITE, and once more with credentials when it is challenged. */
  async #send(target: OutwardTarget, leg: OutboundLeg, options: RingOptions): Promise<Dialog> {
    const headers = { 'Call-ID': this.call.opened.sipCallId, ...target.headers };
    try {
      return await this.#sendOnce(target, leg, options, headers);
    } catch (error) {
      const again = this.#answered(error, target, leg.localSdp);
      if (!again) throw notAnswered(error);
      try {
        return await this.#sendOnce(target, leg, options, { ...headers, ...again });
      } catch (second) {
        throw notAnswered(second);
      }
    }
  }

  async #sendOnce(
    target: OutwardTarget,
    leg: OutboundLeg,
    options: RingOptions,
    headers: Readonly<Record<string, string>>,
  ): Promise<Dialog> {
    const { call } = this;
    call.stopIfEnded();
    // From here on it is the far end that the call waits for.
    call.parts.overload.handedOn(call.opened.callId);
    const inviting = this.srf.createUAC(
      target.uri,
      {
        localSdp: leg.localSdp,
        headers: { ...headers },
        ...(target.proxy === null ? {} : { proxy: target.proxy }),
      },
      {
        cbRequest: (_error, req) => {
          this.#ringing = req;
          if (req) options.onSent?.();
        },
        cbProvisional: (res) => this.#onProvisional(res, leg, options),
      },
    );
    const dialog = await Promise.race([inviting, this.#whenGivenUp, call.whenEnded.then(() => null)]);
    if (dialog) return dialog;
    this.#hangUpLateAnswer(inviting);
    if (!this.#isGivenUp) throw new AlreadyEnded();
    // What rang is taken back by a CANCEL, which it answers with 487; of what never said anything there is nothing to take back.
    throw new NotAnswered(this.#heard ? 487 : 408, 'no answer in time');
  }

  /** Whoever answers at the same moment as we give up is hung up on. */
  #hangUpLateAnswer(inviting: Promise<Dialog>): void {
    const { parts, id } = this.call;
    within(parts.clock, LATE_ANSWER_MS, 'the end of a call that was taken back', inviting)
      .then((late) => late.destroy())
      .catch(() => parts.log.info('a call that was taken back is over', { cdrId: id }));
  }

  /** Headers that answer the challenge with which the far end refused; null when it did not, or when we give it no answer. */
  #answered(error: unknown, target: OutwardTarget, body: string): Readonly<Record<string, string>> | null {
    const { status, res } = error as { status?: number; res?: SrfResponse };
    if ((status !== 401 && status !== 407) || !res || !this.#ringing) return null;
    const [asks, answers] =
      status === 407 ? ['Proxy-Authenticate', 'Proxy-Authorization'] : ['WWW-Authenticate', 'Authorization'];
    const answer = target.answerChallenge({
      headers: [res.get(asks ?? '') ?? ''],
      by: hostOf(target.proxy ?? target.uri),
      method: 'INVITE',
      uri: target.uri,
      body,
      nonceCount: 1,
    });
    if (answer === null) return null;
    // RFC 3261 22.2: the same Call-ID and From with its tag, the next CSeq.
    const sequence = Number(/^\d+/.exec(this.#ringing.get('CSeq') ?? '')?.[0] ?? 1);
    return {
      From: this.#ringing.get('From') ?? '',
      CSeq: `${sequence + 1} INVITE`,
      [answers ?? '']: answer,
    };
  }

  #onProvisional(res: SrfResponse, leg: OutboundLeg, options: RingOptions): void {
    const { call } = this;
    this.#heard = true;
    if (call.end || res.status < 180) return;
    this.#noteRinging();
    const isSpoken = res.body !== '' && judgeOffer(res.body) === 'usable';
    if (!isSpoken || this.#hasEarlyMedia) {
      options.onRinging(this.#hasEarlyMedia);
      return;
    }
    this.#hasEarlyMedia = true;
    leg.acceptAnswer(res.body).then(
      () => options.onRinging(true),
      (error: unknown) => call.warn('sound before the answer is not heard', error),
    );
  }

  #noteRinging(): void {
    const { call } = this;
    if (call.ringingAtMs !== null) return;
    call.ringingAtMs = call.now();
    call.parts.keeper
      .ringing(call.id, call.ringingAtMs)
      .catch((error: unknown) => call.warn('ringing was not noted', error));
  }
}

/** `sip:+32…@[2001:db8::1]:5060;lr` → `2001:db8::1`. */
function hostOf(uri: string): string {
  return /^sips?:(?:[^@]*@)?(?:\[([^\]]+)\]|([^:;>]+))/i.exec(uri)?.slice(1).find(Boolean) ?? '';
}

/** What srf says of a final refusal, as NotAnswered; everything else as it is. */
function notAnswered(error: unknown): unknown {
  if (error instanceof AlreadyEnded || error instanceof NotAnswered) return error;
  const { status, reason = '' } = error as { status?: number; reason?: string };
  return status === undefined ? error : new NotAnswered(status, reason);
}
