import { FakeClock } from '../../test/support/fake-clock';
import { type Log, type LogFacts, silentLog } from '../kernel/log';
import { AT_EASE, judgeLoad, type Load, LOOK_MS, MOST_IN_HAND, Overload } from './overload';

const EASY: Load = { lagMs: 0, inHand: 0, oldestMs: 0 };

/** The states after each look. */
function after(looks: readonly Partial<Load>[], from = AT_EASE): readonly boolean[] {
  let state = from;
  return looks.map((load) => {
    state = judgeLoad(state, { ...EASY, ...load });
    return state.overloaded;
  });
}

describe('judgeLoad', () => {
  it('takes calls while they begin in time, however many there are', () => {
    expect(after([{ inHand: 400, oldestMs: 450, lagMs: 150 }])).toEqual([false]);
  });

  it('refuses when our part of the beginning takes half a second', () => {
    expect(after([{ inHand: 10, oldestMs: 500 }])).toEqual([true]);
  });

  it('does not refuse for a few calls that are stuck by themselves', () => {
    expect(after([{ inHand: 9, oldestMs: 8_000 }])).toEqual([false]);
  });

  it('refuses when three looks in a row came late, not after one long pause', () => {
    expect(after([{ lagMs: 5_000 }, { lagMs: 0 }, { lagMs: 5_000 }, { lagMs: 200 }])).toEqual([
      false,
      false,
      false,
      false,
    ]);
    const late = { lagMs: 200, inHand: 10 };
    expect(after([late, late, late])).toEqual([false, false, true]);
  });

  it('does not refuse a few calls because the machine is busy with something else', () => {
    const late = { lagMs: 5_000, inHand: 9, oldestMs: 400 };
    expect(after([late, late, late, late])).toEqual([false, false, false, false]);
  });

  it('stays as it was between the marks', () => {
    const between = { inHand: 50, oldestMs: 400, lagMs: 0 };
    expect(after([between])).toEqual([false]);
    expect(after([{ inHand: 50, oldestMs: 600 }, between, between])).toEqual([true, true, true]);
    expect(after([{ inHand: 50, oldestMs: 600 }, { lagMs: 60 }, { lagMs: 49 }])).toEqual([true, true, false]);
  });

  it('takes calls again when they begin quickly', () => {
    expect(
      after([
        { inHand: 50, oldestMs: 600 },
        { inHand: 50, oldestMs: 249 },
      ]),
    ).toEqual([true, false]);
  });
});

function made(log: Log = silentLog) {
  const clock = new FakeClock();
  const overload = new Overload(clock, log);
  overload.start();
  return { clock, overload };
}

function begin(overload: Overload, count: number): void {
  for (let n = 0; n < count; n++) overload.begun(`call ${n}`);
}

describe('the overload guard', () => {
  it('refuses after half a second in which calls were not handed on, and takes them again when they are', async () => {
    const { clock, overload } = made();
    begin(overload, 20);
    let refused = 0;
    overload.onRefused(() => {
      refused += 1;
    });
    await clock.advance(400);
    expect(overload.admits('+3225550999')).toBe(true);
    await clock.advance(LOOK_MS);
    expect(overload.admits('+3225550999')).toBe(false);
    for (let n = 0; n < 20; n++) overload.handedOn(`call ${n}`);
    await clock.advance(LOOK_MS);
    expect(overload.admits('+3225550999')).toBe(true);
    expect(overload.figures).toEqual({ inHand: 0, overloaded: false });
    expect(refused).toBe(1);
  });

  it('takes a burst, but never more at once than it can hold', () => {
    const { overload } = made();
    begin(overload, MOST_IN_HAND - 1);
    expect(overload.admits('+3225550999')).toBe(true);
    overload.begun('one more');
    expect(overload.admits('+3225550999')).toBe(false);
  });

  it.each(['112', '911', '999', '000', 'urn:service:sos'])('always takes a call for help: %s', (dialled) => {
    const { overload } = made();
    begin(overload, MOST_IN_HAND);
    expect(overload.admits(dialled)).toBe(true);
    expect(overload.admits(`+32${dialled}`)).toBe(false);
  });

  it('does not count a beginning for ever that nobody ended', async () => {
    const { clock, overload } = made();
    begin(overload, MOST_IN_HAND);
    await clock.advance(121_000);
    expect(overload.figures).toEqual({ inHand: 0, overloaded: false });
  });

  it('writes one line a second at most, with what was refused', async () => {
    const lines: LogFacts[] = [];
    const { clock, overload } = made({
      ...silentLog,
      warn: (_event, facts) => {
        lines.push(facts ?? {});
      },
    });
    begin(overload, 20);
    await clock.advance(1_000);
    for (let n = 0; n < 20; n++) {
      for (let call = 0; call < 5; call++) overload.admits('+3225550999');
      await clock.advance(LOOK_MS);
    }
    expect(lines.length).toBe(2);
    expect(lines[0]).toMatchObject({ refused: 5, inHand: 20 });
    expect(lines[1]).toMatchObject({ refused: 50 });
  });
});
