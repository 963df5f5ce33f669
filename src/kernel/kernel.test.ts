import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock';
import { TimedOut, within } from './clock';
import { newId, randomDigits } from './ids';
import {
  addMoney,
  currency,
  InvalidAmount,
  InvalidCurrency,
  MixedCurrencies,
  money,
  parseMicros,
  showMoney,
  subtractMoney,
} from './money';
import { e164, isE164, maskNumber } from './phone-number';
import { integer, micros } from './unit-of-work';

const EUR = currency('EUR');

describe('money', () => {
  it.each([
    ['0', 0n],
    ['25', 25_000_000n],
    ['0.0125', 12_500n],
    ['-1.5', -1_500_000n],
    ['0.000001', 1n],
  ])('reads "%s" as %s micros', (text, expected) => expect(parseMicros(text)).toBe(expected));

  it.each(['', '1,5', '1.', '.5', '0.0000001', '1e3', ' 1', '١', '--1'])(
    'refuses "%s" as an amount',
    (text) => {
      expect(() => parseMicros(text)).toThrow(InvalidAmount);
    },
  );

  it('shows at least the coins of its currency, and never rounds', () => {
    expect(showMoney(money(25_000_000n, EUR))).toBe('25.00 EUR');
    expect(showMoney(money(-12_345n, EUR))).toBe('-0.012345 EUR');
    expect(showMoney(money(5_000_000n, currency('JPY')))).toBe('5 JPY');
    expect(showMoney(money(5_000_000n, currency('KWD')))).toBe('5.000 KWD');
  });

  it('is what it was when it is shown and read again', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), (amount) => {
        expect(parseMicros(showMoney(money(amount, EUR)).split(' ')[0] ?? '')).toBe(amount);
      }),
    );
  });

  it('does not mix currencies', () => {
    const dollars = money(1n, currency('USD'));
    expect(() => addMoney(money(1n, EUR), dollars)).toThrow(MixedCurrencies);
    expect(() => subtractMoney(money(1n, EUR), dollars)).toThrow(MixedCurrencies);
    expect(() => currency('euro')).toThrow(InvalidCurrency);
  });
});

describe('telephone numbers', () => {
  it('are E.164 or refused by field', () => {
    expect(isE164('+3222223344')).toBe(true);
    for (const wrong of ['3222223344', '+0322', '+1234567890123456', '+32 2'])
      expect(isE164(wrong)).toBe(false);
    expect(() => e164('32', 'to')).toThrow(/^to: "32" is not in E\.164 form/);
  });

  it('show nothing of their owner when masked', () => {
    expect(maskNumber('+3222223344')).toBe('+32222•••44');
    expect(maskNumber('12345')).toBe('•••••');
  });
});

describe('ids', () => {
  it('sort by the time they were made', () => {
    const ids = [1, 2, 300, 40_000, 5e11, 1.8e12].map(newId);
    expect(ids.toSorted()).toEqual(ids);
    const ofOneMs = Array.from({ length: 1_000 }, () => newId(1));
    expect(new Set(ofOneMs).size).toBe(1_000);
    expect(ofOneMs.toSorted()).toEqual(ofOneMs);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('draw digits of the wanted count, the first not zero', () => {
    for (let n = 0; n < 200; n++) expect(randomDigits(8)).toMatch(/^[1-9]\d{7}$/);
  });
});

describe('columns', () => {
  it('are read exactly or not at all', () => {
    expect(micros('9007199254740993')).toBe(9_007_199_254_740_993n);
    expect(integer('42')).toBe(42);
    for (const wrong of [1.5, '1.5', null, 2 ** 53, 'x']) expect(() => micros(wrong)).toThrow(TypeError);
    expect(() => integer('9007199254740993')).toThrow(TypeError);
  });
});

describe('within', () => {
  it('gives what comes in time, and names the step that does not', async () => {
    const clock = new FakeClock();
    await expect(within(clock, 1_000, 'quick', Promise.resolve(7))).resolves.toBe(7);
    const late = within(clock, 1_000, 'slow step', new Promise(() => undefined));
    await Promise.all([expect(late).rejects.toThrow(new TimedOut('slow step', 1_000)), clock.advance(1_001)]);
  });
});
