import fc from 'fast-check';
import { promptTexts } from '../../test/support/spoken-words';
import { currency, money } from '../kernel/money';
import { LANGUAGES, promptsOf } from './prompts';
import { amountPrompts } from './spoken-amounts';
import { datePrompts } from './spoken-dates';
import { MAX_SPOKEN_NUMBER, NotSpeakable, numberPrompts } from './spoken-numbers';

const CURRENCIES = ['EUR', 'USD', 'GBP', 'CHF', 'JPY', 'KWD', 'TND', 'SEK', 'ISK'].map(currency);
const spokenNumber = fc.integer({ min: -MAX_SPOKEN_NUMBER, max: MAX_SPOKEN_NUMBER });
const spokenAmount = fc
  .tuple(fc.bigInt({ min: -999_999_999_999_999n, max: 999_999_999_999_999n }), fc.constantFrom(...CURRENCIES))
  .map(([micros, unit]) => money(micros, unit));
const spokenDate = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((day) => ({ year: day.getUTCFullYear(), month: day.getUTCMonth() + 1, day: day.getUTCDate() }));

describe.each(LANGUAGES)('spoken values in %s', (language) => {
  it('are made of words that this language has', () => {
    const known = new Set<string>(promptsOf(language));
    const allKnown = (names: readonly string[]) =>
      expect(names.filter((name) => !known.has(name))).toEqual([]);
    fc.assert(fc.property(spokenNumber, (value) => allKnown(numberPrompts(language, value))));
    fc.assert(fc.property(spokenAmount, (amount) => allKnown(amountPrompts(language, amount))));
    fc.assert(fc.property(spokenDate, (date) => allKnown(datePrompts(language, date))));
  });

  it('differ wherever numbers differ', () => {
    const texts = promptTexts(language);
    const values = [
      ...Array.from({ length: 20_000 }, (_, value) => value),
      ...Array.from({ length: 2_000 }, (_, step) => 20_000 + step * 499_979),
    ];
    const words = values.map((value) =>
      numberPrompts(language, value)
        .map((name) => texts[name])
        .join(' '),
    );
    expect(new Set(words).size).toBe(values.length);
  });

  it.each(['EUR', 'GBP', 'KWD'])('differ wherever amounts differ by a coin: %s', (code) => {
    const microsOfCoin = code === 'KWD' ? 1_000n : 10_000n;
    const texts = promptTexts(language);
    const words = Array.from({ length: 5_000 }, (_, coins) =>
      amountPrompts(language, money(BigInt(coins) * microsOfCoin, currency(code)))
        .map((name) => texts[name])
        .join(' '),
    );
    expect(new Set(words).size).toBe(words.length);
  });

  it('does not speak of anything smaller than a coin: the rest is cut off toward zero', () => {
    const wholeCoins = fc.tuple(
      fc.integer({ min: -99_999, max: 99_999 }),
      fc.bigInt({ min: 0n, max: 9_999n }),
    );
    fc.assert(
      fc.property(wholeCoins, ([coins, rest]) => {
        const micros = BigInt(coins) * 10_000n;
        const further = coins < 0 ? micros - rest : micros + rest;
        expect(amountPrompts(language, money(further, currency('EUR')))).toEqual(
          amountPrompts(language, money(micros, currency('EUR'))),
        );
      }),
    );
  });
});

describe('what has no words', () => {
  it.each([MAX_SPOKEN_NUMBER + 1, -MAX_SPOKEN_NUMBER - 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'is the number %p',
    (value) => {
      expect(() => numberPrompts('en', value)).toThrow(NotSpeakable);
    },
  );

  it('is an amount of a billion', () => {
    expect(() => amountPrompts('en', money(1_000_000_000_000_000n, currency('EUR')))).toThrow(NotSpeakable);
  });

  it.each([
    { year: 2026, month: 2, day: 29 },
    { year: 2026, month: 13, day: 1 },
    { year: 2026, month: 4, day: 31 },
    { year: 2026, month: 4, day: 0 },
    { year: 1999, month: 12, day: 31 },
    { year: 2100, month: 1, day: 1 },
    { year: 2026.5, month: 1, day: 1 },
  ])('is the day $year-$month-$day', (date) => {
    expect(() => datePrompts('en', date)).toThrow(NotSpeakable);
  });

  it('is spoken in the first language where we do not have the one wanted', () => {
    expect(numberPrompts('xx', 21)).toEqual(numberPrompts('en', 21));
  });
});
