import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { rateCdr } from '../../src/billing/rating/rate-cdr';
import { writeCdr } from '../../src/cdr/write-cdr';
import { testApi } from '../support/api';
import { aCreditWish, aDeck, anAccount, anEndedLeg, aRateLine } from '../support/billing-builders';
import { reserveCredit } from '../../src/billing/credit/reserve-credit';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';

describe.each(DIALECTS)('prepaid control by the API on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  let keys: Record<string, string>;
  let accountId: string;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
    keys = Object.fromEntries(
      await Promise.all(
        ['admin', 'finance', 'support', 'network'].map(
          async (role) => [role, await api.keyFor(role)] as const,
        ),
      ),
    );
    accountId = (await anAccount(test.database, { credit: '20' })).id;
  });
  afterAll(() => test.drop());

  const ask = (method: 'get' | 'post' | 'patch' | 'delete', path: string, body?: object, role = 'admin') => {
    const agent = supertest(api.app);
    const request = agent[method](`/api/v1${path}`)
      .set('Authorization', `Bearer ${keys[role] ?? ''}`)
      .set('Idempotency-Key', randomUUID());
    return body ? request.send(body) : request;
  };

  it('grants minutes, shows what is left of them and ends them', async () => {
    const granted = await ask('post', `/accounts/${accountId}/bundles`, {
      name: 'Belgium 60',
      secondsPerPeriod: 3_600,
      validUntil: '2030-01-01T00:00:00Z',
      prefixes: ['32'],
    });
    expect([granted.status, granted.body.period]).toEqual([201, 'month']);
    await reserveCredit(test.database, aCreditWish(accountId, { nowMs: api.clock.nowMs() }));
    const listed = await ask('get', `/accounts/${accountId}/bundles`, undefined, 'support');
    expect(listed.body.bundles).toMatchObject([{ name: 'Belgium 60', heldSeconds: 60, usedSeconds: 0 }]);
    expect((await ask('delete', `/bundles/${granted.body.id}`)).body).toEqual({ ended: true });
    expect((await ask('get', `/accounts/${accountId}/bundles`)).body.bundles).toEqual([]);
    expect((await ask('post', `/accounts/${accountId}/bundles`, {}, 'support')).status).toBe(403);
    const wrong = { name: 'x', secondsPerPeriod: 60, validUntil: '2030-01-01T00:00:00Z', prefixes: ['+32'] };
    expect((await ask('post', `/accounts/${accountId}/bundles`, wrong)).status).toBe(422);
  });

  it('sets how many calls may go on at once, and gives the house’s limit back', async () => {
    const set = await ask('patch', `/call-limits/account-out/${accountId}`, { most: 2 });
    expect(set.body.limits).toEqual([{ kind: 'account-out', id: accountId, most: 2 }]);
    const back = await ask('patch', `/call-limits/account-out/${accountId}`, { most: null });
    expect(back.body.limits).toEqual([]);
    expect((await ask('get', `/call-limits/${accountId}`)).body.house.accountOut).toBeGreaterThan(0);
    expect((await ask('patch', `/call-limits/planet/${accountId}`, { most: 2 })).status).toBe(400);
  });

  it('changes caps of an account and of the house, and opens a country for a while', async () => {
    const changed = await ask('patch', `/accounts/${accountId}/caps`, {
      maxDayCost: '12.50',
      homeCountries: ['BE'],
      timeZone: 'Europe/Brussels',
    });
    expect(changed.body).toMatchObject({
      maxDayCost: { text: '12.50 EUR' },
      homeCountries: ['BE'],
      timeZone: 'Europe/Brussels',
      spentToday: { amountMicros: '0' },
      openCountries: [],
    });
    await ask('patch', `/accounts/${accountId}/caps`, { maxDayCost: null });
    const house = await ask('patch', '/house-caps/EUR', { maxDayCost: '7' });
    expect(house.body.maxDayCost.text).toBe('7.00 EUR');
    const opened = await ask('post', `/accounts/${accountId}/open-countries`, {
      country: 'SO',
      openUntil: String(api.clock.nowMs() + 86_400_000),
    });
    expect(opened.status).toBe(201);
    const shown = await ask('get', `/accounts/${accountId}/caps`, undefined, 'support');
    expect(shown.body).toMatchObject({
      maxDayCost: { text: '7.00 EUR' },
      openCountries: [{ country: 'SO', openedBy: 'admin' }],
    });
    await ask('delete', `/accounts/${accountId}/open-countries/SO`);
    expect((await ask('get', `/accounts/${accountId}/caps`)).body.openCountries).toEqual([]);
    const far = { country: 'SO', openUntil: '2036-01-01T00:00:00Z' };
    expect((await ask('post', `/accounts/${accountId}/open-countries`, far)).status).toBe(422);
    expect((await ask('patch', '/accounts/nobody/caps', { maxDayCost: '1' })).status).toBe(404);
  });

  it('makes vouchers whose codes are told once, and redeems one', async () => {
    const wanted = {
      label: 'kiosk',
      currency: 'EUR',
      amount: '10',
      count: 2,
      expiresAt: '2030-01-01T00:00:00Z',
    };
    const idempotencyKey = randomUUID();
    const make = () =>
      supertest(api.app)
        .post('/api/v1/voucher-batches')
        .set('Authorization', `Bearer ${keys.finance ?? ''}`)
        .set('Idempotency-Key', idempotencyKey)
        .send(wanted);
    const made = await make();
    expect(made.body.codes).toHaveLength(2);
    expect((await make()).body).toMatchObject({ batch: { id: made.body.batch.id }, codes: null });
    const [code] = made.body.codes as string[];
    const redeemed = await ask('post', `/accounts/${accountId}/voucher-redemptions`, { code });
    expect(redeemed.body.amount.text).toBe('10.00 EUR');
    const again = await ask('post', `/accounts/${accountId}/voucher-redemptions`, { code });
    expect([again.status, again.body.detail]).toEqual([422, 'this code cannot be redeemed']);
    const listed = await ask('get', '/voucher-batches', undefined, 'finance');
    expect(listed.body.batches).toMatchObject([{ label: 'kiosk', voucherCount: 2, redeemedCount: 1 }]);
    expect((await ask('post', `/voucher-batches/${made.body.batch.id}/cancel`)).body.endedBecause).toBe(
      'cancelled',
    );
    expect((await ask('get', '/voucher-batches', undefined, 'support')).status).toBe(403);
  });

  it('shows number fees, which there are none of', async () => {
    const answer = await ask('get', `/accounts/${accountId}/number-fees?state=due`, undefined, 'support');
    expect(answer.body).toEqual({ fees: [], next: null });
  });

  it('shows what the carrier takes to those alone whose role may see it, also in the export', async () => {
    const deck = await aDeck(test.database, [aRateLine({ price: '0.12' })]);
    const leg = anEndedLeg(null, 30_000, { costDeckId: deck.id, nodeId: 'cost' });
    await writeCdr(test.database, leg);
    await rateCdr(test.database, { cdrId: leg.cdrId, nowMs: leg.endedAtMs });
    const full = await ask('get', `/cdrs/${leg.cdrId}`, undefined, 'finance');
    expect(full.body).toMatchObject({
      costDeckId: deck.id,
      cost: { text: '0.12 EUR' },
      margin: { text: '-0.12 EUR' },
      costWorking: { increments: '60/60' },
    });
    const less = await ask('get', `/cdrs/${leg.cdrId}`, undefined, 'support');
    expect(less.body).toMatchObject({ costDeckId: null, cost: null, margin: null, costWorking: null });
    const csv = async (role: string) =>
      (await ask('get', '/cdrs.csv', undefined, role)).text
        .trim()
        .split('\n')
        .map((line) => line.split(',').slice(-3));
    expect(await csv('network')).toEqual([
      ['costMicros', 'costCurrency', 'marginMicros'],
      ['120000', 'EUR', '-120000'],
    ]);
    expect((await csv('support'))[1]).toEqual(['', '', '']);
  });
});
