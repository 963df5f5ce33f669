import { DIALECTS, emptyDatabase, type TestDatabase } from '../test/support/databases';
import { proveYear } from '../test/support/year/prove-year';

describe.each(DIALECTS)('a year of money on %s', (dialect) => {
  const made: TestDatabase[] = [];
  afterAll(() => Promise.all(made.map((one) => one.drop())));

  it('balances to the micro, changes nothing when run twice, and ends the same when killed at 50 points', async () => {
    const newDatabase = async () => {
      const one = await emptyDatabase(dialect);
      made.push(one);
      return one.database;
    };
    // scripts/bench/year.js does it with 200 accounts, 100,000 calls and every day of the year.
    const wanted = { accounts: 10, calls: 600, seed: 1, wakeDays: [1, 5, 12, 16, 22, 29], kills: 50 };
    const { faults, figures, kills } = await proveYear(newDatabase, wanted);
    expect(faults).toEqual([]);
    expect(kills).toBe(50);
    expect(figures).toMatchObject({ cdrs: 600 });
  });
});
