import { e164 } from '../kernel/phone-number';
import { dialFrom } from './dial-from';
import { normaliseDialled } from './normalise-dialled';

describe('dialFrom', () => {
  it.each([
    ['+3222223344', 'BE', '022223344'],
    ['+3222223344', 'FR', '003222223344'],
    ['+3222223344', 'US', '0113222223344'],
    ['+12025550143', 'US', '2025550143'],
    ['+390690123456', 'IT', '0690123456'],
    ['+79123456789', 'RU', '89123456789'],
    ['+3222223344', 'RU', '8103222223344'],
    ['+3222223344', 'JP', '0103222223344'],
    ['+3222223344', 'ZZ', '003222223344'],
  ])('reaches %s from %s by %s, which is understood as the same number', (number, country, digits) => {
    expect(dialFrom(e164(number), country)).toBe(digits);
    expect(normaliseDialled(digits, country)).toBe(number);
  });
});
