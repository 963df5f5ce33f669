import fc from 'fast-check';
import { seededRandom } from '../../../test/support/seeded-random';
import { currency, showMoney } from '../../kernel/money';
import { aRate, aStoredRate } from '../../../test/support/billing-builders';
import { affordableSeconds, UNLIMITED_TALK_SECONDS } from './affordable-seconds';
import { DeckCompiler } from './compiled-deck';
import { inBand } from './in-band';
import { type Rate, rateOfText, rateText, type StoredRate } from './rate';
import { firstChargedSeconds, MAX_TALK_SECONDS, rateCall } from './rate-call';
import { type BandCalendar, BandClock } from './time-bands';

const every = (first: number, next: number) => ({
  firstIncrementSeconds: first,
  nextIncrementSeconds: next,
});
const JPY = currency('JPY');
const KWD = currency('KWD');

const WORKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'] as const;
const EVERY_DAY = [...WORKDAYS, 'saturday', 'sunday', 'holiday'] as const;

/** Nights cost 0.06 a minute instead of 0.12; they go over midnight. */
function nights(of: Partial<BandCalendar> = {}): BandClock {
  return new BandClock({
    timeZone: 'Europe/Brussels',
    holidays: [],
    splitsCalls: false,
    bands: [{ name: 'night', days: [...EVERY_DAY], from: '22:00', until: '06:00' }],
    ...of,
  });
}

const SPLIT = { splitsCalls: true };

/** A rate with night prices as a call at `iso` is priced. */
function at(
  iso: string,
  clock: BandClock,
  line: Parameters<typeof aStoredRate>[0] = { price: '0.12' },
): Rate {
  const stored = aStoredRate({ ...every(1, 1), bandPrices: { night: 60_000 }, ...line });
  return inBand(stored, clock, Date.parse(iso));
}

