import fc from 'fast-check';
import { aStoredRate } from '../../../test/support/billing-builders';
import { type CompiledDeck, DeckCompiler } from './compiled-deck';
import { inBand } from './in-band';
import type { Rate, StoredRate } from './rate';
import { type BandCalendar, BandClock } from './time-bands';

const JANUARY = Date.UTC(2026, 0, 1);
const JUNE = Date.UTC(2026, 5, 1);

function compiled(rates: readonly StoredRate[], clock: BandClock | null = null): CompiledDeck {
  const compiler = new DeckCompiler(0, clock);
  for (const rate of rates.toSorted(inDeckOrder)) compiler.add(rate);
  return compiler.finish('deck', 1);
}

function inDeckOrder(left: StoredRate, right: StoredRate): number {
  if (left.prefix !== right.prefix) return left.prefix < right.prefix ? -1 : 1;
  return left.effectiveFromMs - right.effectiveFromMs || left.rateVersion - right.rateVersion;
}

const prefixed = (prefix: string, rest: Partial<StoredRate> = {}): StoredRate => ({
  ...aStoredRate({ price: '0.01', prefix }),
  ...rest,
});

/** The definition, tried on every rate. */
function slowFind(
  rates: readonly StoredRate[],
  digits: string,
  atMs: number,
  clock: BandClock | null,
): Rate | null {
  const fitting = rates.filter((rate) => digits.startsWith(rate.prefix) && rate.effectiveFromMs <= atMs);
  const latestFirst = fitting.toSorted(
    (left, right) =>
      right.prefix.length - left.prefix.length ||
      right.effectiveFromMs - left.effectiveFromMs ||
      right.rateVersion - left.rateVersion,
  );
  const latest = latestFirst.filter(({ prefix }, n) => latestFirst[n - 1]?.prefix !== prefix);
  const found = latest.find(({ effectiveUntilMs }) => effectiveUntilMs === null || effectiveUntilMs > atMs);
  return found ? inBand(found, clock, atMs) : null;
}

const NIGHTS: BandCalendar = {
  timeZone: 'Europe/Brussels',
  holidays: [],
  splitsCalls: false,
  bands: [
    {
      name: 'night',
      days: ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'],
      from: '22:00',
      until: '06:00',
    },
  ],
};

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

  it('leads past a prefix whose latest rate has ended, to the shorter one', () => {
    const deck = compiled([
      prefixed('32', { destination: 'outer' }),
      prefixed('3247', { effectiveFromMs: 0, destination: 'before' }),
      prefixed('3247', { effectiveFromMs: JANUARY, effectiveUntilMs: JUNE, destination: 'until June' }),
    ]);
    const at = (atMs: number) => deck.find('32470', atMs)?.destination;
    expect([at(JANUARY - 1), at(JUNE - 1), at(JUNE)]).toEqual(['before', 'until June', 'outer']);
  });

  it('gives the price of the time band, by the wall clock of the deck', () => {
    const clock = new BandClock(NIGHTS);
    const deck = compiled([prefixed('32', { bandPrices: { night: 1 } }), prefixed('33')], clock);
    const at = (digits: string, iso: string) => deck.find(digits, Date.parse(iso));
    expect(at('32', '2026-01-15T20:59:59Z')).toMatchObject({ pricePerMinuteMicros: 10_000, band: null });
    expect(at('32', '2026-01-15T21:00:00Z')).toMatchObject({ pricePerMinuteMicros: 1, band: 'night' });
    expect(at('32', '2026-07-15T20:00:00Z')).toMatchObject({ pricePerMinuteMicros: 1, band: 'night' });
    expect(at('33', '2026-01-15T21:00:00Z')).toMatchObject({ pricePerMinuteMicros: 10_000, band: null });
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
        effectiveUntilMs: fc.constantFrom(null, null, JUNE + 1, JUNE + 2),
        bandPrices: fc.constantFrom(null, { night: 5 }),
        rateVersion: fc.nat(2),
      }),
      { selector: (rate) => `${rate.prefix} ${rate.effectiveFromMs} ${rate.rateVersion}`, maxLength: 40 },
    );
    fc.assert(
      fc.property(
        someRates,
        fc.array(someDigits(15), { maxLength: 20 }),
        fc.boolean(),
        (lines, numbers, splits) => {
          const rates = lines.map((line) => ({ ...aStoredRate({ price: '0.01' }), ...line }));
          const clock = new BandClock({ ...NIGHTS, splitsCalls: splits });
          const deck = compiled(rates, clock);
          for (const digits of [...numbers, ...lines.map((line) => `${line.prefix}1`)])
            for (const atMs of [JANUARY - 1, JANUARY, JUNE, JUNE + 1, JUNE + 2, JUNE + 12 * 3_600_000])
              expect(deck.find(digits, atMs)).toEqual(slowFind(rates, digits, atMs, clock));
        },
      ),
      { numRuns: 300 },
    );
  });
});
