import fc from 'fast-check';
import { seededRandom } from '../../test/support/seeded-random';
import { buildRouteTable, type RouteRate, ROUTES_KEPT } from './route-table';
import { COMPARED_SECONDS, talkCostMicros, type TrunkCost } from './trunk-cost';

const perMinute = (pricePerMinuteMicros: number): TrunkCost => ({
  connectFeeMicros: 0,
  pricePerMinuteMicros,
  firstIncrementSeconds: 60,
  nextIncrementSeconds: 60,
  minimumSeconds: 0,
  minimumChargeMicros: 0,
});

type Deck = readonly RouteRate[];

/** A deck in pages of seven, some of them empty, as a database may give them. */
async function* pagesOf(deck: Deck) {
  yield [];
  for (let from = 0; from < deck.length; from += 7) yield deck.slice(from, from + 7);
}

const build = (decks: readonly Deck[]) => buildRouteTable(decks.map(pagesOf));

const deckOf = (prices: Readonly<Record<string, number>>): Deck =>
  Object.entries(prices)
    .map(([prefix, price]) => ({ prefix, cost: perMinute(price) }))
    .toSorted((left, right) => (left.prefix < right.prefix ? -1 : 1));

/** The slow way: each trunk's longest prefix, sorted. */
function slowly(decks: readonly Deck[], digits: string): readonly string[] {
  return decks
    .flatMap((deck, trunk) => {
      const found = deck
        .filter(({ prefix }) => digits.startsWith(prefix))
        .toSorted((left, right) => right.prefix.length - left.prefix.length)[0];
      return found ? [{ trunk, micros: talkCostMicros(found.cost, COMPARED_SECONDS) }] : [];
    })
    .toSorted((left, right) => left.micros - right.micros || left.trunk - right.trunk)
    .slice(0, ROUTES_KEPT)
    .map(({ trunk, micros }) => `${trunk}:${micros}`);
}

/** Equal ones may stand in any order. */
const pricesOf = (list: readonly string[]) => list.map((one) => one.split(':')[1]);

const all = { usable: new Uint8Array(256).fill(1), weights: new Uint8Array(256).fill(1), lot: 0 };
const into = new Uint32Array(ROUTES_KEPT);

async function quickly(decks: readonly Deck[], digits: string, by = all): Promise<readonly string[]> {
  const table = await build(decks);
  const count = table.pick(digits, by, into);
  return Array.from(into.subarray(0, count), (number) => {
    const { trunk, comparedMicros } = table.route(number);
    return `${trunk}:${comparedMicros}`;
  });
}

