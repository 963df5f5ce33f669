import type { Clock } from '../../src/kernel/clock';

type Pending = { atMs: number; everyMs: number | null; fire: () => void; cancelled: boolean };

/** A clock that stands until it is told to go on; timers fire in the order of their times. */
export class FakeClock implements Clock {
  #now: number;
  #pending: Pending[] = [];

  constructor(startMs = Date.UTC(2026, 0, 15, 12)) {
    this.#now = startMs;
  }

  nowMs(): number {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now;
  }

  after(delayMs: number, fire: () => void) {
    return this.#add(delayMs, null, fire);
  }

  every(periodMs: number, fire: () => void) {
    return this.#add(periodMs, periodMs, fire);
  }

  /** Moves time on by `ms`, firing what falls due and letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#now + ms;
    for (let due = this.#next(untilMs); due; due = this.#next(untilMs)) {
      this.#now = Math.max(this.#now, due.atMs);
      if (due.everyMs === null) due.cancelled = true;
      else due.atMs += due.everyMs;
      due.fire();
      await settle();
    }
    this.#now = untilMs;
    await settle();
  }

  #next(untilMs: number): Pending | undefined {
    this.#pending = this.#pending.filter((timer) => !timer.cancelled);
    return this.#pending.filter((timer) => timer.atMs <= untilMs).toSorted((a, b) => a.atMs - b.atMs)[0];
  }

  #add(delayMs: number, everyMs: number | null, fire: () => void) {
    const timer: Pending = { atMs: this.#now + delayMs, everyMs, fire, cancelled: false };
    this.#pending.push(timer);
    return {
      cancel: () => {
        timer.cancelled = true;
      },
    };
  }
}

/** Lets promises and immediate callbacks that are ready now run to their end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
