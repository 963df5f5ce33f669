import type { Clock, Timer } from '../../kernel/clock';
import { Ticker } from './ticker';

/** A clock whose timers fire when the test says so, as late as it says. */
class StallingClock implements Clock {
  time = 0;
  private waiting: { atMs: number; fire: () => void } | undefined;

  nowMs(): number {
    return this.time;
  }

  monotonicMs(): number {
    return this.time;
  }

  after(delayMs: number, fire: () => void): Timer {
    this.waiting = { atMs: this.time + delayMs, fire };
    return { cancel: () => (this.waiting = undefined) };
  }

  every(): Timer {
    throw new Error('the ticker uses no interval: intervals drift');
  }

  /** Lets the next timer fire `lateMs` after its time; false when there is none. */
  fireNext(lateMs: number): boolean {
    const { waiting } = this;
    if (!waiting) return false;
    this.waiting = undefined;
    this.time = Math.max(this.time, waiting.atMs + lateMs);
    waiting.fire();
    return true;
  }
}

describe('the shared tick', () => {
  it('ticks every 20 ms on a fixed grid although each timer is a little late', () => {
    const clock = new StallingClock();
    const at: number[] = [];
    new Ticker(clock, () => at.push(clock.time)).start();
    for (let turn = 0; turn < 5; turn += 1) clock.fireNext(3);
    expect(at).toEqual([23, 43, 63, 83, 103]);
  });

  it('says after a stall how many slots have passed, in one call', () => {
    const clock = new StallingClock();
    const slots: number[] = [];
    new Ticker(clock, (count) => slots.push(count)).start();
    clock.fireNext(0);
    clock.fireNext(100);
    clock.fireNext(0);
    expect(slots).toEqual([1, 6, 1]);
  });

  it('keeps media time within 20 ms of the clock after ten minutes with random stalls of 100 ms', () => {
    const clock = new StallingClock();
    let mediaMs = 0;
    let worstMs = 0;
    let seed = 7;
    new Ticker(clock, (count) => {
      mediaMs += count * 20;
      worstMs = Math.max(worstMs, Math.abs(clock.time - mediaMs));
    }).start();
    while (clock.time < 600_000) {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      clock.fireNext(seed % 50 === 0 ? (seed % 1_000) / 10 : (seed % 30) / 10);
    }
    expect(worstMs).toBeLessThanOrEqual(20);
  });

  it('does not count a slot twice when a timer fires a little early', () => {
    const clock = new StallingClock();
    let slots = 0;
    new Ticker(clock, (count) => (slots += count)).start();
    for (let turn = 0; turn < 50; turn += 1) clock.fireNext(turn % 2 === 0 ? 0 : 0.4);
    expect(slots).toBe(50);
  });

  it('runs a slot that is due as soon as it is poked, and not a second time by its timer', () => {
    const clock = new StallingClock();
    const at: number[] = [];
    const ticker = new Ticker(clock, () => at.push(clock.time));
    ticker.start();
    clock.time = 19;
    ticker.poke(clock.time);
    expect(at).toEqual([]);
    clock.time = 20.5;
    ticker.poke(clock.time);
    ticker.poke(clock.time);
    clock.fireNext(0);
    expect(at).toEqual([20.5, 40]);
  });

  it('is still after stop', () => {
    const clock = new StallingClock();
    const ticker = new Ticker(clock, () => {});
    ticker.start();
    ticker.stop();
    ticker.poke(1_000);
    expect(clock.fireNext(0)).toBe(false);
  });
});
