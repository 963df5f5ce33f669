import type { TimerConstants } from '../sip/client-transactions';
import type { TimerWheel, WheelTimer } from './timer-wheel';

/** Repeats a 2xx to INVITE until its ACK comes: T1, doubling up to T2, for 64 * T1 over any transport (RFC 3261 13.3.1.4). */
export class OkRepeater {
  private cseq: number | undefined = undefined;
  private repeatTimer: WheelTimer | undefined = undefined;
  private endTimer: WheelTimer | undefined = undefined;

  constructor(
    private readonly wheel: TimerWheel,
    private readonly timers: TimerConstants,
    private readonly onNoAck: () => void,
  ) {}

  /** Whether an ACK is still awaited. */
  get waiting(): boolean {
    return this.cseq !== undefined;
  }

  /** The 2xx to the INVITE with this CSeq number was sent; `repeat` sends it again. */
  start(cseq: number, repeat: () => void): void {
    this.stop();
    this.cseq = cseq;
    this.schedule(this.timers.t1Ms, repeat);
    this.endTimer = this.wheel.after(64 * this.timers.t1Ms, () => {
      this.stop();
      this.onNoAck();
    });
  }

  /** Takes an ACK; false when it is a repeated one or belongs to another INVITE. */
  acked(cseq: number): boolean {
    if (this.cseq !== cseq) return false;
    this.stop();
    return true;
  }

  /** Stops repeating and waiting. */
  stop(): void {
    this.cseq = undefined;
    this.repeatTimer?.cancel();
    this.endTimer?.cancel();
  }

  private schedule(afterMs: number, repeat: () => void): void {
    this.repeatTimer = this.wheel.after(afterMs, () => {
      repeat();
      this.schedule(Math.min(afterMs * 2, this.timers.t2Ms), repeat);
    });
  }
}
