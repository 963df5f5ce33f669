import fc from 'fast-check';
import { FakeClock } from '../transports/fake-clock';
import { OkRepeater } from './ok-repeater';
import { TimerWheel } from './timer-wheel';

function aWheel() {
  const clock = new FakeClock();
  const faults: unknown[] = [];
  return { clock, faults, wheel: new TimerWheel(clock, (error) => faults.push(error)) };
}

describe('TimerWheel', () => {
  it('fires each timer not early and at most one tick late, whatever the delays', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 30 }), (delays) => {
        const { clock, wheel } = aWheel();
        clock.advance(7);
        const late: number[] = [];
        for (const delay of delays) {
          const dueMs = clock.monotonicMs() + delay;
          wheel.after(delay, () => late.push(clock.monotonicMs() - dueMs));
          clock.advance(3);
        }
        clock.advance(71_000);
        expect(late).toHaveLength(delays.length);
        expect(late.every((ms) => ms >= 0 && ms <= 40)).toBe(true);
        expect(wheel.size).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('does not fire what was cancelled, even by another timer of the same tick', () => {
    const { clock, wheel } = aWheel();
    const fired: string[] = [];
    const timers = [0, 1].map((at) =>
      wheel.after(100, () => {
        fired.push(`timer ${at}`);
        timers[1 - at]?.cancel();
      }),
    );
    wheel.after(100, () => fired.push('cancelled')).cancel();
    clock.advance(200);
    expect(fired).toHaveLength(1);
    expect(wheel.size).toBe(0);
  });

  it('goes on when a timer throws, and reports it', () => {
    const { clock, wheel, faults } = aWheel();
    let fired = 0;
    wheel.after(20, () => {
      throw new Error('broken');
    });
    wheel.after(20, () => fired++);
    clock.advance(100);
    expect(fired).toBe(1);
    expect(faults).toHaveLength(1);
  });

  it('serves timers set after it stood empty for long', () => {
    const { clock, wheel } = aWheel();
    clock.advance(1_000_000);
    let fired = false;
    wheel.after(500, () => {
      fired = true;
    });
    clock.advance(499);
    expect(fired).toBe(false);
    clock.advance(41);
    expect(fired).toBe(true);
  });
});

describe('OkRepeater', () => {
  const timers = { t1Ms: 500, t2Ms: 4_000, t4Ms: 5_000 };

  it('repeats at T1 doubling to T2 and gives up after 64 T1', () => {
    const { clock, wheel } = aWheel();
    const sentAtMs: number[] = [];
    let lost = 0;
    const repeater = new OkRepeater(wheel, timers, () => lost++);
    repeater.start(1, () => sentAtMs.push(clock.monotonicMs()));
    clock.advance(31_900);
    expect(sentAtMs.slice(0, 5).map((ms) => Math.round(ms / 500) * 500)).toEqual([
      500, 1_500, 3_500, 7_500, 11_500,
    ]);
    expect(lost).toBe(0);
    clock.advance(200);
    expect(lost).toBe(1);
    const count = sentAtMs.length;
    clock.advance(60_000);
    expect(sentAtMs).toHaveLength(count);
  });

  it('stops with the ACK of its INVITE and takes no other and no second one', () => {
    const { clock, wheel } = aWheel();
    let repeats = 0;
    const repeater = new OkRepeater(wheel, timers, () => {});
    repeater.start(7, () => repeats++);
    expect(repeater.acked(6)).toBe(false);
    expect(repeater.acked(7)).toBe(true);
    expect(repeater.acked(7)).toBe(false);
    clock.advance(40_000);
    expect(repeats).toBe(0);
    expect(wheel.size).toBe(0);
  });
});
