import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { seedDemo, type DemoSeed } from '../../src/demo/seed-demo';
import { testApi } from '../support/api';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';

describe.each(DIALECTS)('the API of numbers on %s', (dialect) => {
  let test: TestDatabase;
  let seed: DemoSeed;
  let api: ReturnType<typeof testApi>;
  let key: string;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    seed = await seedDemo(test.database, Date.UTC(2026, 0, 1), '123-voip');
    api = testApi(test.database);
    key = await api.keyFor('admin');
  });
  afterAll(() => test.drop());

  const get = (path: string) =>
    supertest(api.app).get(`/api/v1${path}`).set('Authorization', `Bearer ${key}`);
  const post = (path: string, body?: object) =>
    supertest(api.app)
      .post(`/api/v1${path}`)
      .set('Authorization', `Bearer ${key}`)
      .set('Idempotency-Key', randomUUID())
      .send(body);

  const send = (csv: string) => post('/dids/import?country=BE').type('text/csv').send(csv);

  it('takes a number in, leads it to a room, elsewhere, and back into quarantine', async () => {
    const terms = {
      number: '+3225551234',
      currency: 'EUR',
      setupFee: '1',
      monthlyFee: '2.50',
      channelLimit: 2,
    };
    const added = await post('/dids', terms);
    expect([added.status, added.body.state, added.body.monthlyFee.text]).toEqual([
      201,
      'available',
      '2.50 EUR',
    ]);
    const target = { kind: 'room', roomId: seed.roomId };
    const assigned = await post('/dids/+3225551234/assign', { target, ownerAccountId: seed.accountId });
    expect(assigned.body).toMatchObject({ state: 'assigned', target, ownerAccountId: seed.accountId });
    expect((await post('/dids/+3225551234/assign', { target, ownerAccountId: seed.accountId })).status).toBe(
      409,
    );
    const menu = { kind: 'menu', language: 'en', country: 'BE' };
    expect((await post('/dids/+3225551234/target', { target: menu })).body.target).toEqual(menu);
    expect((await get(`/dids?owner=${seed.accountId}`)).body.dids).toHaveLength(1);
    expect((await post('/dids/+3225551234/release')).body.state).toBe('quarantined');
    expect((await get('/dids/+3225551234')).body).toMatchObject({ state: 'quarantined', target: null });
  });

  it.each([
    ['no number', { number: '025551234' }, 422],
    ['a fee without currency', { number: '+3225551299', setupFee: '1' }, 422],
    ['a field that is none', { number: '+3225551299', price: '1' }, 400],
  ])('refuses %s', async (_, body, status) => {
    expect((await post('/dids', body)).status).toBe(status);
  });

  it('takes a file in, or names its faults', async () => {
    expect((await send('number\n025557001\n025557002\n')).body).toMatchObject({ imported: true, added: 2 });
    const refused = await send('number\n025557003\nx\n');
    expect([refused.status, refused.body.faults[0].line]).toEqual([422, 3]);
    expect((await get('/dids/+3225557003')).status).toBe(404);
  });

  it('tells an account’s 123-voip number, which it has from the start', async () => {
    const { body } = await get(`/accounts/${seed.accountId}/voip-number`);
    expect(body.number).toMatch(/^123\d{7}$/);
    expect((await post(`/accounts/${seed.accountId}/voip-number`)).body.number).toBe(body.number);
  });
});
