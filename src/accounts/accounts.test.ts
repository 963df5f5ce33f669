import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { InvalidInput, NotFound } from '../kernel/app-error';
import { currency } from '../kernel/money';
import {
  accountState,
  createAccount,
  findAccount,
  listAccounts,
  readAccount,
  setAccountPlace,
  setAccountState,
} from './accounts-store';

const NOW_MS = Date.UTC(2026, 0, 15, 12);

describe.each(DIALECTS)('accounts on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const create = (name: string, nowMs = NOW_MS) =>
    test.database.write((sql) =>
      createAccount(sql, { name, currency: currency('EUR'), deckId: null, nowMs }),
    );
  const setState = (accountId: string, state: Parameters<typeof setAccountState>[2]) =>
    test.database.write((sql) => setAccountState(sql, accountId, state));

  it('gives back what was stored', async () => {
    const account = await create('  Ada Lovelace ');
    expect(account).toMatchObject({ name: 'Ada Lovelace', currency: 'EUR', state: 'active' });
    expect(await readAccount(test.database.read, account.id)).toEqual(account);
  });

  it('keeps where it dials from and its language, and changes only what is said', async () => {
    const { id } = await create('Chloé');
    const setPlace = (place: Parameters<typeof setAccountPlace>[2]) =>
      test.database.write((sql) => setAccountPlace(sql, id, place));
    expect(await setPlace({ country: 'BE', language: 'fr' })).toMatchObject({
      country: 'BE',
      language: 'fr',
    });
    await setPlace({ language: 'pt-BR' });
    await setPlace({ country: null });
    expect(await readAccount(test.database.read, id)).toMatchObject({ country: null, language: 'pt-BR' });
    for (const wrong of [{ country: 'be' }, { country: 'BEL' }, { language: 'French' }])
      await expect(setPlace(wrong)).rejects.toBeInstanceOf(InvalidInput);
  });

  it('knows no account under a strange id', async () => {
    expect(await findAccount(test.database.read, 'nobody')).toBeNull();
    await expect(readAccount(test.database.read, 'nobody')).rejects.toBeInstanceOf(NotFound);
  });

  it.each(['', '   ', 'x'.repeat(201)])('refuses the name "%s"', async (name) => {
    await expect(create(name)).rejects.toBeInstanceOf(InvalidInput);
  });

  it('moves an account down and up again, but never out of closed', async () => {
    const { id } = await create('Bob');
    await setState(id, 'limited');
    await setState(id, 'active');
    expect((await setState(id, 'closed')).state).toBe('closed');
    expect((await setState(id, 'closed')).state).toBe('closed');
    await expect(setState(id, 'active')).rejects.toThrow('closed');
  });

  it('names the states there are', () => {
    expect(accountState('limited')).toBe('limited');
    expect(() => accountState('frozen')).toThrow('active, limited, suspended, closed');
  });

  it('lists page by page, each account once, in the order they were made', async () => {
    await test.database.write((sql) => sql.run('DELETE FROM accounts'));
    const made: string[] = [];
    for (let n = 0; n < 7; n++) made.push((await create(`account ${n}`, NOW_MS + n)).id);
    const listed: string[] = [];
    for (let afterId: string | null = null; ; ) {
      const page = await listAccounts(test.database.read, { afterId, limit: 3 });
      listed.push(...page.accounts.map((account) => account.id));
      afterId = page.nextAfterId;
      if (afterId === null) break;
    }
    expect(listed).toEqual(made);
  });

  it('finds by a part of the name, however it is written, and by the whole id', async () => {
    const made = await create('100 % Example_Ltd', NOW_MS + 99);
    for (const [search, ids] of [
      ['EXAMPLE', [made.id]],
      ['% exam', [made.id]],
      ['e_l', [made.id]],
      [made.id, [made.id]],
      ['_xample', []],
      ['other', []],
      [made.id.slice(0, 20), []],
    ] as const) {
      const { accounts } = await listAccounts(test.database.read, { afterId: null, limit: 200, search });
      expect([search, accounts.map(({ id }) => id)]).toEqual([search, ids]);
    }
  });

  it.each([0, 201])('refuses a page of %s', async (limit) => {
    await expect(listAccounts(test.database.read, { afterId: null, limit })).rejects.toBeInstanceOf(
      InvalidInput,
    );
  });
});
