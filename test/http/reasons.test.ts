import supertest from 'supertest';
import { listEntries } from '../../src/audit/audit-log';
import { testApi } from '../support/api';
import { anAccount } from '../support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { Page } from '../support/page';
import { aPerson, PASSWORD } from '../support/people';

describe.each(DIALECTS)('staff that looks at what belongs to people on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
  });
  afterAll(() => test.drop());

  const entriesOf = (actorId: string | null, action: string) =>
    listEntries(test.database.read, {
      actorId,
      action,
      subject: null,
      fromMs: null,
      untilMs: null,
      before: null,
      limit: 20,
    });

  it('says what for, for an hour, and each read stands in the audit log with it', async () => {
    const person = await aPerson(test.database);
    const page = new Page(api.app);
    await page.signIn(person.mail, PASSWORD);
    const { id } = await anAccount(test.database, { credit: '5' });
    const personal = [
      `/accounts/${id}`,
      '/accounts',
      '/people',
      '/cdrs',
      '/recordings',
      `/accounts/${id}/voicemails`,
    ];
    for (const path of personal) {
      const { status, body } = await page.get(path);
      expect([path, status, body.type]).toEqual([path, 403, 'urn:123-voip:reason-needed']);
    }
    expect(await entriesOf(person.id, 'read-personal')).toEqual([]);
    expect((await page.post('/session/reason', { reason: '  ' })).status).toBe(400);
    const stated = await page.post('/session/reason', { reason: 'complaint about a charge', subject: id });
    expect(stated.body).toMatchObject({ text: 'complaint about a charge', subject: id });
    for (const path of personal) expect([path, (await page.get(path)).status]).toEqual([path, 200]);
    const read = await entriesOf(person.id, 'read-personal');
    expect(read).toHaveLength(personal.length);
    expect(read.at(-1)).toMatchObject({
      subject: `/api/v1/accounts/${id}`,
      reason: 'complaint about a charge',
      facts: { about: id },
    });
    expect((await page.readToken()).body.reason.text).toBe('complaint about a charge');
    await api.clock.advance(60 * 60_000);
    expect((await page.get('/accounts')).status).toBe(403);
    expect((await page.readToken()).body.reason).toBeNull();
  });

  it('by a program is recorded under the name of its key', async () => {
    const key = await api.keyFor('admin');
    await supertest(api.app).get('/api/v1/accounts').set('Authorization', `Bearer ${key}`).expect(200);
    expect(await entriesOf(null, 'read-personal')).toContainEqual(
      expect.objectContaining({ reason: 'admin', actor: expect.objectContaining({ kind: 'key' }) }),
    );
  });

  it('is not asked where numbers are masked, and nobody is on what is his own', async () => {
    const support = new Page(api.app);
    await support.signIn((await aPerson(test.database, { role: 'support' })).mail, PASSWORD);
    expect((await support.get('/cdrs')).status).toBe(200);
    expect((await support.get('/accounts')).status).toBe(403);
    const accountId = (await anAccount(test.database, { credit: '5' })).id;
    const customer = new Page(api.app);
    await customer.signIn((await aPerson(test.database, { role: 'user', accountId })).mail, PASSWORD);
    expect((await customer.get(`/accounts/${accountId}`)).status).toBe(200);
  });
});
