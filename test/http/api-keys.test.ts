import supertest from 'supertest';
import { testApi } from '../support/api';
import { anAccount } from '../support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { Page } from '../support/page';
import { aPerson, PASSWORD } from '../support/people';

const DAY_MS = 86_400_000;

describe.each(DIALECTS)('keys on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
  });
  afterAll(() => test.drop());

  const pageOf = async (role: 'admin' | 'user' | 'support', accountId: string | null = null) => {
    const page = new Page(api.app);
    await page.signIn((await aPerson(test.database, { role, accountId })).mail, PASSWORD);
    return page;
  };
  const statusFor = async (path: string, secret: string) =>
    (await supertest(api.app).get(`/api/v1${path}`).set('Authorization', `Bearer ${secret}`)).status;
  const soon = () => api.clock.nowMs() + DAY_MS;

  it('are made by an administrator with an end, listed without their secrets, and ended', async () => {
    const page = await pageOf('admin');
    const wish = { label: 'billing export', role: 'finance', scopes: ['cdrs:read'], expiresAtMs: soon() };
    const made = await page.post('/api-keys', wish);
    expect(made.status).toBe(201);
    const { id, secret } = made.body;
    expect(await statusFor('/cdrs', secret)).toBe(200);
    expect(await statusFor('/accounts', secret)).toBe(403);
    const listed = await page.get('/api-keys');
    expect(listed.body.keys).toMatchObject([
      { id, label: 'billing export', role: 'finance', scopes: ['cdrs:read'] },
    ]);
    expect(JSON.stringify(listed.body)).not.toContain(secret);
    expect((await page.delete(`/api-keys/${id}`)).status).toBe(200);
    expect((await page.delete(`/api-keys/${id}`)).status).toBe(404);
    expect(await statusFor('/cdrs', secret)).toBe(401);
    for (const expiresAtMs of [api.clock.nowMs(), soon() + 1_000 * DAY_MS])
      expect((await page.post('/api-keys', { ...wish, expiresAtMs })).status).toBe(422);
    expect((await page.post('/api-keys', { ...wish, expiresAtMs: undefined })).status).toBe(400);
    expect((await (await pageOf('support')).post('/api-keys', wish)).status).toBe(403);
  });

  it('of a customer reach his own account and end with their time', async () => {
    const own = (await anAccount(test.database, { credit: '5' })).id;
    const other = (await anAccount(test.database, { credit: '5' })).id;
    const [page, stranger] = [await pageOf('user', own), await pageOf('user', other)];
    const { id, secret } = (await page.post('/me/api-keys', { label: 'my script', expiresAtMs: soon() }))
      .body;
    expect(await statusFor(`/accounts/${own}/balance`, secret)).toBe(200);
    expect(await statusFor(`/accounts/${other}/balance`, secret)).toBe(403);
    expect(await statusFor('/me/api-keys', secret)).toBe(403);
    expect((await stranger.get('/me/api-keys')).body.keys).toEqual([]);
    expect((await stranger.delete(`/me/api-keys/${id}`)).status).toBe(404);
    expect((await page.get('/me/api-keys')).body.keys).toMatchObject([{ id, accountId: own }]);
    await api.clock.advance(DAY_MS + 1);
    expect(await statusFor(`/accounts/${own}/balance`, secret)).toBe(401);
    expect(
      (await (await pageOf('admin')).post('/me/api-keys', { label: 'x', expiresAtMs: soon() })).status,
    ).toBe(409);
  });
});
