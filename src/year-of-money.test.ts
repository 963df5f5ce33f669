import { DIALECTS, emptyDatabase, type TestDatabase } from '../test/support/databases';
import { proveYear } from '../test/support/year/prove-year';

describe.each(DIALECTS)('half a year of money on %s', (dialect) => {
  const made: TestDatabase[] = [];
  afterAll(() => Promise.all(made.map((one) => one.drop())));
  const newDatabase = async () => {
    made.push(await emptyDatabase(dialect));
    return (made.at(-1) as TestDatabase).database;
  };

  it('balances to the micro, changes nothing when run twice, and ends the same when killed at 50 points', async () => {
    // scripts/bench/year.js takes the whole year, day by day, with 200 accounts and 100,000 calls.
    const wanted = {
      accounts: 10,
      calls: 400,
      months: 6,
      seed: 1,
      wakeDays: [1, 5, 12, 16, 22, 29],
      kills: 50,
    };
    const { faults, figures, kills } = await proveYear(newDatabase, wanted);
    expect(faults).toEqual([]);
    expect(kills).toBe(50);
    expect(figures).toMatchObject({ cdrs: 400, invoices: 60 });
  });
});