describe('a table of routes', () => {
  it('has each trunk by its longest prefix, the cheapest first', async () => {
    const decks = [deckOf({ '32': 30, '324': 5 }), deckOf({ '3': 20 }), deckOf({ '33': 1 })];
    expect(await quickly(decks, '3222223344')).toEqual(['1:60', '0:90']);
    expect(await quickly(decks, '32470123456')).toEqual(['0:15', '1:60']);
    expect(await quickly(decks, '33199001234')).toEqual(['2:3', '1:60']);
    expect(await quickly(decks, '442079460018')).toEqual([]);
  });

  it('knows that a number shorter than a prefix does not begin with it', async () => {
    const decks = [deckOf({ '32': 30, '3220': 1, '32200': 2 })];
    expect(await quickly(decks, '32')).toEqual(['0:90']);
    expect(await quickly(decks, '322')).toEqual(['0:90']);
    expect(await quickly(decks, '3220')).toEqual(['0:3']);
    expect(await quickly(decks, '32200')).toEqual(['0:6']);
    expect(await quickly(decks, '')).toEqual([]);
  });

  it('keeps the six cheapest of twenty', async () => {
    const decks = Array.from({ length: 20 }, (_, trunk) => deckOf({ '1': 100 - trunk }));
    expect(await quickly(decks, '12025550143')).toEqual([
      '19:243',
      '18:246',
      '17:249',
      '16:252',
      '15:255',
      '14:258',
    ]);
  });

  it('compares what a call of three minutes costs, with fee, increments and minimum', async () => {
    const cheapMinute = { ...perMinute(10), connectFeeMicros: 100 };
    const longBlock = { ...perMinute(11), firstIncrementSeconds: 3_600 };
    const least = { ...perMinute(1), minimumChargeMicros: 500 };
    const decks = [cheapMinute, longBlock, least, perMinute(20)].map((cost) => [{ prefix: '1', cost }]);
    expect(await quickly(decks, '1')).toEqual(['3:60', '0:130', '2:500', '1:660']);
  });

  it('finds what twenty separate look-ups find', async () => {
    const digits = fc.stringMatching(/^[0-3]{1,8}$/);
    const decks = fc.array(fc.dictionary(digits, fc.integer({ min: 1, max: 9 }), { maxKeys: 12 }), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(decks, fc.array(digits, { minLength: 1, maxLength: 20 }), async (prices, numbers) => {
        const made = prices.map(deckOf);
        for (const number of numbers)
          expect(pricesOf(await quickly(made, number))).toEqual(pricesOf(slowly(made, number)));
      }),
      { numRuns: 300 },
    );
  });

  it('finds the same for 20,000 numbers behind 20 decks of 2,000 prefixes', async () => {
    const random = seededRandom(1);
    const below = (limit: number) => Math.floor(random() * limit);
    const aPrefix = () => String(1 + below(9)) + Array.from({ length: below(6) }, () => below(10)).join('');
    const decks = Array.from({ length: 20 }, () =>
      deckOf(Object.fromEntries(Array.from({ length: 2_000 }, () => [aPrefix(), 1 + below(1_000_000)]))),
    );
    const table = await build(decks);
    const maps = decks.map((deck) => new Map(deck.map(({ prefix, cost }) => [prefix, cost])));
    let checked = 0;
    for (let n = 0; n < 20_000; n++) {
      const number = aPrefix() + String(below(1_000_000));
      const expected = maps
        .flatMap((map, trunk) => {
          for (let length = number.length; length > 0; length--) {
            const cost = map.get(number.slice(0, length));
            if (cost) return [{ trunk, micros: talkCostMicros(cost, COMPARED_SECONDS) }];
          }
          return [];
        })
        .toSorted((left, right) => left.micros - right.micros || left.trunk - right.trunk)
        .slice(0, ROUTES_KEPT)
        .map(({ micros }) => micros);
      const count = table.pick(number, all, into);
      const found = Array.from(into.subarray(0, count), (route) => table.route(route).comparedMicros);
      if (found.join() === expected.join()) checked++;
    }
    expect(checked).toBe(20_000);
  });

  it('passes over trunks that are out of use', async () => {
    const decks = [deckOf({ '1': 1 }), deckOf({ '1': 2 }), deckOf({ '1': 3 })];
    const usable = Uint8Array.from([1, 0, 1]);
    expect(await quickly(decks, '1', { ...all, usable })).toEqual(['0:3', '2:9']);
  });

  it('draws among equal ones by weight, and leaves the order of prices', async () => {
    const decks = [deckOf({ '1': 5 }), deckOf({ '1': 5 }), deckOf({ '1': 1 }), deckOf({ '1': 5 })];
    const table = await build(decks);
    const weights = Uint8Array.from([10, 30, 1, 60]);
    const firsts = new Map<number, number>();
    for (let n = 0; n < 1_000; n++) {
      const count = table.pick('1', { ...all, weights, lot: n / 1_000 }, into);
      const trunks = Array.from(into.subarray(0, count), (route) => table.route(route).trunk);
      expect(trunks[0]).toBe(2);
      expect(trunks.toSorted((left, right) => left - right)).toEqual([0, 1, 2, 3]);
      firsts.set(trunks[1] ?? -1, (firsts.get(trunks[1] ?? -1) ?? 0) + 1);
    }
    expect([0, 1, 3].map((trunk) => Math.round((firsts.get(trunk) ?? 0) / 100))).toEqual([1, 3, 6]);
  });

  it('is built with turns for the calls in between', async () => {
    const deck = deckOf(
      Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [String(100_000 + n), n + 1])),
    );
    let turns = 0;
    let building = true;
    const count = () => {
      turns++;
      if (building) setImmediate(count);
    };
    setImmediate(count);
    await build([deck]);
    building = false;
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it.each([
    ['a prefix that is none', [{ prefix: '3a', cost: perMinute(1) }]],
    ['a prefix of no digit', [{ prefix: '', cost: perMinute(1) }]],
    ['prefixes out of order', [...deckOf({ '2': 1 }), ...deckOf({ '1': 1 })]],
    ['a prefix twice', [...deckOf({ '2': 1 }), ...deckOf({ '2': 1 })]],
  ])('is not built from %s', async (_, deck) => {
    await expect(build([deck])).rejects.toThrow(RangeError);
  });
});
