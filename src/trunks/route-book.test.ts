import { aDeck, aRateLine, EUR, START_MS } from '../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { anOutwardTrunk } from '../../test/support/trunk-builders';
import { readDeck } from '../billing/rating/decks-store';
import { findDeckHead } from '../billing/rating/rates-store';
import { publishRates } from '../billing/rating/stage-rates';
import { validRates } from '../billing/rating/valid-rates';
import { RouteBook } from './route-book';
import type { OutwardTrunk } from './trunk';

const BELGIUM = '3222223344';

const pricesIn = (book: RouteBook, trunks: readonly OutwardTrunk[], digits = BELGIUM) =>
  book.priced(digits, trunks, 0.5).map(({ trunk, cost }) => [trunk.id, cost?.pricePerMinuteMicros ?? null]);

describe.each(DIALECTS)('the routes of all trunks on %s', (dialect) => {
  let test: TestDatabase;
  let opened = 0;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(() => {
    opened = 0;
  });

  const aBook = () =>
    new RouteBook({
      version: async (deckId) => (await findDeckHead(test.database.read, deckId))?.version ?? null,
      open: (deckId, atMs) => {
        opened++;
        return validRates(test.database.read, deckId, atMs);
      },
    });
  let names = 0;
  const aTrunk = async (
    price: string,
    more: Parameters<typeof aRateLine>[0][] = [],
  ): Promise<OutwardTrunk> => {
    const lines = [aRateLine({ price }), ...more.map((line) => aRateLine(line))];
    const deck = await aDeck(test.database, lines);
    return anOutwardTrunk({ costDeckId: deck.id }, { id: `trunk-${++names}` });
  };

  it('name each trunk with what its deck says, and those without a deck', async () => {
    const [dear, cheap] = [await aTrunk('0.03'), await aTrunk('0.01')];
    const free = anOutwardTrunk({}, { id: 'no-deck' });
    const trunks = [dear, cheap, free];
    const book = aBook();
    await book.refresh(trunks, START_MS);
    expect(pricesIn(book, trunks)).toEqual([
      [dear.id, 30_000],
      [cheap.id, 10_000],
      ['no-deck', null],
    ]);
    expect(book.priced(BELGIUM, trunks, 0.5)[0]?.cost?.currency).toBe(EUR);
    expect(pricesIn(book, trunks, '442079460018').map(([, price]) => price)).toEqual([null, null, null]);
  });

  it('name the six cheapest when there are more', async () => {
    const trunks: OutwardTrunk[] = [];
    for (let n = 9; n >= 1; n--) trunks.push(await aTrunk(`0.0${n}`));
    const book = aBook();
    await book.refresh(trunks, START_MS);
    expect(pricesIn(book, trunks).map(([, price]) => price)).toEqual([
      60_000, 50_000, 40_000, 30_000, 20_000, 10_000,
    ]);
    expect(pricesIn(book, trunks.slice(0, 2)).map(([, price]) => price)).toEqual([]);
  });

  it('are built anew when a deck has a new version, and not otherwise', async () => {
    const trunk = await aTrunk('0.03');
    const book = aBook();
    await Promise.all([book.refresh([trunk], START_MS), book.refresh([trunk], START_MS)]);
    await book.refresh([trunk], START_MS + 60_000);
    expect(opened).toBe(1);
    const deck = await readDeck(test.database.read, trunk.outward.costDeckId ?? '');
    const lines = [aRateLine({ price: '0.02', effectiveFromMs: 0 })];
    await publishRates(test.database, lines, {
      deck,
      sourceName: 'new',
      nowMs: START_MS,
      onRowsStored: () => {},
    });
    await book.refresh([trunk], START_MS + 120_000);
    expect(opened).toBe(2);
    expect(pricesIn(book, [trunk])).toEqual([[trunk.id, 20_000]]);
  });

  it('are built anew when a rate begins', async () => {
    const trunk = await aTrunk('0.03', [{ price: '0.05', effectiveFromMs: START_MS + 1_000 }]);
    const book = aBook();
    await book.refresh([trunk], START_MS);
    expect(pricesIn(book, [trunk])).toEqual([[trunk.id, 30_000]]);
    await book.refresh([trunk], START_MS + 999);
    expect(opened).toBe(1);
    await book.refresh([trunk], START_MS + 1_000);
    expect(pricesIn(book, [trunk])).toEqual([[trunk.id, 50_000]]);
  });

  it('have no price before they are built, and none from a deck that is gone', async () => {
    const book = aBook();
    const lost = anOutwardTrunk({ costDeckId: 'gone' }, { id: 'lost' });
    expect(pricesIn(book, [lost])).toEqual([['lost', null]]);
    await book.refresh([lost], START_MS);
    expect(pricesIn(book, [lost])).toEqual([['lost', null]]);
  });
});
