import type { Clock, Timer } from '../../kernel/clock';
import { frameMs } from './audio-frame';

/**
 * The one 20 ms tick that all audio shares. Deadlines lie on a fixed grid of the monotonic clock, so time never drifts; after a
 * stall one call says how many slots passed and no slot is made up for in a burst.
 */
export class Ticker {
  private timer: Timer | undefined;
  private nextDeadlineMs = 0;

  constructor(
    private readonly clock: Clock,
    private readonly onSlot: (slots: number) => void,
  ) {}

  /** Starts the grid at this instant. */
  start(): void {
    this.nextDeadlineMs = this.clock.monotonicMs() + frameMs;
    this.schedule();
  }

  /** No tick comes after this. */
  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  /**
   * Somebody else knows the time: when a deadline has passed the slot runs now. A loop busy with hundreds of datagrams looks at its
   * timers only after all of them; poked by each datagram, the tick is late by one of them at most.
   */
  poke(nowMs: number): void {
    if (this.timer === undefined || nowMs < this.nextDeadlineMs) return;
    this.timer.cancel();
    this.fire();
  }

  private schedule(): void {
    const waitMs = this.nextDeadlineMs - this.clock.monotonicMs();
    this.timer = this.clock.after(Math.max(0, waitMs), () => this.fire());
  }

  private fire(): void {
    const lateMs = this.clock.monotonicMs() - this.nextDeadlineMs;
    // A timer may fire a fraction early because it counts whole milliseconds.
    if (lateMs < -1) {
      this.schedule();
      return;
    }
    const slots = 1 + Math.max(0, Math.floor(lateMs / frameMs));
    this.nextDeadlineMs += slots * frameMs;
    this.schedule();
    this.onSlot(slots);
  }
}
