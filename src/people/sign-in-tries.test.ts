import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { aPerson, PASSWORD } from '../../test/support/people';
import { countTry, forgetOldTries, TooManyTries, waitAfterMs } from './sign-in-tries';
import { signIn, WrongCredentials } from './sign-in';

const DAY_MS = 86_400_000;

describe('the wait after tries in a row', () => {
  it('begins after the free ones, doubles and ends at its longest', () => {
    const slowing = { free: 3, longestWaitMs: 10_000 };
    expect([1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((tries) => waitAfterMs(tries, slowing))).toEqual([
      0, 0, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000,
    ]);
  });
});

describe.each(DIALECTS)('tries at signing in on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  it('that come at once are all counted', async () => {
    const nowMs = Date.UTC(2026, 0, 15);
    const tries = Array.from({ length: 20 }, () =>
      countTry(test.database, { mail: 'once@example.org', address: '192.0.2.1', isKnown: false, nowMs }).then(
        () => 'counted',
        (error: unknown) => (error instanceof TooManyTries ? 'waits' : error),
      ),
    );
    const results = await Promise.all(tries);
    expect(results.filter((one) => one === 'counted')).toHaveLength(5);
    expect(results.filter((one) => one === 'waits')).toHaveLength(15);
  });

  it('are forgotten after a day without any', async () => {
    const nowMs = Date.UTC(2026, 0, 15);
    expect(await forgetOldTries(test.database, nowMs + DAY_MS + 1)).toBeGreaterThan(0);
    expect(await test.database.read.all('SELECT * FROM sign_in_tries')).toEqual([]);
  });
});

describe('a hundred thousand guesses at one person in a day, from a thousand addresses', () => {
  it('have fewer than 120 looked at, and the owner gets in from where he signed in before', async () => {
    const test = await emptyDatabase('sqlite');
    let nowMs = Date.UTC(2026, 0, 15);
    const person = await aPerson(test.database);
    const home = { address: '192.0.2.77', browser: 'home' };
    const enter = (address: string, password: string) =>
      signIn(
        test.database,
        { mail: person.mail, password, visitor: { ...home, address }, nowMs: Math.ceil(nowMs) },
        async () => false,
      );
    await enter(home.address, PASSWORD);
    const guesses = 100_000;
    let looked = 0;
    for (let guess = 0; guess < guesses; guess++) {
      nowMs += DAY_MS / guesses;
      const address = `198.51.${Math.floor((guess % 1_000) / 250)}.${guess % 250}`;
      // What is counted goes on to be looked at, and nothing else does: the hash itself would only cost time here.
      const counted = await countTry(test.database, {
        mail: person.mail,
        address,
        isKnown: false,
        nowMs: Math.floor(nowMs),
      }).then(
        () => true,
        () => false,
      );
      if (counted) looked++;
    }
    expect(looked).toBeGreaterThan(10);
    expect(looked).toBeLessThan(120);
    await expect(enter('198.51.100.9', PASSWORD)).rejects.toThrow(TooManyTries);
    await expect(enter(home.address, 'not it at all')).rejects.toThrow(WrongCredentials);
    expect((await enter(home.address, PASSWORD)).session.stage).toBe('signed-in');
    await test.drop();
  });
});
