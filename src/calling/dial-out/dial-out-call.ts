import type Srf from 'drachtio-srf';
import type { Dialog, SrfRequest } from 'drachtio-srf';
import type { CallResult } from '../../cdr/cdr';
import type { OpenedLeg } from '../../cdr/journal-records';
import { newId } from '../../kernel/ids';
import type { E164 } from '../../kernel/phone-number';
import type { Leg } from '../../media/leg';
import type { ListEntry } from '../../rooms/list/list-entry';
import type { OutboundTrunk } from '../../trunks/trunks-store';
import type { CallingParts } from '../calling-parts';
import { judgeOffer } from '../judge-offer';
import type { RoomSession } from '../room-session/room-session';
import { RoomVisit } from '../room-session/room-visit';
import { AlreadyEnded, Refused, RunningCall } from '../running-call';

/** A telephone that nobody answers rings this long. */
export const RING_LIMIT_MS = 45_000;
/** How often the invitation is spoken, and how long a key is waited for after each time: a voicemail never presses it. */
const INVITATIONS = 3;
const KEY_WAIT_MS = 5_000;

/** What a far end says by its final status (RFC 3261 21.4 to 21.6); everything else is unreachable. */
const RESULT_OF_STATUS: Readonly<Record<number, CallResult>> = {
  408: 'no-answer',
  480: 'no-answer',
  486: 'busy',
  487: 'no-answer',
  600: 'busy',
  603: 'declined',
  607: 'declined',
};

/** Nobody answered in time, or we took the call back: it was not the far end that ended it. */
const GIVEN_UP: readonly number[] = [408, 487];

/** One try to bring somebody on a room's list into the room. */
export type DialOutWish = {
  readonly session: RoomSession;
  readonly entry: ListEntry;
  readonly attempt: number;
  readonly trunk: OutboundTrunk;
  /** What the callee's telephone shows. */
  readonly callerId: E164;
  readonly language: string;
  /** Told once he has taken his seat. */
  readonly onArrived: () => void;
};

/** The far end did not answer. */
class NotAnswered extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
  ) {
    super(`the far end answered ${status} ${reason}`);
    this.name = 'NotAnswered';
  }
}

/**
 * Calls somebody and takes him into the room once he has pressed 1. The credit for it is held before his telephone rings, and it is charged
 * from his answer on. The story runs top down; what ends it earlier is running-call.ts's business.
 */
export class DialOutCall {
  #call: RunningCall | null = null;
  #visit: RoomVisit | null = null;
  #ringing: SrfRequest | null = null;

  constructor(
    private readonly parts: CallingParts,
    private readonly srf: Srf,
    private readonly wish: DialOutWish,
  ) {}

