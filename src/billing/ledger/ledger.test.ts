import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { Conflict, InvalidInput, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { currency, MAX_STORED_MICROS, money, zero } from '../../kernel/money';
import { integer } from '../../kernel/unit-of-work';
import { openAccount } from '../open-account';
import { aDeck, anAccount, aRateLine, EUR, eur, START_MS } from '../../../test/support/billing-builders';
import { readBalanceWithHolds } from './balance';
import { insertHolds } from './holds';
import { LockedCredit } from './locked-credit';
import { customerLedgerId, houseLedgerId, readBalance, setCreditLimit } from './ledger-accounts';
import { InsufficientCredit, PostingRefused } from './ledger-errors';
import { listEntries, type StatementLine } from './list-entries';
import { adjustment, callCharge, type Entry, type Movement, topUp } from './movements';
import { postEntries } from './post-entries';
import { verifyLedger } from './verify-ledger';

const USD = currency('USD');

const house = (amount: Entry['amount']): Entry => ({
  ledgerAccountId: houseLedgerId('adjustments', EUR),
  amount,
});

const movement = (entries: readonly Entry[]): Movement => ({
  kind: 'adjustment',
  key: newId(START_MS),
  note: 'test',
  entries,
});

describe.each(DIALECTS)('ledger on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const post = (movement: Movement, nowMs = START_MS) =>
    test.database.write((sql) => postEntries(sql, movement, nowMs));
  const balanceOf = async (accountId: string) => (await readBalance(test.database.read, accountId)).balance;
  const transactions = async () =>
    integer((await test.database.read.all('SELECT COUNT(*) AS n FROM ledger_transactions'))[0]?.n);
  it('moves money between two accounts and shows the line', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    const amount = eur('12.50');
    const posted = await post(topUp({ accountId: account.id, amount, reference: 'bank 4711' }));
    expect(await balanceOf(account.id)).toEqual(amount);
    const lines = await listEntries(test.database.read, { accountId: account.id, limit: 10 });
    expect(lines).toMatchObject([
      { transactionId: posted.transactionId, kind: 'top-up', key: 'top-up:bank 4711', amount },
    ]);
  });

  it('posts a key once, and gives the first result again', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    const payment = topUp({ accountId: account.id, amount: eur('5'), reference: newId(START_MS) });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => post(payment)));
    expect(new Set(outcomes.map((posted) => posted.transactionId)).size).toBe(1);
    expect(outcomes.filter((posted) => !posted.repeated)).toHaveLength(1);
    expect(await balanceOf(account.id)).toEqual(eur('5'));
  });

  it('refuses a key that comes again with other entries', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    const reference = newId(START_MS);
    await post(topUp({ accountId: account.id, amount: eur('5'), reference }));
    const other = topUp({ accountId: account.id, amount: eur('6'), reference });
    await expect(post(other)).rejects.toBeInstanceOf(Conflict);
    expect(await balanceOf(account.id)).toEqual(eur('5'));
  });

  it('refuses what is unbalanced, empty, zero, too large, of unknown accounts or of two currencies', async () => {
    const account = await anAccount(test.database, { credit: '1' });
    const mine = (amount: Entry['amount']): Entry => ({
      ledgerAccountId: customerLedgerId(account.id),
      amount,
    });
    const refused = [
      [],
      [mine(eur('1'))],
      [mine(eur('1')), house(eur('-0.999999'))],
      [mine(zero(EUR)), house(zero(EUR))],
      [mine(eur('1')), house(money(-1_000_000n, USD))],
      [mine(money(1n, USD)), house(money(-1n, USD))],
      [mine(eur('1')), { ledgerAccountId: 'account:nobody', amount: eur('-1') }],
      [mine(money(MAX_STORED_MICROS + 1n, EUR)), house(money(-MAX_STORED_MICROS - 1n, EUR))],
      [mine(money(MAX_STORED_MICROS, EUR)), house(money(-MAX_STORED_MICROS, EUR))],
    ];
    const before = await transactions();
    for (const entries of refused)
      await expect(post(movement(entries))).rejects.toBeInstanceOf(PostingRefused);
    expect(await transactions()).toBe(before);
    expect(await balanceOf(account.id)).toEqual(eur('1'));
  });

  it('keeps exact micros up to the last amount that both databases store', async () => {
    const account = await openAccount(test.database, {
      name: 'rich',
      currency: USD,
      deckId: null,
      nowMs: START_MS,
    });
    const most = money(MAX_STORED_MICROS - 1n, USD);
    await post(topUp({ accountId: account.id, amount: most, reference: newId(START_MS) }));
    await post(topUp({ accountId: account.id, amount: money(1n, USD), reference: newId(START_MS) }));
    expect(await balanceOf(account.id)).toEqual(money(MAX_STORED_MICROS, USD));
  });

  it('lets nothing take what a running call holds', async () => {
    const account = await anAccount(test.database, { credit: '1' });
    const amount = eur('0.60');
    await test.database.write(async (sql) => {
      const credit = await LockedCredit.lock(sql, [account.id]);
      expect(credit.take('call', { accountId: account.id, amount, spending: null })).toBeNull();
      await credit.store(sql);
      const moments = { openedAtMs: START_MS, changedAtMs: START_MS };
      await insertHolds(sql, [
        {
          ...moments,
          callId: newId(START_MS),
          accountId: account.id,
          amount,
          state: 'open',
          rate: '{}',
          direction: 'inbound',
          kind: 'room',
          number: null,
          included: null,
          ofDay: null,
        },
      ]);
    });
    const take = (amount: string) =>
      post(
        adjustment({
          accountId: account.id,
          amount: eur(amount),
          reason: 'refund of a wrong top-up',
          reference: newId(START_MS),
        }),
      );
    await expect(take('-0.400001')).rejects.toBeInstanceOf(InsufficientCredit);
    await take('-0.40');
    const balance = await readBalanceWithHolds(test.database.read, account.id);
    expect(balance).toMatchObject({ balance: eur('0.60'), held: eur('0.60'), available: eur('0') });
    expect(balance.openHolds).toMatchObject([{ amount: eur('0.60'), state: 'open' }]);
  });

  it('lowers a credit limit no further than it is used', async () => {
    const account = await anAccount(test.database, { credit: '0', creditLimitMicros: 10_000_000n });
    const reference = newId(START_MS);
    await post(adjustment({ accountId: account.id, amount: eur('-4'), reason: 'opening debt', reference }));
    const limit = (amount: string) =>
      test.database.write((sql) => setCreditLimit(sql, account.id, eur(amount).amountMicros));
    await expect(limit('3.999999')).rejects.toBeInstanceOf(Conflict);
    expect((await limit('4')).available).toEqual(eur('0'));
    expect((await limit('4')).creditLimit).toEqual(eur('4'));
    await expect(limit('-1')).rejects.toBeInstanceOf(InvalidInput);
  });

  it('walks an account from its newest entry to its oldest, page by page', async () => {
    const account = await anAccount(test.database, { credit: '0' });
    for (let n = 1; n <= 7; n++)
      await post(
        topUp({ accountId: account.id, amount: eur(`${n}`), reference: newId(START_MS) }),
        START_MS + Math.floor(n / 3),
      );
    const walked: StatementLine[] = [];
    for (let full = true; full; ) {
      const after = walked.at(-1) ?? null;
      const page = await listEntries(test.database.read, { accountId: account.id, after, limit: 2 });
      walked.push(...page);
      full = page.length === 2;
    }
    const units = walked.map((line) => Number(line.amount.amountMicros / 1_000_000n));
    expect(new Set(units)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
    expect(units).toHaveLength(7);
    expect(new Set(units.slice(0, 2))).toEqual(new Set([6, 7]));
  });

  it('opens an account only with a deck of its currency', async () => {
    const deck = await aDeck(test.database, [aRateLine({ price: '0.60' })]);
    const open = (deckId: string, unit = EUR) =>
      openAccount(test.database, { name: 'Ada', currency: unit, deckId, nowMs: START_MS });
    await expect(open(deck.id, USD)).rejects.toBeInstanceOf(Conflict);
    await expect(open('no deck')).rejects.toBeInstanceOf(NotFound);
    expect(await balanceOf((await open(deck.id)).id)).toEqual(zero(EUR));
  });

  it('finds no fault in a ledger that only its writer wrote', async () => {
    const report = await verifyLedger(test.database);
    expect(report).toMatchObject({ faultCount: 0, faults: [] });
    expect(report.transactions).toBeGreaterThan(0);
  });
});

describe('movements', () => {
  const accountId = 'a';
  it('refuse a top-up or charge that is not above zero, and an adjustment without reason', () => {
    expect(() => topUp({ accountId, amount: eur('0'), reference: 'r' })).toThrow(InvalidInput);
    expect(() => callCharge({ accountId, cdrId: 'c', charge: eur('-1') })).toThrow(InvalidInput);
    expect(() => adjustment({ accountId, amount: eur('1'), reason: ' ', reference: 'r' })).toThrow('say why');
    expect(() => adjustment({ accountId, amount: eur('0'), reason: 'x', reference: 'r' })).toThrow('zero');
  });
});
