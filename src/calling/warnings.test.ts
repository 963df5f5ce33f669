import { Warnings } from './warnings';

describe('warnings before a call ends', () => {
  it('are spoken by whoever speaks them then, and wait for him a moment, but not so long that they name a wrong time', () => {
    let nowMs = 0;
    const warnings = new Warnings(() => nowMs);
    const spoken: string[] = [];
    warnings.tell('credit-60-seconds');
    nowMs = 3_001;
    warnings.spokenBy((prompt) => spoken.push(`early ${prompt}`));
    warnings.tell('credit-15-seconds');
    warnings.spokenBy((prompt) => spoken.push(`late ${prompt}`));
    warnings.tell('credit-used-up');
    expect(spoken).toEqual(['early credit-15-seconds', 'late credit-used-up']);
    const soon = new Warnings(() => nowMs);
    soon.tell('credit-15-seconds');
    nowMs += 3_000;
    soon.spokenBy((prompt) => spoken.push(`soon ${prompt}`));
    expect(spoken.at(-1)).toBe('soon credit-15-seconds');
  });
});
