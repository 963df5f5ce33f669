import { anAccount, EUR, eur, START_MS } from '../../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { requireProven } from '../../../test/support/require-proven';
import { seededRandom } from '../../../test/support/seeded-random';
import { Conflict, InvalidInput } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { currency, money } from '../../kernel/money';
import { micros, type Sql } from '../../kernel/unit-of-work';
import { approveAdjustment, askAdjustment, listAdjustments, rejectAdjustment } from './adjustments';
import { readBalanceAsOf } from './balance-as-of';
import { convertMoney, exchangeRate, showRate } from './convert-money';
import {
  atMost,
  expireFreezes,
  freeFrozen,
  freeze,
  freezeWhatIsThere,
  listOpenFreezes,
  takeFrozen,
} from './freezes';
import { customerLedgerId, houseLedgerId, openHouseAccounts, readBalance } from './ledger-accounts';
import { FreezeNotOpen, InsufficientCredit, SecondPersonNeeded } from './ledger-errors';
import { adjustment, conversion, type Movement, topUp } from './movements';
import { paymentReceived, refund, refundFailed, refundPaid, takenBack } from './payment-movements';
import { postEntries } from './post-entries';
import { sealLedger } from './seal-ledger';

const USD = currency('USD');
const JPY = currency('JPY');
const DAY_MS = 86_400_000;
const ada = { id: 'key-ada', name: 'Ada' };
const ben = { id: 'key-ben', name: 'Ben' };

const wish = (accountId: string, amount: string, rest: object = {}) => ({
  id: `test:${newId(START_MS)}`,
  accountId,
  amount: eur(amount),
  reason: 'test',
  expiresAtMs: null,
  nowMs: START_MS,
  ...rest,
});
const charge = (accountId: string, amount: string): Movement =>
  adjustment({ accountId, amount: eur(`-${amount}`), reason: 'taken', reference: newId(START_MS) });

