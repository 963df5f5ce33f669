import fc from 'fast-check';
import { aRate } from '../../../test/support/billing-builders';
import { type CompiledDeck, DeckCompiler } from './compiled-deck';
import type { Rate } from './rate';

const JANUARY = Date.UTC(2026, 0, 1);
const JUNE = Date.UTC(2026, 5, 1);

function compiled(rates: readonly Rate[]): CompiledDeck {
  const compiler = new DeckCompiler();
  for (const rate of rates.toSorted(inDeckOrder)) compiler.add(rate);
  return compiler.finish('deck', 1);
}

function inDeckOrder(left: Rate, right: Rate): number {
  if (left.prefix !== right.prefix) return left.prefix < right.prefix ? -1 : 1;
  return left.effectiveFromMs - right.effectiveFromMs || left.rateVersion - right.rateVersion;
}

const prefixed = (prefix: string, rest: Partial<Rate> = {}): Rate => ({
  ...aRate({ price: '0.01', prefix }),
  ...rest,
});

/** The definition, tried on every rate. */
function slowFind(rates: readonly Rate[], digits: string, atMs: number): Rate | null {
  const fitting = rates.filter((rate) => digits.startsWith(rate.prefix) && rate.effectiveFromMs <= atMs);
  return (
    fitting.toSorted(
      (left, right) =>
        right.prefix.length - left.prefix.length ||
        right.effectiveFromMs - left.effectiveFromMs ||
        right.rateVersion - left.rateVersion,
    )[0] ?? null
  );
}

const someDigits = (longest: number) =>
  fc
    .array(fc.constantFrom('0', '1', '9'), { minLength: 1, maxLength: longest })
    .map((digits) => digits.join(''));

describe('compiled deck', () => {
  it('finds the longest prefix and goes back to the outer one behind it', () => {
    const deck = compiled([prefixed('3'), prefixed('32'), prefixed('3247'), prefixed('324711')]);
    const found = (digits: string) => deck.find(digits, JUNE)?.prefix;
    expect(found('32471155555')).toBe('324711');
    expect(found('32471255555')).toBe('3247');
    expect(found('32480000000')).toBe('32');
    expect(found('33100000000')).toBe('3');
    expect(found('49301234567')).toBeUndefined();
  });

  it('takes no prefix that is longer than the number', () => {
    const deck = compiled([prefixed('32'), prefixed('32000')]);
    expect(deck.find('320', JUNE)?.prefix).toBe('32');
    expect(deck.find('3', JUNE)).toBeNull();
    expect(deck.find('', JUNE)).toBeNull();
  });

  it('goes to the shorter prefix before the longer one is valid', () => {
    const deck = compiled([prefixed('32'), prefixed('3247', { effectiveFromMs: JUNE })]);
    expect(deck.find('3247', JUNE - 1)?.prefix).toBe('32');
    expect(deck.find('3247', JUNE)?.prefix).toBe('3247');
  });

  it('takes the latest valid price, and of two for one moment the later import', () => {
    const deck = compiled([
      prefixed('32', { effectiveFromMs: JANUARY, destination: 'old' }),
      prefixed('32', { effectiveFromMs: JUNE, rateVersion: 1, destination: 'mistake' }),
      prefixed('32', { effectiveFromMs: JUNE, rateVersion: 2, destination: 'corrected' }),
    ]);
    expect(deck.find('32', JANUARY - 1)).toBeNull();
    expect(deck.find('32', JUNE - 1)?.destination).toBe('old');
    expect(deck.find('32', JUNE)?.destination).toBe('corrected');
  });

  it('covers the last number there is', () => {
    const deck = compiled([prefixed('9'), prefixed('99999999999999')]);
    expect(deck.find('999999999999999', JUNE)?.prefix).toBe('99999999999999');
    expect(deck.find('999999999999989', JUNE)?.prefix).toBe('9');
  });

  it('finds nothing in a deck without rates', () => {
    expect(compiled([]).find('32', JUNE)).toBeNull();
  });

  it('refuses rates that come out of order', () => {
    const compiler = new DeckCompiler();
    compiler.add(prefixed('33'));
    expect(() => compiler.add(prefixed('32'))).toThrow('came after');
  });

  it('agrees with trying every rate, for any deck and number', () => {
    const someRates = fc.uniqueArray(
      fc.record({
        prefix: someDigits(14),
        effectiveFromMs: fc.constantFrom(JANUARY, JUNE),
        rateVersion: fc.nat(2),
      }),
      { selector: (rate) => `${rate.prefix} ${rate.effectiveFromMs} ${rate.rateVersion}`, maxLength: 40 },
    );
    fc.assert(
      fc.property(someRates, fc.array(someDigits(15), { maxLength: 20 }), (lines, numbers) => {
        const rates = lines.map((line) => ({ ...aRate({ price: '0.01' }), ...line }));
        const deck = compiled(rates);
        for (const digits of [...numbers, ...lines.map((line) => `${line.prefix}1`)])
          for (const atMs of [JANUARY - 1, JANUARY, JUNE])
            expect(deck.find(digits, atMs)).toEqual(slowFind(rates, digits, atMs));
      }),
      { numRuns: 300 },
    );
  });
});
