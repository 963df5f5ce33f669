import type Srf from 'drachtio-srf';
import type { CallResult } from '../../cdr/cdr';
import { newId } from '../../kernel/ids';
import type { E164 } from '../../kernel/phone-number';
import type { ListEntry } from '../../rooms/list/list-entry';
import { FIRST_PASS } from '../../trunks/loop-guard';
import { AlreadyEnded } from '../call-ended';
import type { CallingParts } from '../calling-parts';
import type { RoomSession } from '../room-session/room-session';
import { RoomVisit } from '../room-session/room-visit';
import type { RunningCall } from '../running-call';
import { dialTrunks } from '../two-party/dial-trunks';
import { NEVER } from '../two-party/reach-wish';

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

  /** Runs the call to its end and says how it ended; 'unreachable' where no carrier calls the number. @throws JournalUnavailable when it cannot be begun */
  async run(): Promise<CallResult> {
    const call = await this.#ring();
    if (!call) return this.#call?.end?.result ?? 'unreachable';
    try {
      await this.#bringIn(call);
      await call.whenEnded;
    } catch (error) {
      call.endByError(error);
    }
    this.#visit?.leave();
    // A telephone that still hears its goodbye takes one of the calls that may be under way at once.
    await call.whenOver;
    return call.end?.result ?? 'failed';
  }

  endNow(result: 'removed' | 'draining' | 'failed'): void {
    this.#call?.endNow(result);
  }

  /** There is no meeting left to call anybody into; does nothing for somebody who is in the room, whom the room itself takes out. */
  roomEnded(): void {
    if (!this.#visit) this.#call?.endWith({ result: 'room-ended', endedBy: 'house', prompt: 'room-ended' });
  }

  /** Calls him by one trunk after the other; null when he did not answer. */
  async #ring(): Promise<RunningCall | null> {
    const { entry, attempt, session, callerId, language } = this.wish;
    const { ownerAccountId: payerAccountId, id: roomId } = session.room;
    const reaching = dialTrunks(
      this.parts,
      this.srf,
      {
        callId: newId(this.parts.clock.nowMs()),
        caller: { number: callerId, isWithheld: false, accountId: null },
        payerAccountId,
        language,
        onward: FIRST_PASS,
        whenGone: NEVER,
        onRinging: () => undefined,
      },
      {
        destination: { kind: 'telephone', number: entry.number },
        payerAccountId,
        forwardedFrom: null,
        ringLimitMs: RING_LIMIT_MS,
        onLeg: (call) => {
          this.#call = call;
        },
        room: {
          roomId,
          roomSessionId: session.id,
          roomRole: entry.role,
          attempt,
        },
      },
    );
    try {
      const reached = await reaching;
      return reached.kind === 'answered' ? reached.leg.call : null;
    } catch (error) {
      if (error instanceof AlreadyEnded) return null;
      throw error;
    }
  }

  async #bringIn(call: RunningCall): Promise<void> {
    const { session, entry } = this.wish;
    this.parts.liveCalls.update(call.id, { phase: 'menu' });
    if (!(await this.#accepts(call))) {
      call.endWith({ result: 'not-accepted', endedBy: 'house', prompt: 'goodbye' });
      return;
    }
    this.#visit = new RoomVisit(call, session, {
      room: session.room,
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