describe.each(DIALECTS)('frozen and corrected credit on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  afterEach(() => requireProven(test.database));

  const stateOf = async (accountId: string) => {
    const { balance, held } = await readBalance(test.database.read, accountId);
    return [balance, held];
  };
  const write = <T>(work: (sql: Sql) => Promise<T>): Promise<T> => test.database.write(work);
  it('is kept from everything else, and taken in part once: the rest is free again', async () => {
    const { id } = await anAccount(test.database, { credit: '10' });
    const wanted = wish(id, '6');
    await write((sql) => freeze(sql, wanted));
    await write((sql) => freeze(sql, wanted));
    expect(await stateOf(id)).toEqual([eur('10'), eur('6')]);
    await expect(write((sql) => postEntries(sql, charge(id, '4.01'), START_MS))).rejects.toBeInstanceOf(
      InsufficientCredit,
    );
    await expect(write((sql) => freeze(sql, wish(id, '4.01')))).rejects.toBeInstanceOf(InsufficientCredit);
    await expect(write((sql) => freeze(sql, { ...wanted, amount: eur('1') }))).rejects.toBeInstanceOf(
      Conflict,
    );
    const outcomes = await Promise.allSettled([
      ...[1, 2, 3].map(() =>
        write((sql) => takeFrozen(sql, wanted.id, { movement: charge(id, '4'), nowMs: START_MS })),
      ),
      ...[1, 2, 3].map(() => write((sql) => freeFrozen(sql, wanted.id, START_MS))),
    ]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refusals.every((refusal) => refusal instanceof FreezeNotOpen)).toBe(true);
    const [, held] = await stateOf(id);
    expect(held).toEqual(eur('0'));
  });

  it('is frozen as far as it is there', async () => {
    const { id } = await anAccount(test.database, { credit: '3', creditLimitMicros: 2_000_000n });
    expect(await write((sql) => freezeWhatIsThere(sql, wish(id, '4')))).toMatchObject({ amount: eur('4') });
    expect(await write((sql) => freezeWhatIsThere(sql, wish(id, '4')))).toMatchObject({ amount: eur('1') });
    expect(await write((sql) => freezeWhatIsThere(sql, wish(id, '4')))).toMatchObject({ amount: eur('0') });
    expect(await listOpenFreezes(test.database.read, id, 10)).toHaveLength(3);
    expect(atMost(eur('-1'), eur('5'))).toEqual(eur('0'));
  });

  it('frozen for longer than it may be is free again, once', async () => {
    const { id } = await anAccount(test.database, { credit: '5' });
    const wanted = wish(id, '5', { expiresAtMs: START_MS + 1_000 });
    await write((sql) => freeze(sql, wanted));
    expect(await expireFreezes(test.database, START_MS + 999)).toBe(0);
    const counts = await Promise.all([1, 2, 3].map(() => expireFreezes(test.database, START_MS + 1_000)));
    expect(counts.reduce((sum, count) => sum + count)).toBe(1);
    expect(await stateOf(id)).toEqual([eur('5'), eur('0')]);
    await expect(write((sql) => freeFrozen(sql, wanted.id, START_MS))).rejects.toBeInstanceOf(FreezeNotOpen);
  });

  const ask = (accountId: string, amount: string, rest: object = {}) =>
    askAdjustment(test.database, {
      accountId,
      kind: 'adjustment',
      amount: eur(amount),
      reason: 'line was noisy',
      by: ada,
      approvalAboveMicros: 50_000_000n,
      nowMs: START_MS,
      ...rest,
    });

  it('is corrected at once up to the limit, and above it when another person approves, once', async () => {
    const { id } = await anAccount(test.database, { credit: '0' });
    expect(await ask(id, '50')).toMatchObject({ state: 'posted', decidedBy: ada });
    const waiting = await ask(id, '50.01');
    expect(waiting).toMatchObject({ state: 'waiting', transactionId: null });
    expect(await stateOf(id)).toEqual([eur('50'), eur('0')]);
    const approve = (by = ben) => approveAdjustment(test.database, waiting.id, { by, nowMs: START_MS });
    await expect(approve(ada)).rejects.toBeInstanceOf(SecondPersonNeeded);
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => approve()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await stateOf(id)).toEqual([eur('100.01'), eur('0')]);
    const listed = await listAdjustments(test.database.read, {
      state: 'posted',
      accountId: id,
      beforeId: null,
      limit: 10,
    });
    expect(new Set(listed.map(({ decidedBy }) => decidedBy?.name))).toEqual(new Set(['Ben', 'Ada']));
  });

  it('is not corrected by what was rejected, has no reason, is in another currency or takes what is not there', async () => {
    const { id } = await anAccount(test.database, { credit: '1' });
    const waiting = await ask(id, '-60');
    await rejectAdjustment(test.database, waiting.id, { by: ada, nowMs: START_MS });
    await expect(
      approveAdjustment(test.database, waiting.id, { by: ben, nowMs: START_MS }),
    ).rejects.toBeInstanceOf(Conflict);
    await expect(ask(id, '1', { reason: ' ' })).rejects.toBeInstanceOf(InvalidInput);
    await expect(ask(id, '1', { amount: money(1n, USD) })).rejects.toBeInstanceOf(InvalidInput);
    await expect(ask(id, '-1.01')).rejects.toBeInstanceOf(InsufficientCredit);
    const large = await ask(id, '-70');
    await expect(
      approveAdjustment(test.database, large.id, { by: ben, nowMs: START_MS }),
    ).rejects.toBeInstanceOf(InsufficientCredit);
    expect(await stateOf(id)).toEqual([eur('1'), eur('0')]);
  });

  it('that is owed is written off, and no more than is owed', async () => {
    const { id } = await anAccount(test.database, { credit: '0', creditLimitMicros: 30_000_000n });
    await ask(id, '-12');
    await expect(ask(id, '12.01', { kind: 'write-off' })).rejects.toBeInstanceOf(Conflict);
    await expect(ask(id, '-1', { kind: 'write-off' })).rejects.toBeInstanceOf(InvalidInput);
    await ask(id, '12', { kind: 'write-off' });
    expect(await stateOf(id)).toEqual([eur('0'), eur('0')]);
  });

  it('can be asked for as of any moment', async () => {
    const { id } = await anAccount(test.database, { credit: '0' });
    for (let day = 0; day < 5; day++)
      await write((sql) =>
        postEntries(
          sql,
          topUp({ accountId: id, amount: eur('1'), reference: `${id} ${day}` }),
          START_MS + day * DAY_MS,
        ),
      );
    const at = (atMs: number) => readBalanceAsOf(test.database.read, customerLedgerId(id), atMs);
    expect(await at(START_MS - 1)).toEqual(eur('0'));
    expect(await at(START_MS)).toEqual(eur('1'));
    expect(await at(START_MS + 3 * DAY_MS - 1)).toEqual(eur('3'));
    expect(await at(START_MS + 99 * DAY_MS)).toEqual(eur('5'));
  });

  it('of another currency keeps the rate it was changed at, and each currency sums to zero', async () => {
    await write((sql) => openHouseAccounts(sql, USD, START_MS));
    await anAccount(test.database, { credit: '0' });
    const rate = exchangeRate(USD, EUR, '0.92');
    const from = money(100_000_000n, USD);
    const { transactionId } = await write((sql) =>
      postEntries(
        sql,
        conversion({
          key: newId(START_MS),
          note: 'test',
          from: { ledgerAccountId: houseLedgerId('funds-received', USD), amount: from },
          to: { ledgerAccountId: houseLedgerId('funds-received', EUR), amount: convertMoney(from, rate) },
          exchangeRate: showRate(rate),
        }),
        START_MS,
      ),
    );
    const rows = await test.database.read.all(
      'SELECT currency, amount_micros, exchange_rate FROM ledger_entries WHERE transaction_id = ? ORDER BY line_number',
      [transactionId],
    );
    expect(rows.map((row) => [row.currency, micros(row.amount_micros), row.exchange_rate])).toEqual([
      ['USD', -100_000_000n, 'USD/EUR 0.92'],
      ['USD', 100_000_000n, 'USD/EUR 0.92'],
      ['EUR', -92_000_000n, 'USD/EUR 0.92'],
      ['EUR', 92_000_000n, 'USD/EUR 0.92'],
    ]);
  });

  it('sums to zero after every step of a random program on 64 workers', async () => {
    const steps = 1_500;
    const random = seededRandom(64);
    const accounts = await Promise.all(
      Array.from({ length: 16 }, () =>
        anAccount(test.database, { credit: '20', creditLimitMicros: 5_000_000n }),
      ),
    );
    const open: string[] = [];
    let done = 0;
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const step = async (): Promise<void> => {
      const { id: accountId } = pick(accounts);
      const key = newId(START_MS);
      const amount = money(BigInt(Math.ceil(random() * 3_000_000)), EUR);
      const what = Math.floor(random() * 8);
      const post = (movement: Movement) => write((sql) => postEntries(sql, movement, START_MS));
      if (what === 0) await post(topUp({ accountId, amount, reference: key }));
      if (what === 1) await post(charge(accountId, '0.75'));
      if (what === 2) {
        await post(
          paymentReceived({ accountId, paymentId: key, amount, place: 'payment-provider', note: 'test' }),
        );
        await post(refund({ accountId, refundId: key, amount, reason: 'test' }));
        await post(
          random() < 0.5
            ? refundPaid({ refundId: key, amount, place: 'payment-provider' })
            : refundFailed({ accountId, refundId: key, amount }),
        );
      }
      if (what === 3 || what === 4) {
        open.push(key);
        await write((sql) => freezeWhatIsThere(sql, { ...wish(accountId, '1'), id: key, amount }));
      }
      const frozen = open[Math.floor(random() * open.length)];
      if (what === 5 && frozen) await write((sql) => freeFrozen(sql, frozen, START_MS));
      if (what === 6 && frozen)
        await write((sql) => takeFrozen(sql, frozen, { movement: null, nowMs: START_MS }));
      if (what === 7)
        await post(
          takenBack({ accountId, about: `dispute:${key}`, total: amount, fromAccount: money(1n, EUR) }),
        );
    };
    const worker = async (): Promise<void> => {
      while (done < steps) {
        done++;
        await step().catch((error: unknown) => {
          const expected = [InsufficientCredit, FreezeNotOpen].some((kind) => error instanceof kind);
          if (!expected && (error as { code?: string }).code !== 'not-found') throw error;
        });
        const [row] = await test.database.read.all(
          `SELECT SUM(balance_micros) AS total, MIN(CASE WHEN credit_limit_micros IS NULL THEN 0
             ELSE balance_micros + credit_limit_micros - held_micros END) AS least
           FROM ledger_accounts WHERE currency = 'EUR'`,
        );
        if (String(row?.total) !== '0' || Number(row?.least) < 0)
          throw new Error(`after step ${done} the ledger holds ${String(row?.total)}, ${String(row?.least)}`);
      }
    };
    await Promise.all([
      ...Array.from({ length: 64 }, worker),
      ...[1, 2].map(() => sealLedger(test.database, { nowMs: START_MS })),
    ]);
    expect(done).toBeGreaterThanOrEqual(steps);
    await sealLedger(test.database, { nowMs: START_MS });
  });
});

