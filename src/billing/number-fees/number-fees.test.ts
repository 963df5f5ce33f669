import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { FakeClock } from '../../../test/support/fake-clock';
import { newId } from '../../kernel/ids';
import { currency } from '../../kernel/money';
import { silentLog } from '../../kernel/log';
import { anAccount, EUR, eur } from '../../../test/support/billing-builders';
import { Scheduler } from '../../jobs/scheduler';
import { listEntries } from '../ledger/list-entries';
import { readBalance } from '../ledger/ledger-accounts';
import { topUp } from '../ledger/movements';
import { postEntries } from '../ledger/post-entries';
import { verifyLedger } from '../ledger/verify-ledger';
import { chargeNumberFees, listNumberFees } from './charge-number-fees';
import { type FeeBearingNumber, type FeeBearingNumbers, feesOf } from './fee-bearing-number';

const MID_JANUARY = Date.UTC(2026, 0, 16, 12);

const assigned = (rest: Partial<FeeBearingNumber> = {}): FeeBearingNumber => ({
  number: '+3225550123',
  accountId: 'account',
  currency: EUR,
  setupFeeMicros: 0n,
  monthlyFeeMicros: 3_100_000n,
  assignedFromMs: Date.UTC(2026, 0, 1),
  assignedToMs: null,
  ...rest,
});

describe('the fees of a number', () => {
  it.each([
    ['a whole month, in advance', {}, Date.UTC(2026, 0, 1), ['2026-01 3100000']],
    [
      'every month, also those that were missed',
      {},
      Date.UTC(2026, 2, 1),
      ['2026-01 3100000', '2026-02 3100000', '2026-03 3100000'],
    ],
    [
      'the first month by its days: 16 of 31 are left',
      { assignedFromMs: MID_JANUARY },
      MID_JANUARY,
      ['2026-01 1600000'],
    ],
    [
      'the day of the assignment counts whole',
      { assignedFromMs: Date.UTC(2026, 0, 31, 23, 59) },
      Date.UTC(2026, 0, 31, 23, 59),
      ['2026-01 100000'],
    ],
    [
      'half a micro counts up',
      { monthlyFeeMicros: 1n, assignedFromMs: MID_JANUARY },
      MID_JANUARY,
      ['2026-01 1'],
    ],
    ['the setup, once', { setupFeeMicros: 5n, assignedFromMs: 7 }, 8, ['setup:7 5', '1970-01 3100000']],
    ['nothing before it is assigned', { assignedFromMs: MID_JANUARY }, MID_JANUARY - 1, []],
    [
      'nothing after it was given back, and the last month is not given back',
      { assignedToMs: Date.UTC(2026, 1, 2) },
      Date.UTC(2026, 5, 1),
      ['2026-01 3100000', '2026-02 3100000'],
    ],
    [
      'no month that it did not see',
      { assignedToMs: Date.UTC(2026, 1, 1) },
      Date.UTC(2026, 5, 1),
      ['2026-01 3100000'],
    ],
    ['none that are nothing', { monthlyFeeMicros: 0n }, Date.UTC(2026, 5, 1), []],
  ] as const)('are %s', (_, rest, nowMs, expected) => expect(fees(rest, nowMs)).toEqual(expected));

  it('are looked back for two years at most', () => {
    expect(fees({ assignedFromMs: 0 }, Date.UTC(2026, 0, 1))).toHaveLength(24);
  });
});

