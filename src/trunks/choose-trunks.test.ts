import fc from 'fast-check';
import { anOutwardTrunk } from '../../test/support/trunk-builders';
import { currency } from '../kernel/money';
import { type Candidate, type ChoiceFacts, chooseTrunks, type DeckPrice } from './choose-trunks';
import type { Outward } from './outward';
import type { TrunkQuality } from './quality';
import type { Trunk } from './trunk';

const EUR = currency('EUR');

const price = (pricePerMinuteMicros: number, of: Partial<DeckPrice> = {}): DeckPrice => ({
  currency: EUR,
  connectFeeMicros: 0,
  pricePerMinuteMicros,
  firstIncrementSeconds: 60,
  nextIncrementSeconds: 60,
  minimumSeconds: 0,
  minimumChargeMicros: 0,
  ...of,
});

type Of = {
  cost?: DeckPrice | null;
  alive?: boolean;
  quality?: TrunkQuality | null;
  outward?: Partial<Outward>;
  trunk?: Partial<Trunk>;
};

const candidate = (
  id: string,
  { cost = price(100), alive = true, quality = null, outward, trunk }: Of = {},
): Candidate => ({
  trunk: anOutwardTrunk({ costDeckId: 'deck', ...outward }, { id, ...trunk }),
  cost,
  alive,
  quality,
});

const quality = (answeredShare: number, of: Partial<TrunkQuality> = {}): TrunkQuality => ({
  attempts: 100,
  answered: answeredShare * 100,
  answeredShare,
  talkSeconds: 180,
  ringDelayMs: 2_000,
  ...of,
});

const choose = (candidates: readonly Candidate[], of: Partial<ChoiceFacts> = {}) => {
  const { order, leftOut } = chooseTrunks({
    digits: '3222223344',
    candidates,
    sale: price(1_000),
    mode: 'cost',
    marginFloor: null,
    needs: { srtp: false, tls: false },
    emergency: null,
    lots: candidates.map(() => 0.5),
    ...of,
  });
  return {
    order: order.map(({ trunkId }) => trunkId),
    whys: order.map(({ why }) => why),
    leftOut: Object.fromEntries(leftOut.map(({ trunkId, reason }) => [trunkId, reason])),
  };
};

const emergency = (position: number, ...countries: string[]) => ({
  outward: { emergency: { position, countries } },
});

