import { aDeck, aRateLine } from '../../../test/support/billing-builders';
import { emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { FakeClock } from '../../../test/support/fake-clock';
import { anOutwardTrunk } from '../../../test/support/trunk-builders';
import { findDeckHead } from '../../billing/rating/rates-store';
import { validRates } from '../../billing/rating/valid-rates';
import { TrunkPrices } from './trunk-prices';

describe('what trunks cost', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase('sqlite');
  });
  afterAll(() => test.drop());

  const aTrunk = async (id: string, price: string) => {
    const deck = await aDeck(test.database, [aRateLine({ price })]);
    return anOutwardTrunk({ costDeckId: deck.id }, { id });
  };

  it('is known to each of the calls that come at once with a trunk that is new', async () => {
    const prices = new TrunkPrices(
      {
        version: async (deckId) => (await findDeckHead(test.database.read, deckId))?.version ?? null,
        open: (deckId, atMs) => validRates(test.database.read, deckId, atMs),
      },
      new FakeClock(Date.UTC(2026, 0, 15)),
    );
    const [first, second] = [await aTrunk('first', '0.02'), await aTrunk('second', '0.01')];
    const calls = [[first], [first, second], [first, second], [second]];
    const found = await Promise.all(calls.map((trunks) => prices.priced('3222223344', trunks)));
    expect(found.map((priced) => priced.map(({ cost }) => cost?.pricePerMinuteMicros ?? null))).toEqual([
      [20_000],
      [20_000, 10_000],
      [20_000, 10_000],
      [10_000],
    ]);
  });
});