describe('a conversion', () => {
  it.each([
    ['100', EUR, USD, '1.0834', 108_340_000n],
    ['0.01', EUR, USD, '1.5', 20_000n],
    ['0.03', EUR, USD, '1.5', 40_000n],
    ['0.05', EUR, USD, '1.5', 80_000n],
    ['10', EUR, JPY, '163.27', 1_633_000_000n],
    ['-100', EUR, USD, '1.0834', -108_340_000n],
  ] as const)(
    'of %s %s to %s at %s is rounded once to the coin, halves to the even one',
    (amount, from, to, rate, result) => {
      const of = { ...eur(amount), currency: from };
      expect(convertMoney(of, exchangeRate(from, to, rate))).toEqual(money(result, to));
    },
  );

  it('keeps its rate as it was written, and refuses one that is none', () => {
    for (const rate of ['1.0834', '0.92', '163', '0.000000000001'])
      expect(showRate(exchangeRate(EUR, USD, rate))).toBe(`EUR/USD ${rate}`);
    for (const wrong of ['', '0', '0.0', '-1', '1e3', '1,5', '1.0000000000001'])
      expect(() => exchangeRate(EUR, USD, wrong)).toThrow('is no rate');
    expect(() => exchangeRate(EUR, EUR, '1')).toThrow('to itself');
    expect(() => convertMoney(money(1n, JPY), exchangeRate(EUR, USD, '1'))).toThrow('give it in EUR');
  });
});
