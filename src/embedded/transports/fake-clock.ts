import type { Clock, Timer } from '../../kernel/clock';

type Waiting = {
  readonly id: number;
  dueMs: number;
  readonly fire: () => void;
  readonly periodMs: number | undefined;
};

/** A clock for tests: time passes only in `advance`, timers fire in the order in which they fall due. */
export class FakeClock implements Clock {
  private time = 0;
  private nextId = 1;
  private waiting: Waiting[] = [];

  nowMs(): number {
    return 1_700_000_000_000 + this.time;
  }

  monotonicMs(): number {
    return this.time;
  }

  after(delayMs: number, fire: () => void): Timer {
    return this.add(delayMs, fire, undefined);
  }

  every(periodMs: number, fire: () => void): Timer {
    return this.add(periodMs, fire, periodMs);
  }

  /** Lets `ms` pass and fires what falls due in it. */
  advance(ms: number): void {
    const untilMs = this.time + ms;
    for (let next = this.next(untilMs); next !== undefined; next = this.next(untilMs)) {
      this.time = next.dueMs;
      if (next.periodMs === undefined) this.remove(next.id);
      else next.dueMs += next.periodMs;
      next.fire();
    }
    this.time = untilMs;
  }

  private add(delayMs: number, fire: () => void, periodMs: number | undefined): Timer {
    const id = this.nextId++;
    this.waiting.push({ id, dueMs: this.time + delayMs, fire, periodMs });
    return { cancel: () => this.remove(id) };
  }

  private next(untilMs: number): Waiting | undefined {
    let first: Waiting | undefined;
    for (const timer of this.waiting)
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) first = timer;
    return first;
  }

  private remove(id: number): void {
    this.waiting = this.waiting.filter((timer) => timer.id !== id);
  }
}
