import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { createAccount } from '../accounts/accounts-store';
import { NotFound } from '../kernel/app-error';
import { currency } from '../kernel/money';
import { isVoipNumber, makeVoipNumber } from '../kernel/voip-number';
import {
  assignVoipNumber,
  claimVoipNumber,
  findVoipNumber,
  giveBackVoipNumber,
  ownerOn,
  QUARANTINE_MS,
  voipNumberOf,
} from './voip-numbers-store';

const NOW_MS = Date.UTC(2026, 0, 15);

describe.each(DIALECTS)('123-voip numbers on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const anAccount = async () =>
    (
      await test.database.write((sql) =>
        createAccount(sql, { name: 'Ada', currency: currency('EUR'), deckId: null, nowMs: NOW_MS }),
      )
    ).id;
  const assign = (accountId: string, nowMs = NOW_MS) =>
    test.database.write((sql) => assignVoipNumber(sql, accountId, nowMs));
  const giveBack = (accountId: string, nowMs: number) =>
    test.database.write((sql) => giveBackVoipNumber(sql, accountId, nowMs));

  it('are one for an account, however often it asks', async () => {
    const accountId = await anAccount();
    const number = await assign(accountId);
    expect(isVoipNumber(number)).toBe(true);
    expect(await assign(accountId)).toBe(number);
    expect(await voipNumberOf(test.database.read, accountId)).toBe(number);
    expect(await findVoipNumber(test.database.read, number)).toEqual({ state: 'assigned', accountId });
  });

  it('that nobody ever had are nobody’s', async () => {
    expect(await findVoipNumber(test.database.read, makeVoipNumber('000000'))).toBeNull();
  });

  it('are given out once when 50 ask for the same one at once', async () => {
    const number = makeVoipNumber('123456');
    const accounts = await Promise.all(Array.from({ length: 50 }, anAccount));
    const claims = await Promise.all(
      accounts.map((accountId) =>
        test.database.write((sql) => claimVoipNumber(sql, { number, accountId, nowMs: NOW_MS })),
      ),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect((await findVoipNumber(test.database.read, number))?.accountId).toBe(
      accounts[claims.indexOf(true)],
    );
    expect(await ownerOn(test.database.read, number, NOW_MS)).toBe(accounts[claims.indexOf(true)]);
  });

  it('are one for an account that asks 50 times at once', async () => {
    const accountId = await anAccount();
    const numbers = await Promise.all(Array.from({ length: 50 }, () => assign(accountId)));
    expect(new Set(numbers).size).toBe(1);
  });

  it('rest for 90 days to the second before another gets them', async () => {
    const [first, second] = [await anAccount(), await anAccount()];
    const number = await assign(first);
    expect(await giveBack(first, NOW_MS)).toBe(number);
    expect(await findVoipNumber(test.database.read, number)).toEqual({
      state: 'quarantined',
      accountId: null,
    });
    const claimAt = (nowMs: number) =>
      test.database.write((sql) => claimVoipNumber(sql, { number, accountId: second, nowMs }));
    expect(await claimAt(NOW_MS + QUARANTINE_MS - 1_000)).toBe(false);
    expect(await claimAt(NOW_MS + QUARANTINE_MS)).toBe(true);
  });

  it('know who had them on any day', async () => {
    const [first, second] = [await anAccount(), await anAccount()];
    const number = await assign(first);
    await giveBack(first, NOW_MS + 1_000);
    const againMs = NOW_MS + 1_000 + QUARANTINE_MS;
    await test.database.write((sql) => claimVoipNumber(sql, { number, accountId: second, nowMs: againMs }));
    const { read } = test.database;
    expect(await ownerOn(read, number, NOW_MS - 1)).toBeNull();
    expect(await ownerOn(read, number, NOW_MS)).toBe(first);
    expect(await ownerOn(read, number, NOW_MS + 999)).toBe(first);
    expect(await ownerOn(read, number, NOW_MS + 1_000)).toBeNull();
    expect(await ownerOn(read, number, againMs)).toBe(second);
  });

  it('are for accounts that are there', async () => {
    await expect(assign('nobody')).rejects.toThrow(NotFound);
  });

  it('cannot be given back twice', async () => {
    const accountId = await anAccount();
    await assign(accountId);
    await giveBack(accountId, NOW_MS);
    await expect(giveBack(accountId, NOW_MS)).rejects.toThrow(NotFound);
  });
});