/** Price per minute, blocks and the rest of the rate; seconds talked; seconds billed; charge. */
const GOLDEN: readonly (readonly [string, Rate, number, number, string])[] = [
  ['60/60, no talk', aRate({ price: '0.12' }), 0, 0, '0.00 EUR'],
  ['60/60, one second', aRate({ price: '0.12' }), 1, 60, '0.12 EUR'],
  ['60/60, a whole minute', aRate({ price: '0.12' }), 60, 60, '0.12 EUR'],
  ['60/60, one second more', aRate({ price: '0.12' }), 61, 120, '0.24 EUR'],
  ['30/6, inside the first block', aRate({ price: '0.12', ...every(30, 6) }), 5, 30, '0.06 EUR'],
  ['30/6, one next block', aRate({ price: '0.12', ...every(30, 6) }), 31, 36, '0.072 EUR'],
  ['30/6, at the edge of a block', aRate({ price: '0.12', ...every(30, 6) }), 36, 36, '0.072 EUR'],
  ['1/1, by the second', aRate({ price: '0.12', ...every(1, 1) }), 61, 61, '0.122 EUR'],
  [
    '1/1, a price that CGRateS rounds per block',
    aRate({ price: '0.250569', ...every(1, 1) }),
    333,
    333,
    '1.390658 EUR',
  ],
  ['90/60, inside the first block', aRate({ price: '0.12', ...every(90, 60) }), 61, 90, '0.18 EUR'],
  ['90/60, one next block', aRate({ price: '0.12', ...every(90, 60) }), 91, 150, '0.30 EUR'],
  ['connect fee beside a block', aRate({ price: '0.12', connectFeeMicros: 50_000 }), 1, 60, '0.17 EUR'],
  ['connect fee alone', aRate({ price: '0', connectFeeMicros: 50_000 }), 600, 600, '0.05 EUR'],
  ['no connect fee without talk', aRate({ price: '0.12', connectFeeMicros: 50_000 }), 0, 0, '0.00 EUR'],
  ['minimum seconds', aRate({ price: '0.12', ...every(1, 1), minimumSeconds: 30 }), 3, 30, '0.06 EUR'],
  [
    'minimum seconds go into blocks',
    aRate({ price: '0.12', ...every(20, 20), minimumSeconds: 30 }),
    3,
    40,
    '0.08 EUR',
  ],
  [
    'minimum charge',
    aRate({ price: '0.12', ...every(1, 1), minimumChargeMicros: 100_000 }),
    3,
    3,
    '0.10 EUR',
  ],
  [
    'above the minimum charge',
    aRate({ price: '0.12', ...every(1, 1), minimumChargeMicros: 100_000 }),
    90,
    90,
    '0.18 EUR',
  ],
  ['a third of a micro is dropped', aRate({ price: '0.000001', ...every(1, 1) }), 20, 20, '0.00 EUR'],
  ['half a micro counts up', aRate({ price: '0.000001', ...every(1, 1) }), 30, 30, '0.000001 EUR'],
  [
    'two decimals, half up',
    aRate({ price: '0.09', ...every(1, 1) }, { chargeDecimals: 2 }),
    10,
    10,
    '0.02 EUR',
  ],
  [
    'two decimals, below half',
    aRate({ price: '0.09', ...every(1, 1) }, { chargeDecimals: 2 }),
    9,
    9,
    '0.01 EUR',
  ],
  [
    'yen, whole coins',
    aRate({ price: '25', ...every(1, 1) }, { currency: JPY, chargeDecimals: 0 }),
    30,
    30,
    '13 JPY',
  ],
  ['yen, exact', aRate({ price: '25', ...every(1, 1) }, { currency: JPY }), 30, 30, '12.5 JPY'],
  [
    'dinar, three decimals',
    aRate({ price: '0.0255', ...every(1, 1) }, { currency: KWD, chargeDecimals: 3 }),
    60,
    60,
    '0.026 KWD',
  ],
  ['grace, its last second', aRate({ price: '0.12', ...every(1, 1), graceSeconds: 3 }), 3, 0, '0.00 EUR'],
  [
    'grace, a second more: all of it',
    aRate({ price: '0.12', ...every(1, 1), graceSeconds: 3 }),
    4,
    4,
    '0.008 EUR',
  ],
  [
    'grace also of connect fee and minimum',
    aRate({ price: '0.12', graceSeconds: 3, connectFeeMicros: 50_000, minimumChargeMicros: 100_000 }),
    2,
    0,
    '0.00 EUR',
  ],
  ['at most', aRate({ price: '0.12', maximumChargeMicros: 300_000 }), 600, 600, '0.30 EUR'],
  ['below the most', aRate({ price: '0.12', maximumChargeMicros: 300_000 }), 120, 120, '0.24 EUR'],
  [
    'at most, connect fee within',
    aRate({ price: '0.12', connectFeeMicros: 200_000, maximumChargeMicros: 300_000 }),
    60,
    60,
    '0.30 EUR',
  ],
  ['before the night', at('2026-01-15T20:59:30Z', nights()), 60, 60, '0.12 EUR'],
  ['in the night', at('2026-01-15T21:00:00Z', nights()), 60, 60, '0.06 EUR'],
  [
    'the night that begins in mid-call changes nothing',
    at('2026-01-15T20:59:30Z', nights()),
    3_600,
    3_600,
    '7.20 EUR',
  ],
  ['a call over midnight, one band', at('2026-01-15T22:59:30Z', nights()), 60, 60, '0.06 EUR'],
  ['the night that begins in mid-call, split', at('2026-01-15T20:59:30Z', nights(SPLIT)), 60, 60, '0.09 EUR'],
  [
    'split: a second belongs to the band it begins in',
    at('2026-01-15T20:59:58.500Z', nights(SPLIT)),
    3,
    3,
    '0.005 EUR',
  ],
  [
    'split: the block over the border is shared out by the second',
    at('2026-01-15T20:59:30Z', nights(SPLIT), { price: '0.12', ...every(60, 60) }),
    20,
    60,
    '0.09 EUR',
  ],
  [
    'split over two borders: a whole night and a minute on both sides',
    at('2026-01-15T20:59:00Z', nights(SPLIT)),
    8 * 3_600 + 120,
    8 * 3_600 + 120,
    '29.04 EUR',
  ],
  [
    'weekdays that end at midnight, split into the weekend',
    at(
      '2026-01-16T22:59:00Z',
      nights({ ...SPLIT, bands: [{ name: 'night', days: ['saturday'], from: '00:00', until: '24:00' }] }),
    ),
    120,
    120,
    '0.18 EUR',
  ],
  [
    'a holiday is no weekday',
    at(
      '2026-12-25T10:00:00Z',
      nights({
        holidays: ['12-25'],
        bands: [{ name: 'night', days: [...WORKDAYS], from: '00:00', until: '24:00' }],
      }),
    ),
    60,
    60,
    '0.12 EUR',
  ],
  [
    'a holiday has the band of holidays',
    at(
      '2026-12-25T10:00:00Z',
      nights({
        holidays: ['2026-12-25'],
        bands: [{ name: 'night', days: ['holiday'], from: '00:00', until: '24:00' }],
      }),
    ),
    60,
    60,
    '0.06 EUR',
  ],
  [
    // 29 March 2026: 02:00 becomes 03:00 in Brussels, so the night from 22:00 to 06:00 lasts seven hours.
    'spring night, from before it to after it, split',
    at('2026-03-28T20:59:00Z', nights(SPLIT)),
    7 * 3_600 + 120,
    7 * 3_600 + 120,
    '25.44 EUR',
  ],
  [
    // 25 October 2026: 03:00 becomes 02:00, so it lasts nine.
    'autumn night, from before it to after it, split',
    at('2026-10-24T19:59:00Z', nights(SPLIT)),
    9 * 3_600 + 120,
    9 * 3_600 + 120,
    '32.64 EUR',
  ],
  ['spring night, 05:59 by the wall clock', at('2026-03-29T03:59:59Z', nights()), 60, 60, '0.06 EUR'],
  ['spring night, 06:00 by the wall clock', at('2026-03-29T04:00:00Z', nights()), 60, 60, '0.12 EUR'],
  ['autumn night, 05:59 by the wall clock', at('2026-10-25T04:59:59Z', nights()), 60, 60, '0.06 EUR'],
  ['autumn night, 06:00 by the wall clock', at('2026-10-25T05:00:00Z', nights()), 60, 60, '0.12 EUR'],
  [
    'the hour that comes twice counts twice, split',
    at(
      '2026-10-25T00:00:00Z',
      nights({ ...SPLIT, bands: [{ name: 'night', days: ['sunday'], from: '02:00', until: '03:00' }] }),
    ),
    3 * 3_600,
    3 * 3_600,
    '14.40 EUR',
  ],
  [
    'the hour that does not come costs nothing of its own, split',
    at(
      '2026-03-29T00:00:00Z',
      nights({ ...SPLIT, bands: [{ name: 'night', days: ['sunday'], from: '02:00', until: '03:00' }] }),
    ),
    3 * 3_600,
    3 * 3_600,
    '21.60 EUR',
  ],
  [
    'a price change in mid-call: the rate of the beginning goes on',
    compiledAt('2026-05-31T23:59:30Z'),
    120,
    120,
    '0.24 EUR',
  ],
  ['a call after the price change', compiledAt('2026-06-01T00:00:00Z'), 120, 120, '0.48 EUR'],
  [
    'a split price beyond what numbers hold',
    at('2026-01-15T20:59:30Z', nights(SPLIT), { price: '999999', bandPrices: { night: 999_998_000_000 } }),
    86_400,
    86_400,
    '1439998080.00 EUR',
  ],
  [
    'a price beyond what numbers hold',
    aRate({ price: '999999', ...every(1, 1) }),
    86_400,
    86_400,
    '1439998560.00 EUR',
  ],
];

