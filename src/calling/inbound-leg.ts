import type Srf from 'drachtio-srf';
import type { SrfRequest, SrfResponse } from 'drachtio-srf';
import type { OpenedLeg } from '../cdr/journal-records';
import { within } from '../kernel/clock';
import type { Leg } from '../media/leg';
import type { CallingParts } from './calling-parts';
import { type Refusal, refusal, refusalHeaders } from './refuse-call';
import { AlreadyEnded } from './call-ended';
import { RunningCall } from './running-call';

/** RFC 3262 3: an answer that is not acknowledged for 64 times T1 is given up. */
const PRACK_LIMIT_MS = 32_000;

/** The INVITE of a call, and the promise that its CANCEL resolves. */
export type Invite = {
  readonly req: SrfRequest;
  readonly res: SrfResponse;
  readonly cancelled: Promise<void>;
};

/** The leg of somebody who calls us: its INVITE, its answers, and its channel on the media server. */
export class InboundLeg {
  readonly call: RunningCall;
  #isRinging = false;
  #isHeard = false;
  /** Resolves when the caller has acknowledged what he was told before the answer, if he wants that. */
  #acknowledged: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: CallingParts,
    private readonly srf: Srf,
    private readonly invite: Invite,
    opened: OpenedLeg,
    language: string,
  ) {
    this.call = new RunningCall(parts, opened, language);
  }

  /** Runs a story on this leg to the end of the call and its CDR. Never throws. */
  async run(story: () => Promise<void>): Promise<void> {
    const { call } = this;
    void this.invite.cancelled.then(() =>
      call.endWith({ result: 'cancelled', endedBy: 'caller', prompt: null }),
    );
    // A CANCEL that came before this line ends the call before anything is done for it.
    await Promise.resolve();
    try {
      await story();
      await call.whenEnded;
    } catch (error) {
      call.endByError(error);
    }
    await call.finish((why) => this.#refuse(why));
  }

  /** Sets up the channel that the caller's offer leads to. @throws MediaUnavailable, AlreadyEnded */
  async openChannel(): Promise<Leg> {
    const { call } = this;
    call.stopIfEnded();
    const leg = await this.parts.media.createLeg(this.invite.req.body, { 'X-Call': call.id });
    call.useLeg(leg);
    call.stopIfEnded();
    return leg;
  }

  /** Tells the caller, once, that it rings. */
  ringing(): void {
    if (this.#isRinging || this.#isHeard || this.invite.res.finalResponseSent) return;
    this.#isRinging = true;
    this.#tell(180, '');
  }

  /** Lets the caller hear what is played to his channel before he is answered. */
  hear(): void {
    if (this.#isHeard || this.invite.res.finalResponseSent) return;
    this.#isHeard = true;
    this.#tell(183, this.call.leg.localSdp);
  }

  /** A caller that requires it gets each provisional answer reliably, one after the other (RFC 3262 3). */
  #tell(status: 180 | 183, body: string): void {
    const { req, res } = this.invite;
    const required = (req.get('Require') ?? '').toLowerCase().split(/\s*,\s*/);
    const options = body === '' ? {} : { body };
    if (!required.includes('100rel')) {
      res.send(status, options);
      return;
    }
    this.#acknowledged = this.#acknowledged.then(
      () =>
        new Promise((resolve) => {
          if (res.finalResponseSent || this.call.end) resolve();
          else res.send(status, { ...options, headers: { Require: '100rel' } }, undefined, () => resolve());
        }),
    );
  }

  /** Answers the caller. @throws AlreadyEnded, JournalUnavailable, TimedOut (he required to acknowledge what came before and did not) */
  async answer(): Promise<void> {
    const { call } = this;
    const told = Promise.race([this.#acknowledged, call.whenEnded]);
    await within(this.parts.clock, PRACK_LIMIT_MS, 'the caller’s PRACK', told);
    const { leg } = call;
    const answering = this.srf.createUAS(this.invite.req, this.invite.res, { localSdp: leg.localSdp });
    // A SIP server that dies meanwhile never says what became of our answer; to a CANCEL it does.
    const lost = call.whenEnded.then(() => (call.end?.endedBy === 'network' ? null : answering));
    const dialog = await Promise.race([answering, lost]);
    if (!dialog) {
      answering.catch((error: unknown) => call.warn('an answer was lost with the SIP server', error));
      throw new AlreadyEnded();
    }
    await call.answered(dialog, leg, { acked: false });
    this.parts.overload.handedOn(call.id);
    call.stopIfEnded();
  }

  /** Waits until the caller has confirmed the answer: before that he cannot be charged. @throws AlreadyEnded */
  async confirmed(): Promise<void> {
    await Promise.race([this.call.whenAcked, this.call.whenEnded]);
    this.call.stopIfEnded();
  }

  /** The final answer to an INVITE that has none. */
  #refuse(why: Refusal | null): void {
    const { res } = this.invite;
    if (res.finalResponseSent || this.call.end?.result === 'cancelled') return;
    const found = why ?? refusal('technical-fault');
    res.send(found.sipStatus, found.sipReason, { headers: refusalHeaders(found) });
  }
}
