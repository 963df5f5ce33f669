import fc from 'fast-check';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { aCustomer, DAY_MS, pay } from '../../../test/support/invoice-builders';
import { EUR } from '../../../test/support/billing-builders';
import { parseMicros } from '../../kernel/money';
import { listBundles } from '../bundles/bundles-store';
import { postDueCharges } from '../due-charges/due-charges';
import { readBalance } from '../ledger/ledger-accounts';
import { verifyLedger } from '../ledger/verify-ledger';
import { changeProfile } from '../profiles/billing-profiles-store';
import { chargePlans, grantIncluded } from './charge-plans';
import { planFees, shareOfFee } from './plan';
import { createPlan } from './plans-store';
import {
  cancelAtPeriodEnd,
  changeAtPeriodEnd,
  currentSubscription,
  subscribe,
  subscriptionsOf,
} from './subscriptions';

const JANUARY = { startMs: Date.UTC(2026, 0), endMs: Date.UTC(2026, 1) };

describe('a plan’s fee', () => {
  it('is shared out by the millisecond, and parts of a month add up to the whole', () => {
    const moment = fc.integer({ min: JANUARY.startMs, max: JANUARY.endMs });
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        fc.array(moment, { maxLength: 5 }),
        (fee, cuts) => {
          const marks = [JANUARY.startMs, ...cuts.toSorted((a, b) => a - b), JANUARY.endMs];
          const parts = marks
            .slice(1)
            .map((untilMs, n) => shareOfFee(fee, JANUARY, { fromMs: marks[n] ?? 0, untilMs }));
          expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(fee);
        },
      ),
    );
  });

  it.each([
    ['a whole month', { startsAtMs: JANUARY.startMs }, '2026-01-20', ['2026-01 9990000']],
    [
      'half of the first month',
      { startsAtMs: Date.UTC(2026, 0, 16, 12) },
      '2026-02-01',
      ['2026-01 4995000', '2026-02 9990000'],
    ],
    [
      'nothing in its trial',
      { startsAtMs: JANUARY.startMs, trialUntilMs: Date.UTC(2026, 0, 15) },
      '2026-01-14',
      [],
    ],
    [
      'what is left when the trial ends',
      { startsAtMs: JANUARY.startMs, trialUntilMs: Date.UTC(2026, 0, 16, 12) },
      '2026-01-17',
      ['2026-01 4995000'],
    ],
    [
      'nothing after its end',
      { startsAtMs: JANUARY.startMs, endsAtMs: JANUARY.endMs },
      '2026-05-01',
      ['2026-01 9990000'],
    ],
  ] as const)('is %s', (_, rest, day, expected) => {
    const subscription = { trialUntilMs: null, endsAtMs: null, ...rest };
    const fees = planFees(subscription, 9_990_000n, Date.parse(`${day}T00:00:00Z`));
    expect(fees.map(({ period, amountMicros }) => `${period} ${amountMicros}`)).toEqual(expected);
  });
});

