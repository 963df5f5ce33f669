import fc from 'fast-check';
import { currency, showMoney } from '../../kernel/money';
import { aRate } from '../../../test/support/billing-builders';
import { affordableSeconds, UNLIMITED_TALK_SECONDS } from './affordable-seconds';
import type { Rate } from './rate';
import { MAX_TALK_SECONDS, rateCall } from './rate-call';

const every = (first: number, next: number) => ({
  firstIncrementSeconds: first,
  nextIncrementSeconds: next,
});
const JPY = currency('JPY');
const KWD = currency('KWD');

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
  [
    'a price beyond what numbers hold',
    aRate({ price: '999999', ...every(1, 1) }),
    86_400,
    86_400,
    '1439998560.00 EUR',
  ],
];

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
  return fc.oneof(fc.nat(400), fc.nat(100_000));
}

function someRate() {
  return fc
    .record({
      pricePerMinuteMicros: fc.oneof(fc.nat(1_000_000), fc.nat(1_000_000_000_000)),
      connectFeeMicros: fc.oneof(fc.constant(0), fc.nat(1_000_000)),
      firstIncrementSeconds: fc.integer({ min: 1, max: 120 }),
      nextIncrementSeconds: fc.integer({ min: 1, max: 120 }),
      minimumSeconds: fc.oneof(fc.constant(0), fc.nat(120)),
      minimumChargeMicros: fc.oneof(fc.constant(0), fc.nat(1_000_000)),
      chargeDecimals: fc.nat(6),
    })
    .map((terms) => ({ ...aRate({ price: '0' }), ...terms }));
}

/** Block by block in bigint, rounded once at the end: the definition, written apart from the product. */
function slowCharge(rate: Rate, talkSeconds: number): bigint {
  if (talkSeconds === 0) return 0n;
  let billed = BigInt(rate.firstIncrementSeconds);
  while (billed < BigInt(talkSeconds) || billed < BigInt(rate.minimumSeconds))
    billed += BigInt(rate.nextIncrementSeconds);
  const step = 10n ** BigInt(6 - rate.chargeDecimals);
  const sixtieths = BigInt(rate.connectFeeMicros) * 60n + BigInt(rate.pricePerMinuteMicros) * billed;
  const charge = ((sixtieths + 30n * step) / (60n * step)) * step;
  const least = BigInt(rate.minimumChargeMicros);
  return charge > least ? charge : least;
}
