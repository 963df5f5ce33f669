import { Together } from './together';

/** Work that waits until it is let go, and notes what each round had. */
function someWork() {
  const rounds: number[][] = [];
  const gates: (() => void)[] = [];
  const desk = new Together<number, number>(
    async (wishes) => {
      rounds.push([...wishes]);
      await new Promise<void>((resolve) => gates.push(resolve));
      if (wishes.includes(13)) throw new Error('thirteen');
      return wishes.map((wish) => wish * 10);
    },
    (wish, before) => !before.includes(wish),
  );
  const letGo = async () => {
    for (let n = 0; n < 20; n++) {
      gates.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { desk, rounds, letGo };
}

describe('what is asked for together', () => {
  it('begins at once, and what comes meanwhile is the next round', async () => {
    const { desk, rounds, letGo } = someWork();
    const asked = [1, 2, 3].map((wish) => desk.ask(wish));
    await letGo();
    expect(await Promise.all(asked)).toEqual([10, 20, 30]);
    expect(rounds).toEqual([[1], [2, 3]]);
  });

  it('has at most a hundred in a round', async () => {
    const { desk, rounds, letGo } = someWork();
    const asked = Array.from({ length: 250 }, (_, n) => desk.ask(1_000 + n));
    await letGo();
    await Promise.all(asked);
    expect(rounds.map((round) => round.length)).toEqual([1, 100, 100, 49]);
  });

  it('does not put into one round what must not be', async () => {
    const { desk, rounds, letGo } = someWork();
    const asked = [5, 6, 6, 7].map((wish) => desk.ask(wish));
    await letGo();
    expect(await Promise.all(asked)).toEqual([50, 60, 60, 70]);
    expect(rounds).toEqual([[5], [6], [6, 7]]);
  });

  it('does each alone when a round fails, so that one fault is one caller’s', async () => {
    const { desk, rounds, letGo } = someWork();
    const asked = [1, 2, 13, 3].map((wish) => desk.ask(wish));
    const outcomes = Promise.allSettled(asked);
    await letGo();
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(rounds).toEqual([[1], [2, 13, 3], [2], [13], [3]]);
  });

  it('refuses when too many wait', async () => {
    const { desk, letGo } = someWork();
    const asked = Array.from({ length: 5_002 }, (_, n) => desk.ask(20_000 + n));
    await expect(asked.at(-1)).rejects.toThrow('5000 wait already');
    const rest = Promise.allSettled(asked);
    for (let n = 0; n < 4; n++) await letGo();
    await rest;
  });
});
