import { type LoopFacts, loopGuard, MAX_HOPS, MAX_SAME_LEGS } from './loop-guard';

const plain: LoopFacts = {
  maxForwards: '70',
  hops: null,
  sameLegs: 0,
};

describe('loopGuard', () => {
  it('lets a call pass, and says one forward less and one hop more', () => {
    expect(loopGuard(plain)).toEqual({ kind: 'pass', maxForwards: 69, hops: 1 });
    expect(loopGuard({ ...plain, maxForwards: null, hops: '2' })).toEqual({
      kind: 'pass',
      maxForwards: 69,
      hops: 3,
    });
    expect(loopGuard({ ...plain, maxForwards: '255' })).toMatchObject({ maxForwards: 69 });
  });

  it.each<[string, Partial<LoopFacts>, number, string]>([
    ['came through us too often', { hops: String(MAX_HOPS) }, 482, 'too-many-passes'],
    ['has a count that cannot be read', { hops: '-1' }, 482, 'too-many-passes'],
    ['has too many twins', { sameLegs: MAX_SAME_LEGS }, 482, 'same-legs'],
    ['has no forward left', { maxForwards: '0' }, 483, 'no-forwards-left'],
    ['has forwards that cannot be read', { maxForwards: 'many' }, 483, 'no-forwards-left'],
  ])('refuses a call that %s', (_, facts, status, reason) => {
    expect(loopGuard({ ...plain, ...facts })).toEqual({ kind: 'refuse', status, reason });
  });

  it('ends every loop by its hops, and by its forwards when the hops are dropped', () => {
    for (const drop of [false, true]) {
      let facts: LoopFacts = plain;
      let passes = 0;
      for (;;) {
        const verdict = loopGuard(facts);
        if (verdict.kind === 'refuse') break;
        passes++;
        facts = {
          ...facts,
          maxForwards: String(verdict.maxForwards),
          hops: drop ? null : String(verdict.hops),
        };
      }
      expect(passes).toBe(drop ? 70 : MAX_HOPS);
    }
  });
});
