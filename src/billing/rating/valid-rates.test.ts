import { aDeck, aRateLine, START_MS } from '../../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { publishRates } from './stage-rates';
import { type ValidRate, validRates } from './valid-rates';

describe.each(DIALECTS)('the rates of a deck that are valid at a moment on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const read = async (deckId: string, atMs: number) => {
    const found = await validRates(test.database.read, deckId, atMs);
    const rates: ValidRate[] = [];
    for await (const page of found?.pages ?? []) rates.push(...page);
    return {
      rates: rates.map(({ prefix, cost }) => `${prefix} ${cost.pricePerMinuteMicros}`),
      nextChangeAtMs: found?.nextChangeAtMs() ?? null,
    };
  };

  it('are one a prefix: the latest that has begun, of two for one moment the later import’s', async () => {
    const deck = await aDeck(test.database, [
      aRateLine({ prefix: '32', price: '0.01', effectiveFromMs: 0 }),
      aRateLine({ prefix: '32', price: '0.02', effectiveFromMs: START_MS }),
      aRateLine({ prefix: '32', price: '0.03', effectiveFromMs: START_MS + 10 }),
      aRateLine({ prefix: '324', price: '0.04', effectiveFromMs: START_MS + 5 }),
      aRateLine({ prefix: '33', price: '0.05', effectiveFromMs: 0 }),
    ]);
    const again = [aRateLine({ prefix: '33', price: '0.06', effectiveFromMs: 0 })];
    await publishRates(test.database, again, {
      deck,
      sourceName: 'again',
      nowMs: START_MS,
      onRowsStored: () => {},
    });
    expect(await read(deck.id, START_MS)).toEqual({
      rates: ['32 20000', '33 60000'],
      nextChangeAtMs: START_MS + 5,
    });
    expect(await read(deck.id, START_MS + 10)).toEqual({
      rates: ['32 30000', '324 40000', '33 60000'],
      nextChangeAtMs: null,
    });
    expect((await read(deck.id, -1)).rates).toEqual([]);
  });

  it('come whole over many pages, in the order of their prefixes', async () => {
    const prefixes = Array.from({ length: 1_200 }, (_, n) => String(1_000 + n));
    const deck = await aDeck(
      test.database,
      prefixes.flatMap((prefix) => [
        aRateLine({ prefix, price: '0.01', effectiveFromMs: 0 }),
        aRateLine({ prefix, price: '0.02', effectiveFromMs: 1 }),
      ]),
    );
    expect((await read(deck.id, START_MS)).rates).toEqual(prefixes.map((prefix) => `${prefix} 20000`));
  });

  it('are none of a deck that is not there', async () => {
    expect(await validRates(test.database.read, 'nothing', START_MS)).toBeNull();
  });
});