/** The rate of a deck whose price doubles on 1 June, for a call at `iso`. */
function compiledAt(iso: string): Rate {
  const compiler = new DeckCompiler();
  compiler.add(aStoredRate({ price: '0.12' }));
  compiler.add(aStoredRate({ price: '0.24', effectiveFromMs: Date.UTC(2026, 5, 1) }));
  return compiler.finish('deck', 1).find('3225550123', Date.parse(iso)) as Rate;
}

describe('rateCall', () => {
  it.each(GOLDEN)('%s', (_, rate, talkSeconds, billedSeconds, charge) => {
    const rated = rateCall(rate, talkSeconds);
    expect(rated.billedSeconds).toBe(billedSeconds);
    expect(showMoney(rated.charge)).toBe(charge);
  });

  it('gives its working', () => {
    expect(rateCall(aRate({ price: '0.12', ...every(30, 6), minimumSeconds: 40 }), 5).working).toEqual({
      prefix: '32',
      destination: 'Belgium',
      deckId: 'deck',
      rateVersion: 1,
      pricePerMinuteMicros: 120_000,
      connectFeeMicros: 0,
      increments: '30/6',
      talkSeconds: 5,
      billedSeconds: 42,
      minimumApplied: 'seconds',
      rounding: 'half up to 6 decimals',
    });
  });

  it('says of a call that bands split what each had, and of one in its grace or at its most why', () => {
    const split = at('2026-01-15T20:59:30Z', nights(SPLIT));
    expect(rateCall(split, 60).working).toMatchObject({
      bands: [
        { band: null, seconds: 30, pricePerMinuteMicros: 120_000 },
        { band: 'night', seconds: 30, pricePerMinuteMicros: 60_000 },
      ],
    });
    expect(rateCall(split, 10).working).not.toHaveProperty('bands');
    expect(rateCall(at('2026-01-15T21:00:00Z', nights()), 10).working).toMatchObject({ band: 'night' });
    expect(rateCall(aRate({ price: '1', graceSeconds: 5 }), 5).working).toMatchObject({ graceSeconds: 5 });
    expect(rateCall(aRate({ price: '1', maximumChargeMicros: 7 }), 5).working).toMatchObject({
      maximumChargeMicros: 7,
    });
  });

  it.each([-1, 1.5, Number.NaN, MAX_TALK_SECONDS + 1])('refuses a duration of %s', (talkSeconds) => {
    expect(() => rateCall(aRate({ price: '0.12' }), talkSeconds)).toThrow('talkSeconds');
  });

  it('never costs less for longer talk, and agrees with arithmetic in fractions', () => {
    fc.assert(
      fc.property(someRate(), someTalk(), someTalk(), (rate, one, other) => {
        const [shorter, longer] = [Math.min(one, other), Math.max(one, other)];
        const less = rateCall(rate, shorter).charge.amountMicros;
        expect(rateCall(rate, longer).charge.amountMicros).toBeGreaterThanOrEqual(less);
        expect(less).toBe(slowCharge(rate, shorter));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('one price from the announcement to the bill', () => {
  it('holds for 100,000 random calls: what was quoted is what is held, what lasts as long as was announced, and what is billed', () => {
    const random = seededRandom(42);
    const below = (limit: number) => Math.floor(random() * limit);
    const disagreeing: string[] = [];
    for (let call = 0; call < 100_000; call++) {
      const stored: StoredRate = {
        ...aStoredRate({ price: '0' }),
        pricePerMinuteMicros: below(1_000_000),
        bandPrices: below(2) === 0 ? { night: below(1_000_000) } : null,
        connectFeeMicros: below(3) === 0 ? below(200_000) : 0,
        ...every(1 + below(90), 1 + below(60)),
        minimumSeconds: below(3) === 0 ? below(90) : 0,
        graceSeconds: below(3) === 0 ? below(6) : 0,
        minimumChargeMicros: below(4) === 0 ? below(100_000) : 0,
        maximumChargeMicros: below(4) === 0 ? 100_000 + below(2_000_000) : null,
        chargeDecimals: below(7),
      };
      const talkSeconds = below(7_200);
      const clock = below(2) === 0 ? SPLITTING : WHOLE;
      const quoted = inBand(stored, clock, Date.UTC(2026, 0, 1) + below(366 * 86_400_000));
      const quote = rateCall(quoted, talkSeconds);
      const promised = rateOfText(rateText(quoted));
      const held = rateCall(promised, Math.max(talkSeconds, firstChargedSeconds(promised))).charge;
      const announcedSeconds = affordableSeconds(promised, held.amountMicros);
      const bill = rateCall(promised, talkSeconds);
      if (
        bill.charge.amountMicros !== quote.charge.amountMicros ||
        bill.charge.amountMicros > held.amountMicros ||
        announcedSeconds < talkSeconds ||
        (talkSeconds >= firstChargedSeconds(promised) && held.amountMicros !== bill.charge.amountMicros)
      )
        disagreeing.push(JSON.stringify({ call, quoted, talkSeconds }));
    }
    expect(disagreeing).toEqual([]);
  });
});

describe('affordableSeconds', () => {
  it.each([
    [0n, 0],
    [119_999n, 0],
    [120_000n, 60],
    [239_999n, 60],
    [240_000n, 120],
  ])('%s micros at 0.12 a minute pay for %s s', (amountMicros, seconds) => {
    expect(affordableSeconds(aRate({ price: '0.12' }), amountMicros)).toBe(seconds);
  });

  it('pays free talk without limit once the connect fee is covered', () => {
    const rate = aRate({ price: '0', connectFeeMicros: 50_000 });
    expect(affordableSeconds(rate, 49_999n)).toBe(0);
    expect(affordableSeconds(rate, 50_000n)).toBe(UNLIMITED_TALK_SECONDS);
  });

  it('is the longest talk that the amount pays: a second more costs more', () => {
    fc.assert(
      fc.property(someRate(), fc.bigInt({ min: 0n, max: 10_000_000n }), (rate, amountMicros) => {
        const seconds = affordableSeconds(rate, amountMicros);
        if (seconds === UNLIMITED_TALK_SECONDS) return;
        expect(rateCall(rate, seconds).charge.amountMicros).toBeLessThanOrEqual(amountMicros);
        expect(rateCall(rate, seconds + 1).charge.amountMicros).toBeGreaterThan(amountMicros);
      }),
      { numRuns: 2_000 },
    );
  });
});

function someTalk() {
  return fc.oneof(fc.nat(400), fc.nat(20_000));
}

function someRate(): fc.Arbitrary<Rate> {
  return fc
    .record({
      pricePerMinuteMicros: fc.oneof(fc.nat(1_000_000), fc.nat(1_000_000_000_000)),
      connectFeeMicros: fc.oneof(fc.constant(0), fc.nat(1_000_000)),
      firstIncrementSeconds: fc.integer({ min: 1, max: 120 }),
      nextIncrementSeconds: fc.integer({ min: 1, max: 120 }),
      minimumSeconds: fc.oneof(fc.constant(0), fc.nat(120)),
      graceSeconds: fc.oneof(fc.constant(0), fc.nat(10)),
      minimumChargeMicros: fc.oneof(fc.constant(0), fc.nat(1_000_000)),
      maximumChargeMicros: fc.oneof(fc.constant(null), fc.integer({ min: 1_000_000, max: 50_000_000 })),
      bandPrices: fc.oneof(fc.constant(null), fc.record({ night: fc.nat(2_000_000) })),
      chargeDecimals: fc.nat(6),
      splitsCalls: fc.boolean(),
      startedAtMs: fc.nat(366 * 86_400_000),
    })
    .map(({ splitsCalls, startedAtMs, ...terms }) =>
      inBand(
        { ...aStoredRate({ price: '0' }), ...terms },
        splitsCalls ? SPLITTING : WHOLE,
        Date.UTC(2026, 0, 1) + startedAtMs,
      ),
    );
}

const WHOLE = nights();
const SPLITTING = nights(SPLIT);

/** Block by block and second by second in bigint, rounded once at the end: the definition, written apart from the product. */
function slowCharge(rate: Rate, talkSeconds: number): bigint {
  if (talkSeconds === 0 || talkSeconds <= rate.graceSeconds) return 0n;
  let billed = BigInt(rate.firstIncrementSeconds);
  while (billed < BigInt(talkSeconds) || billed < BigInt(rate.minimumSeconds))
    billed += BigInt(rate.nextIncrementSeconds);
  const step = 10n ** BigInt(6 - rate.chargeDecimals);
  let sixtieths = BigInt(rate.connectFeeMicros) * 60n;
  if (!rate.steps) sixtieths += BigInt(rate.pricePerMinuteMicros) * billed;
  else {
    const steps = [...rate.steps];
    let price = 0n;
    for (let second = 0n; second < billed; second++) {
      if (BigInt(steps[0]?.fromSecond ?? -1) === second)
        price = BigInt(steps.shift()?.pricePerMinuteMicros ?? 0);
      sixtieths += price;
    }
  }
  let charge = ((sixtieths + 30n * step) / (60n * step)) * step;
  const least = BigInt(rate.minimumChargeMicros);
  if (charge < least) charge = least;
  const most = rate.maximumChargeMicros === null ? charge : BigInt(rate.maximumChargeMicros);
  return charge > most ? most : charge;
}