describe.each(DIALECTS)('number fees on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  const run = (rows: readonly FeeBearingNumber[], nowMs: number) =>
    chargeNumberFees(test.database, { numbers: pageOf(rows), nowMs });
  const balanceOf = async (accountId: string) => (await readBalance(test.database.read, accountId)).balance;
  const feesKept = (accountId: string) =>
    listNumberFees(test.database.read, { accountId, state: null, after: null, limit: 200 });

  it('are charged once, however often they are run, and at once', async () => {
    const { id: accountId } = await anAccount(test.database, { credit: '50' });
    const rows = [assigned({ accountId, setupFeeMicros: 2_000_000n })];
    await Promise.all(Array.from({ length: 20 }, () => run(rows, Date.UTC(2026, 1, 3))));
    for (let n = 0; n < 80; n++) await run(rows, Date.UTC(2026, 1, 3) + n);
    expect(await balanceOf(accountId)).toEqual(eur('41.80'));
    const entries = await listEntries(test.database.read, { accountId, limit: 50, after: null });
    expect(entries.map(({ kind }) => kind)).toEqual(['number-fee', 'number-fee', 'number-fee', 'top-up']);
  });

  it('catch a missed month up once', async () => {
    const { id: accountId } = await anAccount(test.database, { credit: '50' });
    const rows = [assigned({ accountId, number: '+3225550124' })];
    expect(await run(rows, Date.UTC(2026, 0, 1))).toEqual({ cameDue: 1, posted: 1, stillDue: 0 });
    expect(await run(rows, Date.UTC(2026, 3, 1))).toMatchObject({ cameDue: 3, posted: 3 });
    expect(await run(rows, Date.UTC(2026, 3, 2))).toMatchObject({ cameDue: 0, posted: 0 });
    expect(await balanceOf(accountId)).toEqual(eur('37.60'));
  });

  it('that cannot be paid stay due, overdraw nothing, and are paid by the next run after a top-up, the oldest first', async () => {
    const { id: accountId } = await anAccount(test.database, { credit: '4', creditLimitMicros: 1_000_000n });
    const rows = [assigned({ accountId, number: '+3225550125' })];
    expect(await run(rows, Date.UTC(2026, 1, 1))).toEqual({ cameDue: 2, posted: 1, stillDue: 1 });
    expect(await balanceOf(accountId)).toEqual(eur('0.90'));
    expect(await feesKept(accountId)).toMatchObject([
      { period: '2026-02', state: 'due' },
      { period: '2026-01', state: 'posted' },
    ]);
    await test.database.write((sql) =>
      postEntries(sql, topUp({ accountId, amount: eur('2'), reference: newId(0) }), MID_JANUARY),
    );
    expect(await run(rows, Date.UTC(2026, 1, 2))).toMatchObject({ posted: 1, stillDue: 0 });
    expect(await balanceOf(accountId)).toEqual(eur('-0.20'));
  });

  it('of one account that cannot pay keep no other from being charged', async () => {
    const poor = await anAccount(test.database, { credit: '0' });
    const rich = await anAccount(test.database, { credit: '10' });
    const foreign = await anAccount(test.database, { credit: '10' });
    const rows = [
      assigned({ accountId: poor.id, number: '+3225550130' }),
      assigned({ accountId: foreign.id, number: '+3225550131', currency: currency('USD') }),
      assigned({ accountId: rich.id, number: '+3225550132' }),
    ];
    await run(rows, Date.UTC(2026, 0, 2));
    expect(await balanceOf(rich.id)).toEqual(eur('6.90'));
    expect(await balanceOf(foreign.id)).toEqual(eur('10'));
    expect((await feesKept(foreign.id))[0]?.state).toBe('due');
  });

  it('go over more numbers than one page has', async () => {
    const { id: accountId } = await anAccount(test.database, { credit: '1000' });
    const rows = Array.from({ length: 401 }, (_, n) =>
      assigned({ accountId, number: `+32255${5_000 + n}`, monthlyFeeMicros: 1_000_000n }),
    );
    expect(await run(rows, Date.UTC(2026, 0, 1))).toMatchObject({ cameDue: 401, posted: 401 });
    expect(await balanceOf(accountId)).toEqual(eur('599'));
    const pages = [];
    for (let after: { dueAtMs: number; number: string; period: string } | null = null; ; ) {
      const page = await listNumberFees(test.database.read, {
        accountId,
        state: 'posted',
        after,
        limit: 150,
      });
      pages.push(page.length);
      const last = page.at(-1);
      if (!last || page.length < 150) break;
      after = last;
    }
    expect(pages).toEqual([150, 150, 101]);
  });

  it('are run by the clock', async () => {
    const { id: accountId } = await anAccount(test.database, { credit: '50' });
    const clock = new FakeClock(Date.UTC(2026, 0, 31, 23, 30));
    const numbers = pageOf([assigned({ accountId, number: '+3225550140' })]);
    const scheduler = new Scheduler({
      database: test.database,
      schedules: [
        {
          name: 'broken',
          cron: '0 * * * *',
          says: 'fails, and keeps nothing from being charged',
          run: () => Promise.reject(new Error('broken')),
        },
        {
          name: 'number-fees',
          cron: '0 * * * *',
          says: 'charges fees',
          run: ({ nowMs }) => chargeNumberFees(test.database, { numbers, nowMs }),
        },
      ],
      clock,
      log: silentLog,
    });
    await scheduler.start();
    await scheduler.idle();
    expect(await balanceOf(accountId)).toEqual(eur('46.90'));
    await clock.advance(60 * 60_000);
    scheduler.nudge();
    await scheduler.idle();
    await scheduler.stop();
    expect(await balanceOf(accountId)).toEqual(eur('43.80'));
  });

  it('leave a ledger in which everything adds up', async () => {
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });
});

function fees(rest: Partial<FeeBearingNumber>, nowMs: number) {
  return feesOf(assigned(rest), nowMs).map(({ period, amountMicros }) => `${period} ${amountMicros}`);
}

function pageOf(rows: readonly FeeBearingNumber[]): FeeBearingNumbers {
  return async (after, limit) => rows.filter(({ number }) => !after || number > after).slice(0, limit);
}