  /** Runs the call to its end and says how it ended. @throws JournalUnavailable when it cannot be begun */
  async run(): Promise<CallResult> {
    const call = new RunningCall(this.parts, await this.#open(), this.wish.language);
    this.#call = call;
    try {
      await this.#reachRoom(call);
      await call.whenEnded;
    } catch (error) {
      if (error instanceof NotAnswered) this.#endUnanswered(call, error);
      else call.endByError(error);
    }
    this.#visit?.leave();
    await call.finish(() => this.#ringing?.cancel());
    return call.end?.result ?? 'failed';
  }

  endNow(result: 'removed' | 'draining' | 'failed'): void {
    this.#call?.endNow(result);
  }

  /** There is no meeting left to call anybody into; does nothing for somebody who is in the room, whom the room itself takes out. */
  roomEnded(): void {
    if (!this.#visit) this.#call?.endWith({ result: 'room-ended', endedBy: 'house', prompt: 'room-ended' });
  }

  #open(): Promise<OpenedLeg> {
    const { entry, attempt, session, trunk, callerId } = this.wish;
    const startedAtMs = this.parts.clock.nowMs();
    const cdrId = newId(startedAtMs);
    return this.parts.keeper.open({
      cdrId,
      callId: cdrId,
      nodeId: this.parts.settings.nodeId,
      sipCallId: cdrId,
      direction: 'outbound',
      attempt,
      roomSessionId: session.id,
      fromNumber: callerId,
      isWithheld: false,
      callerIdentity: null,
      dialledNumber: entry.number,
      routedNumber: entry.number,
      trunkId: trunk.id,
      costDeckId: null,
      accountId: session.room.ownerAccountId,
      deviceId: null,
      startedAtMs,
    });
  }

  async #reachRoom(call: RunningCall): Promise<void> {
    const { session, entry } = this.wish;
    const { room } = session;
    const grant = await this.parts.credit.reserve({
      callId: call.id,
      payerAccountId: room.ownerAccountId,
      number: entry.number,
      startedAtMs: call.opened.startedAtMs,
      nowMs: call.now(),
    });
    const leg = await this.parts.media.createOutboundLeg({ 'X-Call': call.id });
    call.useLeg(leg);
    const dialog = await this.#ring(call, leg);
    await call.answered(dialog, leg, { acked: true });
    this.parts.liveCalls.update(call.id, { phase: 'menu' });
    const chargedFromMs = call.answeredAtMs;
    await call.enter({
      roomId: room.id,
      roomSessionId: session.id,
      roomRole: entry.role,
      payerAccountId: room.ownerAccountId,
      chargedFromMs,
    });
    call.watchCredit(chargedFromMs ?? call.now(), grant, () => undefined);
    if (judgeOffer(dialog.remote.sdp) !== 'usable') throw new Refused('no-codec');
    await leg.acceptAnswer(dialog.remote.sdp);
    if (!(await this.#accepts(call))) {
      call.endWith({ result: 'not-accepted', endedBy: 'house', prompt: 'goodbye' });
      return;
    }
    this.#visit = new RoomVisit(call, session, {
      room,
      role: entry.role,
      name: entry.name,
      isExpected: true,
      ratedNumber: entry.number,
    });
    this.#visit.arrive();
    this.wish.onArrived();
    await this.#visit.enterRoom();
  }

  /** @throws NotAnswered, AlreadyEnded */
  async #ring(call: RunningCall, leg: Leg): Promise<Dialog> {
    const { trunk, entry, callerId } = this.wish;
    call.stopIfEnded();
    const timer = this.parts.clock.after(RING_LIMIT_MS, () => this.#ringing?.cancel());
    try {
      const inviting = this.srf.createUAC(
        `sip:${entry.number}@${trunk.outboundHost}:${trunk.outboundPort}`,
        {
          localSdp: leg.localSdp,
          headers: {
            'Call-ID': call.opened.sipCallId,
            From: `<sip:${callerId}@localhost>`,
            To: `<sip:${entry.number}@${trunk.outboundHost}>`,
          },
        },
        {
          cbRequest: (_error, req) => {
            this.#ringing = req;
          },
          cbProvisional: (res) => {
            if (res.status >= 180) this.#onRinging(call);
          },
        },
      );
      const dialog = await Promise.race([inviting, call.whenEnded.then(() => null)]);
      if (dialog) return dialog;
      // Whoever answers at the same moment as we give up is hung up on.
      inviting
        .then((late) => late.destroy())
        .catch(() => call.parts.log.info('a call that was taken back is over', { cdrId: call.id }));
      throw new AlreadyEnded();
    } catch (error) {
      const { status, reason = '' } = error as { status?: number; reason?: string };
      throw status === undefined ? error : new NotAnswered(status, reason);
    } finally {
      timer.cancel();
    }
  }

  #onRinging(call: RunningCall): void {
    if (call.ringingAtMs !== null) return;
    call.ringingAtMs = call.now();
    this.parts.keeper
      .ringing(call.id, call.ringingAtMs)
      .catch((error: unknown) => call.warn('ringing was not noted', error));
  }

  /** Only a person presses a key on being asked. */
  async #accepts(call: RunningCall): Promise<boolean> {
    const file = call.file('dial-out-invitation');
    for (let n = 0; n < INVITATIONS; n++) {
      const wait = { firstDigitMs: KEY_WAIT_MS, nextDigitMs: KEY_WAIT_MS };
      const digit = await call.leg.collect({ file, maxDigits: 1, ...wait });
      if (digit === '1') return true;
    }
    return false;
  }

  #endUnanswered(call: RunningCall, { status, reason }: NotAnswered): void {
    call.farStatus = status;
    call.noteCause(`SIP ${status} ${reason}`.trim());
    const result = RESULT_OF_STATUS[status] ?? 'unreachable';
    call.endWith({ result, endedBy: GIVEN_UP.includes(status) ? 'house' : 'callee', prompt: null });
  }
}
