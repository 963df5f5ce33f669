import fc from 'fast-check';
import { BriefMap } from './brief-map';

describe('BriefMap', () => {
  it('does what a Map does, whatever comes and goes', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      what: fc.constantFrom('set', 'delete'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const brief = new BriefMap<{ readonly n: number }>();
        const plain = new Map<string, { readonly n: number }>();
        steps.forEach(({ key, what }, n) => {
          if (what === 'set') {
            const value = { n };
            brief.set(key, value);
            plain.set(key, value);
          } else {
            brief.delete(key);
            plain.delete(key);
          }
          expect(brief.get(key)).toBe(plain.get(key));
          expect(brief.has(key)).toBe(plain.has(key));
        });
        expect(brief.size).toBe(plain.size);
        expect([...brief.values()]).toEqual([...plain.values()]);
      }),
    );
  });

  it('lets entries be taken out while its values are walked', () => {
    const brief = new BriefMap<{ readonly key: string }>();
    for (const key of ['a', 'b', 'c']) brief.set(key, { key });
    const walked: string[] = [];
    for (const { key } of brief.values()) {
      walked.push(key);
      brief.delete(key);
    }
    expect(walked).toEqual(['a', 'b', 'c']);
    expect(brief.size).toBe(0);
  });

  it('is empty after clear and keeps new values', () => {
    const brief = new BriefMap<{ readonly n: number }>();
    brief.set('a', { n: 1 });
    brief.clear();
    brief.set('b', { n: 2 });
    expect(brief.get('a')).toBeUndefined();
    expect(brief.get('b')).toEqual({ n: 2 });
  });
});
