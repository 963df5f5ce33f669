import { matchingStep, newTotpSecret, totpCode } from './totp';

/** "12345678901234567890" of RFC 6238 appendix B, in base32; its codes end in these six digits. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('TOTP', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('at %d s is as RFC 6238 says', (seconds, code) => {
    expect(totpCode(SECRET, Math.floor(seconds / 30))).toBe(code);
  });

  it('counts one step early or late, and no step twice', () => {
    const nowMs = 1_700_000_010_000;
    const now = Math.floor(nowMs / 30_000);
    const found = (step: number, lastStep = 0) =>
      matchingStep(SECRET, totpCode(SECRET, step), { nowMs, lastStep });
    expect([-2, -1, 0, 1, 2].map((off) => found(now + off))).toEqual([null, now - 1, now, now + 1, null]);
    expect(found(now, now)).toBeNull();
    expect(found(now - 1, now)).toBeNull();
    expect(found(now + 1, now)).toBe(now + 1);
  });

  it('has secrets of 160 bits', () => {
    expect(newTotpSecret()).toMatch(/^[A-Z2-7]{32}$/);
    expect(newTotpSecret()).not.toBe(newTotpSecret());
  });
});
