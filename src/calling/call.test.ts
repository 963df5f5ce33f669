import fc from 'fast-check';
import type { LimitedBy } from '../billing/credit/credit-grant';
import { type CallCommand, type CallEvent, type CallState, onCallEvent, startTalking } from './call';

const AHEAD = 90;
const chargedFromMs = 1_000_000;
const at = (second: number) => chargedFromMs + second * 1000;
const tick = (second: number): CallEvent => ({ type: 'tick', nowMs: at(second) });

function run(state: CallState, ...events: CallEvent[]): { state: CallState; commands: CallCommand[] } {
  const commands: CallCommand[] = [];
  for (const event of events) {
    const step = onCallEvent(state, event, AHEAD);
    state = step.next;
    commands.push(...step.commands);
  }
  return { state, commands };
}

const entered = (paidSeconds: number, limitedBy: LimitedBy | null = null) =>
  startTalking({ chargedFromMs, paidSeconds, limitedBy });
const granted = (second: number, paidSeconds: number, limitedBy: LimitedBy | null): CallEvent => ({
  type: 'credit-granted',
  paidSeconds,
  limitedBy,
  nowMs: at(second),
});

describe('a talking call', () => {
  it('has its credit extended to 90 s ahead as soon as less is held', () => {
    expect(run(entered(60), tick(0.2)).commands).toEqual([{ type: 'extend-credit', untilSeconds: 91 }]);
    expect(run(entered(200), tick(0.2)).commands).toEqual([]);
  });

  it('does not ask twice while an answer is under way', () => {
    expect(run(entered(60), tick(0.2), tick(0.4), tick(0.6)).commands).toHaveLength(1);
  });

  it('warns 60 s and 15 s before the end of credit that cannot be extended, and says so at the end', () => {
    const ticks = Array.from({ length: 600 }, (_, n) => tick(1 + n / 5));
    const said = run(entered(100, 'credit'), granted(0.5, 100, 'credit'), ...ticks)
      .commands.filter((command) => command.type === 'warn')
      .map((command) => command.prompt);
    expect(said).toEqual(['credit-60-seconds', 'credit-15-seconds', 'credit-used-up']);
  });

  it('says no warning that would name a wrong time', () => {
    const ticks = Array.from({ length: 40 }, (_, n) => tick(n / 5));
    const { commands } = run(entered(30, 'credit'), ...ticks);
    expect(commands.filter((command) => command.type === 'warn')).toEqual([]);
  });

  it('warns of nothing while the credit can still grow', () => {
    expect(
      run(entered(70), tick(11), granted(11, 101, null), tick(12)).commands.some((c) => c.type === 'warn'),
    ).toBe(false);
  });

  it('ends at the last paid second, not later', () => {
    const { state, commands } = run(entered(30, 'credit'), tick(29.9), tick(30.1));
    expect(state).toMatchObject({ phase: 'ended', end: { result: 'credit-exhausted', endedAtMs: at(30) } });
    expect(commands.at(-1)).toMatchObject({ type: 'finish', end: { prompt: null } });
  });

  it('goes on after a top-up in mid-call, and is warned again when that ends', () => {
    const { state, commands } = run(
      entered(30, 'credit'),
      tick(15.1),
      tick(15.3),
      granted(21, 120, 'credit'),
      tick(31),
      tick(60.5),
    );
    expect(state.phase).toBe('talking');
    expect(commands.filter((c) => c.type === 'warn').map((c) => c.prompt)).toEqual([
      'credit-15-seconds',
      'credit-60-seconds',
    ]);
  });

  it('asks again every 5 s after a refusal, and after the credit could not be reached', () => {
    const refusedOnce = run(
      entered(30, 'credit'),
      tick(1),
      granted(1, 30, 'credit'),
      tick(3),
      tick(5.9),
      tick(6.1),
    );
    expect(refusedOnce.commands.filter((c) => c.type === 'extend-credit')).toHaveLength(2);
    const unreachable = run(
      entered(30),
      tick(1),
      { type: 'credit-unreachable', nowMs: at(1) },
      tick(3),
      tick(6.1),
    );
    expect(unreachable.commands.filter((c) => c.type === 'extend-credit')).toHaveLength(2);
  });

  it('runs on to the end of what is paid while the credit cannot be reached, and no further', () => {
    const { state } = run(entered(30), tick(1), { type: 'credit-unreachable', nowMs: at(1) }, tick(30));
    expect(state).toMatchObject({ phase: 'ended', end: { endedAtMs: at(30) } });
  });

  it('ends once: the first end counts', () => {
    const end = { result: 'completed', endedBy: 'caller', endedAtMs: at(5), prompt: null } as const;
    const { state, commands } = run(entered(60), { type: 'ended', end }, tick(400), {
      type: 'ended',
      end: { ...end, endedAtMs: at(9) },
    });
    expect(state).toEqual({ phase: 'ended', end });
    expect(commands).toHaveLength(1);
  });

  it('ends with what its end says is to be spoken', () => {
    const end = {
      result: 'removed',
      endedBy: 'house',
      endedAtMs: at(5),
      prompt: 'removed-from-room',
    } as const;
    expect(run(entered(60), { type: 'ended', end }).commands).toEqual([{ type: 'finish', end }]);
  });

  it('never talks longer than was paid, whatever grants and silences come', () => {
    const grants = fc.array(fc.record({ second: fc.nat(300), more: fc.nat(60), limit: fc.boolean() }), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), grants, (paid, list) => {
        let state: CallState = entered(paid);
        let paidSeconds = paid;
        for (let second = 0; second < 400 && state.phase === 'talking'; second++) {
          for (const grant of list.filter((one) => one.second === second)) {
            paidSeconds += grant.more;
            state = onCallEvent(
              state,
              granted(second, paidSeconds, grant.limit ? 'credit' : null),
              AHEAD,
            ).next;
          }
          state = onCallEvent(state, tick(second), AHEAD).next;
        }
        const talkedMs = state.phase === 'ended' ? state.end.endedAtMs - chargedFromMs : 400_000;
        expect(talkedMs).toBeLessThanOrEqual(Math.max(paidSeconds * 1000, 0));
      }),
    );
  });

  it.each([
    ['cap', 'cap-reached'],
    ['account', 'account-blocked'],
    ['credit', 'credit-exhausted'],
  ] as const)('that is limited by %s ends as %s', (limitedBy, result) => {
    const { state } = run(entered(30, limitedBy), tick(30.1));
    expect(state).toMatchObject({ phase: 'ended', end: { result } });
  });

  it('whose limit is not the credit is only told that it ends', () => {
    const { commands } = run(entered(70, 'cap'), tick(10.5), tick(55.5), tick(66.5));
    expect(commands.filter(({ type }) => type === 'warn')).toEqual([
      { type: 'warn', prompt: 'call-ends-15-seconds' },
    ]);
  });
});
