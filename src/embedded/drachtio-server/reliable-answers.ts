import { randomInt } from 'node:crypto';
import type { TimerConstants } from '../sip/client-transactions';
import { OkRepeater } from '../user-agent/ok-repeater';
import type { TimerWheel } from '../user-agent/timer-wheel';

/** RFC 3262 3: the first number leaves room for the others. */
const firstSeqMax = 2 ** 20;
/** Answers that wait for the PRACK of an earlier one. */
const heldMax = 10;

/** The reliable provisional answers to one INVITE: one at a time, each repeated until its PRACK comes (RFC 3262 3). */
export class ReliableAnswers {
  private nextSeq = randomInt(1, firstSeqMax);
  private readonly repeater: OkRepeater;
  private readonly held: (() => void)[] = [];

  /** `lost` is called when no PRACK came in 64 * T1. */
  constructor(wheel: TimerWheel, timers: TimerConstants, lost: () => void) {
    this.repeater = new OkRepeater(wheel, timers, lost);
  }

  /** Whether a PRACK is still awaited. */
  get waiting(): boolean {
    return this.repeater.waiting;
  }

  /** The number for the next answer; `sent` must follow. */
  takeSeq(): number {
    this.nextSeq += 1;
    return this.nextSeq - 1;
  }

  /** The answer with this number was sent; `repeat` sends it again. */
  sent(seq: number, repeat: () => void): void {
    this.repeater.start(seq, repeat);
  }

  /** Keeps what must not be sent before the PRACK; false when too much waits already. */
  hold(send: () => void): boolean {
    if (this.held.length >= heldMax) return false;
    this.held.push(send);
    return true;
  }

  /** Takes the RAck of a PRACK; false when it acknowledges nothing that waits (481, RFC 3262 3). */
  acknowledged(rack: string, inviteSeq: number): boolean {
    const [, seq, cseq, method] = /^(\d{1,10})\s+(\d{1,10})\s+(\S+)$/.exec(rack.trim()) ?? [];
    if (method !== 'INVITE' || Number(cseq) !== inviteSeq || !this.repeater.acked(Number(seq))) return false;
    // What waited goes out after the answer to the PRACK has had its turn; the first of it may have to be acknowledged again.
    while (!this.waiting && this.held.length > 0) this.held.shift()?.();
    return true;
  }

  stop(): void {
    this.repeater.stop();
    this.held.length = 0;
  }
}
