import supertest from 'supertest';
import { testApi } from '../support/api';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { Page } from '../support/page';
import { aPerson, PASSWORD, tokenIn, waitingMails } from '../support/people';

const TERMS = { policyId: 'terms', version: 1 };
const ADA = {
  name: 'Ada Lovelace',
  birthDate: '1990-12-10',
  country: 'BE',
  language: 'fr',
  phone: '+3222223344',
  mail: 'Ada@Example.org',
  password: PASSWORD,
  policies: [TERMS],
  cookies: { analysis: false },
};

describe.each(DIALECTS)('signing up on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
    const admin = new Page(api.app);
    await admin.signIn((await aPerson(test.database)).mail, PASSWORD);
    const terms = { id: 'terms', version: 1, language: 'en', title: 'Terms', textUrl: '/terms/1' };
    await admin.post('/policies', terms);
  });
  afterAll(() => test.drop());
  afterEach(() => test.database.write((sql) => sql.run('DELETE FROM sign_in_tries')));

  /** All that an answer tells. */
  const answer = async (mail: string) => {
    const { status, body, headers } = await new Page(api.app).post('/sign-ups', { ...ADA, mail });
    return [status, body, Object.keys(headers).filter((name) => !name.startsWith('ratelimit'))];
  };
  const mails = () => waitingMails(test.database, api.clock);
  const count = async (table: string) => (await test.database.read.all(`SELECT * FROM ${table}`)).length;

  it('opens an account with a 123-voip number once the mail is confirmed, and signs in', async () => {
    const page = new Page(api.app);
    expect((await page.post('/sign-ups', ADA)).body).toEqual({ done: true });
    expect(await count('accounts')).toBe(0);
    expect((await page.signIn('ada@example.org', PASSWORD)).status).toBe(401);
    const [mail] = await mails();
    expect(mail).toMatchObject({ to: 'ada@example.org', subject: 'Confirmez votre adresse' });
    const token = tokenIn(mail);
    expect((await page.post('/sign-ups/confirm-mail', { token })).body).toEqual({ state: 'signed-in' });
    expect((await page.post('/sign-ups/confirm-mail', { token })).status).toBe(422);
    const { body } = await page.readToken();
    expect(body).toMatchObject({
      role: 'user',
      person: { mail: 'ada@example.org', mailVerified: true, phone: '+3222223344', phoneVerified: false },
      policiesToAccept: [],
    });
    expect((await page.get(`/accounts/${body.accountId}/balance`)).status).toBe(200);
    const numbers = await test.database.read.all('SELECT number FROM voip_numbers WHERE account_id = ?', [
      body.accountId,
    ]);
    expect(numbers).toHaveLength(1);
    expect((await page.get('/me/consents')).body.consents).toMatchObject([
      { policyId: 'analysis-cookies', agreed: false },
      { policyId: 'terms', version: 1, agreed: true },
    ]);
    expect(await count('sign_ups')).toBe(0);
  });

  it('proves the telephone by a spoken code', async () => {
    const page = new Page(api.app);
    await page.signIn('ada@example.org', PASSWORD);
    expect((await page.post('/me/phone/code')).status).toBe(200);
    const { code } = api.spokenCodes.at(-1) ?? { code: '' };
    const wrong = code === '000000' ? '000001' : '000000';
    expect((await page.post('/me/phone/confirm', { code: wrong })).status).toBe(422);
    expect((await page.post('/me/phone/confirm', { code })).status).toBe(200);
    expect((await page.readToken()).body.person.phoneVerified).toBe(true);
  });

  it('answers alike when the mail address is somebody’s, and a mail tells its owner', async () => {
    expect(await answer('ada@example.org')).toEqual(await answer('somebody.new@example.org'));
    expect((await mails()).map(({ to, subject }) => [to, subject])).toEqual([
      ['ada@example.org', 'Vous avez déjà un compte'],
      ['somebody.new@example.org', 'Confirmez votre adresse'],
    ]);
  });

  it('refuses who is under eighteen and keeps nothing of it', async () => {
    const young = {
      ...ADA,
      birthDate: '2008-01-16',
      mail: 'young@example.org',
      name: 'Somebody Young',
      phone: '+3222229999',
    };
    const answer = await new Page(api.app).post('/sign-ups', young);
    expect([answer.status, answer.body.type]).toEqual([422, 'urn:123-voip:too-young']);
    const tables = [
      'sign_ups',
      'people',
      'jobs',
      'api_requests',
      'audit_entries',
      'sign_in_tries',
      'one_time_links',
    ];
    for (const table of tables) {
      const kept = JSON.stringify(await test.database.read.all(`SELECT * FROM ${table}`));
      for (const typed of [young.mail, young.name, young.phone, young.birthDate])
        expect(kept).not.toContain(typed);
    }
    expect(await count('sign_in_tries')).toBe(0);
  });

  it('needs every policy in the version that counts; a new version is asked for at the next session', async () => {
    const missing = await new Page(api.app).post('/sign-ups', {
      ...ADA,
      mail: 'b@example.org',
      policies: [],
    });
    expect([missing.status, missing.body.detail]).toEqual([
      409,
      expect.stringContaining('version 1 of terms'),
    ]);
    const admin = new Page(api.app);
    await admin.signIn((await aPerson(test.database)).mail, PASSWORD);
    const second = { id: 'terms', version: 2, language: 'en', title: 'Terms', textUrl: '/terms/2' };
    expect((await admin.post('/policies', second)).status).toBe(201);
    expect((await admin.post('/policies', second)).status).toBe(409);
    expect((await new Page(api.app).get('/policies')).body).toEqual({ policies: [second] });
    const page = new Page(api.app);
    await page.signIn('ada@example.org', PASSWORD);
    expect((await page.readToken()).body.policiesToAccept).toEqual([{ policyId: 'terms', version: 2 }]);
    expect((await page.post('/me/policies/accept', { policies: [TERMS] })).status).toBe(409);
    const accepted = await page.post('/me/policies/accept', {
      policies: [{ policyId: 'terms', version: 2 }],
    });
    expect(accepted.body).toEqual({ policiesToAccept: [] });
  });

  it('writes the cookie about cookies after the choice and not before', async () => {
    const before = await supertest(api.app).get('/api/v1/cookie-choice');
    expect([before.body, before.headers['set-cookie']]).toEqual([{ analysis: null }, undefined]);
    const chosen = await new Page(api.app).post('/cookie-choice', { analysis: true });
    const [cookie = ''] = [chosen.headers['set-cookie'] ?? []].flat();
    const after = await supertest(api.app)
      .get('/api/v1/cookie-choice')
      .set('Cookie', cookie.split(';')[0] ?? '');
    expect(after.body).toEqual({ analysis: true });
  });
});
