import { NEW_PROBE, type Probe, type ProbeEvent, probeStep } from './probe';

/** Runs events one after the other, a second apart, and gives the last state and every command with its moment. */
function run(
  events: readonly (ProbeEvent extends infer E
    ? E extends { nowMs: number }
      ? Omit<E, 'nowMs'>
      : never
    : never)[],
) {
  let state: Probe = NEW_PROBE;
  const commands: string[] = [];
  events.forEach((event, second) => {
    const step = probeStep(state, { ...event, nowMs: second * 1_000 });
    state = step.next;
    commands.push(...step.commands.map(({ kind }) => `${second} ${kind}`));
  });
  return { state, commands };
}

const start = { type: 'start' } as const;
const silence = { type: 'no-answer' } as const;
const call = { type: 'call-failed' } as const;
const ok = { type: 'answered', status: 200 } as const;

describe('a trunk that is probed', () => {
  it('counts as alive until it was asked, and is asked again half a minute after it answered', () => {
    expect(run([start])).toEqual({ state: { ...NEW_PROBE, asking: true }, commands: ['0 ask'] });
    expect(run([start, ok]).state).toEqual({ alive: true, failures: 0, asking: false, dueAtMs: 31_000 });
  });

  it('dies at the third question without an answer, not before', () => {
    expect(run([start, silence, call, silence]).state.alive).toBe(true);
    const { state, commands } = run([start, silence, call, silence, call, silence]);
    expect(state.alive).toBe(false);
    expect(commands.at(-1)).toBe('5 died');
  });

  it('lives again at its first answer, and one answer forgets the silence before', () => {
    const died = [start, silence, call, silence, call, silence];
    expect(run([...died, call, silence, call, ok])).toMatchObject({ state: { alive: true, failures: 0 } });
    expect(run([...died, call, ok]).commands.slice(-2)).toEqual(['6 ask', '7 lived']);
    expect(run([start, silence, call, silence, call, ok, call, silence, call, silence]).state.alive).toBe(
      true,
    );
  });

  it.each([408, 502, 503, 504])('is not kept alive by %s', (status) => {
    const bad = { type: 'answered', status } as const;
    expect(run([start, bad, call, bad, call, bad]).state.alive).toBe(false);
  });

  it.each([200, 401, 403, 404, 405, 501])('is kept alive by %s: somebody answers', (status) => {
    expect(run([start, { type: 'answered', status }]).state.failures).toBe(0);
  });

  it('is asked sooner while it is silent, and has one question out at a time', () => {
    expect(run([start, silence]).state.dueAtMs).toBe(6_000);
    expect(run([start, call, call]).commands).toEqual(['0 ask']);
    expect(probeStep({ ...NEW_PROBE, dueAtMs: 10 }, { type: 'tick', nowMs: 9 }).commands).toEqual([]);
    expect(probeStep({ ...NEW_PROBE, dueAtMs: 10 }, { type: 'tick', nowMs: 10 }).commands).toEqual([
      { kind: 'ask' },
    ]);
  });

  it('that is no longer asked counts as alive, and late answers change nothing', () => {
    const died = [start, silence, call, silence, call, silence];
    expect(run([...died, { type: 'stop' }, silence, ok, call])).toMatchObject({
      state: NEW_PROBE,
      commands: expect.arrayContaining(['6 lived']),
    });
  });
});
