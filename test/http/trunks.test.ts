import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { testApi } from '../support/api';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';

describe.each(DIALECTS)('the API of trunks on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  let key: string;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
    key = await api.keyFor('network');
  });
  afterAll(() => test.drop());

  const get = (path: string) =>
    supertest(api.app).get(`/api/v1${path}`).set('Authorization', `Bearer ${key}`);
  const post = (path: string, body: object) =>
    supertest(api.app)
      .post(`/api/v1${path}`)
      .set('Authorization', `Bearer ${key}`)
      .set('Idempotency-Key', randomUUID())
      .send(body);
  const patch = (path: string, body: object) =>
    supertest(api.app).patch(`/api/v1${path}`).set('Authorization', `Bearer ${key}`).send(body);

  it('adds, shows, changes and disables one, and never tells a password', async () => {
    const added = await post('/trunks', {
      name: 'Carrier',
      addresses: ['192.0.2.0/24'],
      digest: { username: 'carrier' },
      password: 'their secret words',
      country: 'BE',
      outward: {
        targets: [{ host: 'sip.carrier.example', port: null }],
        digest: { username: 'us', realm: 'carrier.example' },
      },
      outwardPassword: 'our secret words',
    });
    expect(added.status).toBe(201);
    const { id } = added.body;
    const changed = await patch(`/trunks/${id}`, {
      limits: { channelsIn: 3 },
      outward: { weight: 7 },
      state: 'disabled',
    });
    expect(changed.body).toMatchObject({
      state: 'disabled',
      limits: { channelsIn: 3, channelsOut: null },
      outward: { weight: 7, targets: [{ host: 'sip.carrier.example', port: null }] },
    });
    const listed = await get('/trunks');
    expect(listed.body.trunks).toHaveLength(1);
    const told = [added, changed, listed, await get(`/trunks/${id}`)].map(({ text }) => text).join('');
    expect(told).not.toMatch(/secret words|password/i);
    const stored = await test.database.read.all('SELECT answer FROM api_requests');
    expect(JSON.stringify(stored)).not.toContain('secret words');
  });

  it.each([
    [{ name: 'a', addresses: ['not an address'] }, 422],
    [{ name: 'a', outward: { targets: [{ host: 'a b', port: null }] } }, 422],
    [{ name: 'a', outward: { colour: 'red' } }, 400],
    [{ name: 'a', digest: { username: 'them' } }, 422],
    [{ name: 'Carrier' }, 409],
  ])('refuses %j', async (body, status) => {
    expect((await post('/trunks', body)).status).toBe(status);
  });
});
