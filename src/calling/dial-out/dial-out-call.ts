import type Srf from 'drachtio-srf';
import type { CallResult } from '../../cdr/cdr';
import { newId } from '../../kernel/ids';
import type { E164 } from '../../kernel/phone-number';
import type { ListEntry } from '../../rooms/list/list-entry';
import { firstTarget, hostPort } from '../../trunks/outward';
import type { OutwardTrunk } from '../../trunks/trunk';
import type { CallingParts } from '../calling-parts';
import { OutwardLeg, type OutwardTarget } from '../outward/outward-leg';
import type { RoomSession } from '../room-session/room-session';
import { RoomVisit } from '../room-session/room-visit';
import type { RunningCall } from '../running-call';

/** A telephone that nobody answers rings this long. */
export const RING_LIMIT_MS = 45_000;
/** How often the invitation is spoken, and how long a key is waited for after each time: a voicemail never presses it. */
const INVITATIONS = 3;
const KEY_WAIT_MS = 5_000;

/** One try to bring somebody on a room's list into the room. */
export type DialOutWish = {
  readonly session: RoomSession;
  readonly entry: ListEntry;
  readonly attempt: number;
  readonly trunk: OutwardTrunk;
  /** What the callee's telephone shows. */
  readonly callerId: E164;
  readonly language: string;
  /** Told once he has taken his seat. */
  readonly onArrived: () => void;
};

/**
 * Calls somebody and takes him into the room once he has pressed 1. The credit for it is held before his telephone rings, and it is charged
 * from his answer on. The story runs top down; what ends it earlier is running-call.ts's business.
 */
export class DialOutCall {
  #call: RunningCall | null = null;
  #visit: RoomVisit | null = null;

  constructor(
    private readonly parts: CallingParts,
    private readonly srf: Srf,
    private readonly wish: DialOutWish,
  ) {}

  /** Runs the call to its end and says how it ended. @throws JournalUnavailable when it cannot be begun */
  async run(): Promise<CallResult> {
    const outward = await this.#open();
    const { call } = outward;
    this.#call = call;
    try {
      await this.#reachRoom(outward);
      await call.whenEnded;
    } catch (error) {
      if (!call.isAnswered) {
        await outward.finishUnanswered(error);
        return call.end?.result ?? 'failed';
      }
      call.endByError(error);
    }
    this.#visit?.leave();
    await outward.finish();
    return call.end?.result ?? 'failed';
  }

  endNow(result: 'removed' | 'draining' | 'failed'): void {
    this.#call?.endNow(result);
  }

  /** There is no meeting left to call anybody into; does nothing for somebody who is in the room, whom the room itself takes out. */
  roomEnded(): void {
    if (!this.#visit) this.#call?.endWith({ result: 'room-ended', endedBy: 'house', prompt: 'room-ended' });
  }

  #open(): Promise<OutwardLeg> {
    const { entry, attempt, session, trunk, callerId, language } = this.wish;
    const startedAtMs = this.parts.clock.nowMs();
    const cdrId = newId(startedAtMs);
    const opened = {
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
    } as const;
    return OutwardLeg.open(this.parts, this.srf, { opened, language });
  }

  async #reachRoom(outward: OutwardLeg): Promise<void> {
    const { call } = outward;
    const { session, entry, trunk, callerId } = this.wish;
    const { room } = session;
    const grant = await this.parts.credit.reserve({
      callId: call.id,
      payerAccountId: room.ownerAccountId,
      number: entry.number,
      startedAtMs: call.opened.startedAtMs,
      nowMs: call.now(),
      direction: 'outbound',
      roomId: room.id,
      kind: 'room',
      nodeId: this.parts.settings.nodeId,
    });
    const target: OutwardTarget = {
      uri: `sip:${entry.number}@${hostPort(firstTarget(trunk.outward))}`,
      proxy: null,
      headers: { From: `<sip:${callerId}@localhost>`, To: `<sip:${entry.number}@localhost>` },
      secure: false,
      answerChallenge: () => null,
    };
    await outward.ring(target, {
      ringLimitMs: RING_LIMIT_MS,
      silenceLimitMs: null,
      onRinging: () => undefined,
    });
    this.parts.liveCalls.update(call.id, { phase: 'menu' });
    const chargedFromMs = call.answeredAtMs;
    await call.enter({
      roomId: room.id,
      roomSessionId: session.id,
      roomRole: entry.role,
      payerAccountId: room.ownerAccountId,
      chargedFromMs,
    });
    call.watchCredit(chargedFromMs ?? call.now(), grant);
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
}