describe('the choice of trunks', () => {
  describe('by cost', () => {
    it('has the cheapest first, and says what was compared', () => {
      const found = choose([
        candidate('dear', { cost: price(300) }),
        candidate('cheap', { cost: price(100) }),
      ]);
      expect(found.order).toEqual(['cheap', 'dear']);
      expect(found.whys[0]).toEqual({
        by: 'cost',
        comparedCostMicros: 300,
        firstMarginMicros: 900,
        answeredShare: null,
        isDead: false,
      });
    });

    it('has those of unknown cost behind, also those in another currency', () => {
      const found = choose([
        candidate('no-deck', { cost: null, outward: { costDeckId: null } }),
        candidate('dollar', { cost: price(1, { currency: currency('USD') }) }),
        candidate('known', { cost: price(900) }),
      ]);
      expect(found.order[0]).toBe('known');
      expect(found.whys[1]?.comparedCostMicros).toBeNull();
    });

    it('draws equal ones by their weights', () => {
      const firsts = { light: 0, heavy: 0 };
      const both = [
        candidate('light', { outward: { weight: 10 } }),
        candidate('heavy', { outward: { weight: 30 } }),
      ];
      for (let n = 0.5; n < 40; n++)
        for (let m = 0.5; m < 40; m++)
          firsts[choose(both, { lots: [n / 40, m / 40] }).order[0] as keyof typeof firsts]++;
      expect(firsts.heavy / (firsts.heavy + firsts.light)).toBeCloseTo(0.75, 1);
    });
  });

  describe('by quality', () => {
    it('has first who answers more, whatever it costs', () => {
      const found = choose(
        [
          candidate('poor', { cost: price(1), quality: quality(0.2) }),
          candidate('good', { cost: price(900), quality: quality(0.7) }),
          candidate('unknown', { cost: price(500) }),
          candidate('few', { cost: price(499), quality: quality(0.9, { attempts: 19 }) }),
        ],
        { mode: 'quality' },
      );
      expect(found.order).toEqual(['good', 'few', 'unknown', 'poor']);
      expect(found.whys.map((why) => why.answeredShare)).toEqual([0.7, null, null, 0.2]);
    });

    it('then who is talked with longer, then who rings sooner, then the cheaper', () => {
      const longer = candidate('longer', { quality: quality(0.5, { talkSeconds: 400 }) });
      const sooner = candidate('sooner', { quality: quality(0.5, { ringDelayMs: 500 }) });
      const cheap = candidate('cheap', { cost: price(1), quality: quality(0.51, { talkSeconds: 179 }) });
      const plain = candidate('plain', { quality: quality(0.5) });
      const found = choose([plain, cheap, sooner, longer], { mode: 'quality' });
      expect(found.order).toEqual(['longer', 'sooner', 'cheap', 'plain']);
    });
  });

  it.each<[string, string, Of, Partial<ChoiceFacts>]>([
    ['is disabled', 'disabled', { trunk: { state: 'disabled' } }, {}],
    ['is dead', 'dead', { alive: false }, {}],
    [
      'may carry other prefixes alone',
      'prefix-not-allowed',
      { outward: { allowPrefixes: ['33', '44'] } },
      {},
    ],
    ['may not carry this prefix', 'prefix-blocked', { outward: { blockPrefixes: ['322'] } }, {}],
    ['sends no SRTP that is needed', 'no-srtp', {}, { needs: { srtp: true, tls: false } }],
    ['has no TLS that is needed', 'no-tls', {}, { needs: { srtp: false, tls: true } }],
    ['has no rate for the number', 'no-rate', { cost: null }, {}],
    ['earns too little', 'below-margin', { cost: price(950) }, { marginFloor: { micros: 51 } }],
    ['earns too small a share', 'below-margin', { cost: price(950) }, { marginFloor: { shareOfSale: 0.06 } }],
    [
      'would lose on the first block',
      'below-margin',
      { cost: price(10, { firstIncrementSeconds: 7_200 }) },
      { marginFloor: { micros: 0 } },
    ],
    [
      'has another currency where a margin is asked for',
      'margin-unknown',
      { cost: price(1, { currency: currency('USD') }) },
      { marginFloor: { micros: 0 } },
    ],
    [
      'has no known cost where a margin is asked for',
      'margin-unknown',
      { cost: null, outward: { costDeckId: null } },
      { marginFloor: { micros: 0 } },
    ],
    [
      'carries a call without a price where a margin is asked for',
      'margin-unknown',
      {},
      { marginFloor: { micros: 0 }, sale: null },
    ],
  ])('leaves out a trunk that %s: %s', (_, reason, of, facts) => {
    const found = choose(
      [candidate('it', of), candidate('other', { outward: { transport: 'tls', srtp: 'offered' } })],
      {
        ...facts,
      },
    );
    expect(found.leftOut).toMatchObject({ it: reason });
    expect(found.order).not.toContain('it');
  });

  it.each<[string, Of, Partial<ChoiceFacts>]>([
    ['may carry the prefix', { outward: { allowPrefixes: ['33', '32'] } }, {}],
    ['may not carry another one', { outward: { blockPrefixes: ['33', '32222233445'] } }, {}],
    ['earns just enough', { cost: price(950) }, { marginFloor: { micros: 50 } }],
    ['earns just the share', { cost: price(950) }, { marginFloor: { shareOfSale: 0.05 } }],
    [
      'offers SRTP over TLS',
      { outward: { transport: 'tls', srtp: 'offered' } },
      { needs: { srtp: true, tls: true } },
    ],
  ])('takes a trunk that %s', (_, of, facts) => {
    expect(choose([candidate('it', of)], facts)).toMatchObject({ order: ['it'], leftOut: {} });
  });

  describe('for an emergency', () => {
    const belgian = { digits: '112', emergency: { country: 'BE' } };

    it('goes by its own order, dead ones last', () => {
      const found = choose(
        [
          candidate('second', emergency(2, 'BE')),
          candidate('dead', { ...emergency(1, 'BE'), alive: false }),
          candidate('french', emergency(1, 'FR')),
          candidate('first', emergency(1, 'BE', 'LU')),
          candidate('unnamed', { trunk: { country: 'BE' } }),
          candidate('foreign', { trunk: { country: 'FR' } }),
          candidate('anywhere'),
        ],
        belgian,
      );
      expect(found.order).toEqual(['first', 'second', 'anywhere', 'french', 'unnamed', 'dead']);
      expect(found.whys.at(-1)).toMatchObject({ by: 'emergency-order', isDead: true });
      expect(found.leftOut).toEqual({ foreign: 'not-for-emergency' });
    });

    it('is held back by neither list, price, margin nor wish', () => {
      const hindered = candidate('it', {
        cost: null,
        outward: {
          blockPrefixes: ['1'],
          allowPrefixes: ['9'],
          emergency: { position: 1, countries: ['BE'] },
        },
      });
      const facts = {
        ...belgian,
        marginFloor: { micros: 1e9 },
        sale: null,
        needs: { srtp: true, tls: true },
      };
      expect(choose([hindered], facts).order).toEqual(['it']);
    });

    it('goes to any that takes emergencies when nobody knows from where', () => {
      const found = choose([candidate('french', emergency(1, 'FR'))], { emergency: { country: null } });
      expect(found.order).toEqual(['french']);
    });

    it('leaves out what an operator disabled', () => {
      const off = candidate('off', { ...emergency(1, 'BE'), trunk: { state: 'disabled' } });
      expect(choose([off], belgian)).toMatchObject({ order: [], leftOut: { off: 'disabled' } });
    });
  });

  it('names every trunk once, in the order or with a reason', () => {
    const some = fc.record({
      cost: fc.option(fc.integer({ min: 0, max: 2_000 }).map((micros) => price(micros))),
      alive: fc.boolean(),
      share: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      state: fc.constantFrom('active' as const, 'disabled' as const),
      prefixes: fc.subarray(['3', '32', '4']),
      emergency: fc.boolean(),
    });
    const facts = fc.record({
      mode: fc.constantFrom('cost' as const, 'quality' as const),
      floor: fc.option(fc.integer({ min: -100, max: 1_000 })),
      isEmergency: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 8 }), facts, (trunks, { mode, floor, isEmergency }) => {
        const candidates = trunks.map((one, index) =>
          candidate(`t${index}`, {
            cost: one.cost,
            alive: one.alive,
            quality: one.share === null ? null : quality(one.share),
            trunk: { state: one.state },
            outward: {
              blockPrefixes: one.prefixes,
              emergency: one.emergency ? { position: 1, countries: ['BE'] } : null,
            },
          }),
        );
        const found = choose(candidates, {
          mode,
          marginFloor: floor === null ? null : { micros: floor },
          emergency: isEmergency ? { country: 'BE' } : null,
        });
        const named = [...found.order, ...Object.keys(found.leftOut)].toSorted();
        expect(named).toEqual(candidates.map(({ trunk }) => trunk.id).toSorted());
      }),
      { numRuns: 500 },
    );
  });
});
