import { anAccount, EUR, eur, START_MS } from '../../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { requireProven } from '../../../test/support/require-proven';
import { Conflict, NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import { clawBackEarning, creditEarning, listEarnings, sumEarnings } from './earnings';
import { earningsStatement } from './earnings-statement';
import { endPayout, makePayout } from './payouts';

const DAY_MS = 86_400_000;

describe.each(DIALECTS)('earnings on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  afterEach(() => requireProven(test.database));

  const earn = (accountId: string, amount: string, more: object = {}) =>
    test.database.write((sql) =>
      creditEarning(sql, {
        accountId,
        sourceKey: newId(START_MS),
        amount: eur(amount),
        note: 'a conversation',
        holdMs: 30 * DAY_MS,
        nowMs: START_MS,
        ...more,
      }),
    );
  const pay = (accountId: string, nowMs: number, least = '0') =>
    makePayout(test.database, {
      accountId,
      currency: EUR,
      leastMicros: eur(least).amountMicros,
      by: 'finance',
      nowMs,
    });
  const end = (payoutId: string, state: 'paid' | 'failed', nowMs = START_MS) =>
    endPayout(test.database, payoutId, { state, note: 'bank 1', by: 'finance', nowMs });
  const host = async () => (await anAccount(test.database, { credit: '0' })).id;

  it('are credited once for their cause', async () => {
    const id = await host();
    const sourceKey = newId(START_MS);
    const made = await Promise.all([1, 2, 3].map(() => earn(id, '2', { sourceKey })));
    expect(new Set(made.map((earning) => earning.id)).size).toBe(1);
    await expect(earn(id, '3', { sourceKey })).rejects.toBeInstanceOf(Conflict);
    expect(await sumEarnings(test.database.read, id, START_MS)).toMatchObject([
      { unpaid: eur('2'), mature: eur('0') },
    ]);
  });

  it('are paid out when their time of waiting is over, each in one payout', async () => {
    const id = await host();
    await earn(id, '5');
    await earn(id, '7', { nowMs: START_MS + DAY_MS });
    const ripeMs = START_MS + 30 * DAY_MS;
    await expect(pay(id, ripeMs - 1)).rejects.toBeInstanceOf(Conflict);
    await expect(pay(id, ripeMs, '5.01')).rejects.toBeInstanceOf(Conflict);
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => pay(id, ripeMs)));
    const [made] = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(made).toMatchObject({ amount: eur('5'), state: 'pending' });
    const ends = await Promise.allSettled([end(made?.id ?? '', 'paid'), end(made?.id ?? '', 'failed')]);
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('whose payout failed are unpaid again', async () => {
    const id = await host();
    await earn(id, '5', { holdMs: 0 });
    const first = await pay(id, START_MS);
    await end(first.id, 'failed');
    const second = await pay(id, START_MS);
    expect(second.amount).toEqual(eur('5'));
    expect(await end(second.id, 'paid')).toMatchObject({ state: 'paid', endedNote: 'bank 1' });
    const page = { accountId: id, payoutId: second.id, beforeId: null, limit: 10 };
    expect(await listEarnings(test.database.read, page)).toHaveLength(1);
  });

  it('are clawed back once, and count against what comes later', async () => {
    const id = await host();
    const sourceKey = newId(START_MS);
    await earn(id, '5', { holdMs: 0, sourceKey });
    await end((await pay(id, START_MS)).id, 'paid');
    const clawBack = () =>
      test.database.write((sql) =>
        clawBackEarning(sql, { sourceKey, reason: 'payment was disputed', nowMs: START_MS }),
      );
    await Promise.all([clawBack(), clawBack()]);
    await expect(pay(id, START_MS)).rejects.toBeInstanceOf(Conflict);
    await earn(id, '8', { holdMs: 0 });
    expect(await pay(id, START_MS)).toMatchObject({ amount: eur('3') });
    await expect(
      test.database.write((sql) => clawBackEarning(sql, { sourceKey: 'none', reason: 'x', nowMs: 0 })),
    ).rejects.toBeInstanceOf(NotFound);
  });

  it('have a statement whose opening and lines make its closing, month after month', async () => {
    const id = await host();
    for (let day = 0; day < 60; day++)
      await earn(id, '1.25', { holdMs: 10 * DAY_MS, nowMs: START_MS + day * DAY_MS });
    await end((await pay(id, START_MS + 35 * DAY_MS)).id, 'paid', START_MS + 36 * DAY_MS);
    let closing = eur('0');
    for (let month = 0; month < 3; month++) {
      const statement = await earningsStatement(test.database.report, {
        accountId: id,
        currency: EUR,
        fromMs: START_MS + month * 30 * DAY_MS,
        toMs: START_MS + (month + 1) * 30 * DAY_MS,
      });
      expect(statement.opening).toEqual(closing);
      ({ closing } = statement);
    }
    expect(closing).toEqual(eur('42.5'));
    expect(await sumEarnings(test.database.read, id, START_MS + 90 * DAY_MS)).toMatchObject([
      { unpaid: eur('42.5'), mature: eur('42.5') },
    ]);
  });
});