describe.each(DIALECTS)('plans on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());

  let serial = 0;
  const aPlan = (rest: Partial<Parameters<typeof createPlan>[1]> = {}) =>
    test.database.write((sql) =>
      createPlan(sql, {
        name: `plan ${serial++}`,
        currency: EUR,
        monthlyFeeMicros: parseMicros('9.99'),
        trialDays: 14,
        included: { name: 'Belgium 100', seconds: 6_000, prefixes: ['32'], priority: 100 },
        nowMs: JANUARY.startMs,
        ...rest,
      }),
    );
  const begin = (accountId: string, planId: string, nowMs: number, wantsTrial = false) =>
    test.database.write((sql) => subscribe(sql, { accountId, planId, wantsTrial, nowMs }));
  const run = async (nowMs: number) => {
    await chargePlans(test.database, { nowMs });
    return postDueCharges(test.database, { nowMs, onPosted: { 'plan-fee': grantIncluded } });
  };
  const balanceOf = async (accountId: string) =>
    (await readBalance(test.database.read, accountId)).balance.amountMicros;
  const bundlesOf = async (accountId: string, nowMs: number) =>
    (await listBundles(test.database.read, accountId, nowMs)).map(({ secondsPerPeriod }) => secondsPerPeriod);

  it('are charged once for account and period and grant their minutes with it', async () => {
    const account = await aCustomer(test.database);
    await begin(account.id, (await aPlan()).id, JANUARY.startMs);
    await Promise.all([run(JANUARY.startMs), run(JANUARY.startMs), run(JANUARY.startMs)]);
    await run(JANUARY.startMs + DAY_MS);
    expect(await balanceOf(account.id)).toBe(-9_990_000n);
    expect(await bundlesOf(account.id, JANUARY.startMs + DAY_MS)).toEqual([6_000]);
    await run(JANUARY.endMs);
    expect(await balanceOf(account.id)).toBe(-19_980_000n);
    expect(await bundlesOf(account.id, JANUARY.endMs)).toEqual([6_000]);
  });

  it('are charged to all who can pay, though one among them cannot', async () => {
    const { id: planId } = await aPlan();
    const poor = await aCustomer(test.database, { limit: '0', credit: '5' });
    const others = [await aCustomer(test.database), await aCustomer(test.database)];
    for (const { id } of [poor, ...others]) await begin(id, planId, JANUARY.startMs);
    await run(JANUARY.startMs);
    expect(await Promise.all([poor, ...others].map(({ id }) => balanceOf(id)))).toEqual([
      5_000_000n,
      -9_990_000n,
      -9_990_000n,
    ]);
  });

  it('grant no minutes before they are paid, and take no account below its credit', async () => {
    const account = await aCustomer(test.database, { limit: '0', credit: '5' });
    await begin(account.id, (await aPlan()).id, JANUARY.startMs);
    await run(JANUARY.startMs);
    expect([await balanceOf(account.id), await bundlesOf(account.id, JANUARY.startMs)]).toEqual([
      5_000_000n,
      [],
    ]);
    await pay(test.database, account, '5', `more ${account.id}`, JANUARY.startMs + DAY_MS);
    await run(JANUARY.startMs + DAY_MS);
    expect([await balanceOf(account.id), await bundlesOf(account.id, JANUARY.startMs + DAY_MS)]).toEqual([
      10_000n,
      [6_000],
    ]);
  });

  it('are tried once by a person', async () => {
    const plan = await aPlan();
    const trial = async (mail: string) => {
      const account = await aCustomer(test.database);
      await test.database.write((sql) => changeProfile(sql, account.id, { mail }, 0));
      const subscription = await begin(account.id, plan.id, JANUARY.startMs, true);
      await run(JANUARY.startMs + 1);
      return { account, subscription };
    };
    const { account, subscription } = await trial('ada@example.org');
    expect(subscription.trialUntilMs).toBe(JANUARY.startMs + 14 * DAY_MS);
    expect([await balanceOf(account.id), await bundlesOf(account.id, JANUARY.startMs + 1)]).toEqual([
      0n,
      [6_000],
    ]);
    await expect(trial('Ada+again@Example.org')).rejects.toThrow('had a trial before');
    await test.database.write((sql) => cancelAtPeriodEnd(sql, account.id, JANUARY.startMs + DAY_MS));
    await run(JANUARY.endMs);
    expect(await balanceOf(account.id)).toBe(0n);
  });

  it('change at the end of the month, and end there', async () => {
    const account = await aCustomer(test.database);
    const small = await aPlan();
    const large = await aPlan({ monthlyFeeMicros: parseMicros('20') });
    await begin(account.id, small.id, JANUARY.startMs);
    const mid = JANUARY.startMs + 10 * DAY_MS;
    const change = (planId: string) =>
      test.database.write((sql) => changeAtPeriodEnd(sql, { accountId: account.id, planId, nowMs: mid }));
    await change(large.id);
    await change(large.id);
    const planAt = async (nowMs: number) =>
      (await currentSubscription(test.database.read, account.id, nowMs))?.planId;
    expect([await planAt(mid), await planAt(JANUARY.endMs)]).toEqual([small.id, large.id]);
    expect(await subscriptionsOf(test.database.read, account.id)).toHaveLength(2);
    await run(JANUARY.startMs);
    await run(JANUARY.endMs);
    expect(await balanceOf(account.id)).toBe(-29_990_000n);
    await test.database.write((sql) => cancelAtPeriodEnd(sql, account.id, JANUARY.endMs + DAY_MS));
    await run(Date.UTC(2026, 2, 15));
    expect(await balanceOf(account.id)).toBe(-29_990_000n);
    expect(await planAt(Date.UTC(2026, 2, 15))).toBeUndefined();
  });

  it('are one at a time', async () => {
    const account = await aCustomer(test.database);
    const plan = await aPlan();
    const wishes = await Promise.allSettled(
      [1, 2, 3, 4].map(() => begin(account.id, plan.id, JANUARY.startMs)),
    );
    expect(wishes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('leave a ledger in which everything adds up', async () => {
    expect((await verifyLedger(test.database)).faults).toEqual([]);
  });
});
