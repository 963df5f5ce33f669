import supertest from 'supertest';
import { listEntries, verifyAudit } from '../../src/audit/audit-log';
import { offerFirstOperator } from '../../src/people/staff';
import { anAccount } from '../support/billing-builders';
import { testApi } from '../support/api';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { Page } from '../support/page';
import { aPerson, PASSWORD, tokenIn, waitingMails } from '../support/people';

const NEW_PASSWORD = 'purple ladder under the sea';

describe.each(DIALECTS)('people who sign in on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
  });
  afterAll(() => test.drop());
  // Tests share one address: what one of them tried does not slow the next.
  afterEach(() => test.database.write((sql) => sql.run('DELETE FROM sign_in_tries')));

  const aPage = () => new Page(api.app);
  const signedIn = async (person: { mail: string }) => {
    const page = aPage();
    expect((await page.signIn(person.mail, PASSWORD)).body).toEqual({ state: 'signed-in' });
    return page;
  };
  /** What an answer to a password tells. */
  const told = async (mail: string, password: string) => {
    const { status, body, headers } = await aPage().post('/session', { mail, password });
    return { status, body, hasCookie: 'set-cookie' in headers };
  };
  const mailed = () => waitingMails(test.database, api.clock);

  it('begin with the first operator, by a link that counts once', async () => {
    expect((await aPage().get('/first-operator')).body).toEqual({ open: true });
    const token = (await offerFirstOperator(test.database, api.clock.nowMs())) ?? '';
    const wish = { token, name: 'Ada', mail: 'Ada@Example.org', password: PASSWORD };
    const weak = await aPage().post('/first-operator', { ...wish, password: 'password2026!' });
    expect([weak.status, weak.body.detail]).toEqual([422, expect.stringMatching(/^password: is among/)]);
    const pages = [aPage(), aPage(), aPage()];
    const answers = await Promise.all(
      pages.map((page, n) => page.post('/first-operator', { ...wish, mail: `ada${n}@example.org` })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 422, 422]);
    const first = pages[answers.findIndex(({ status }) => status === 200)] ?? aPage();
    const session = await first.readToken();
    expect(session.body).toMatchObject({
      role: 'admin',
      accountId: null,
      person: { name: 'Ada', mailVerified: true },
    });
    expect(session.body.scopes).toContain('people:write');
    expect((await aPage().get('/first-operator')).body).toEqual({ open: false });
    expect(await offerFirstOperator(test.database, api.clock.nowMs())).toBeNull();
  });

  it('are nobody without a cookie, and after they have signed out', async () => {
    expect((await aPage().get('/session')).status).toBe(401);
    const page = await signedIn(await aPerson(test.database));
    const { cookie } = page;
    await page.post('/session/reason', { reason: 'a test' });
    expect((await page.get('/people')).status).toBe(200);
    expect((await page.delete('/session')).status).toBe(200);
    expect(page.cookie).toBeNull();
    page.cookie = cookie;
    expect((await page.get('/session')).status).toBe(401);
  });

  it('have a cookie that scripts and other sites do not get, and that is nowhere stored', async () => {
    const { mail } = await aPerson(test.database);
    const page = aPage();
    const answer = await page.signIn(mail, PASSWORD);
    const cookie = String(answer.headers['set-cookie']);
    for (const part of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']) expect(cookie).toContain(part);
    expect(cookie).not.toContain('Domain');
    const rows = await test.database.read.all('SELECT * FROM sessions');
    expect(JSON.stringify(rows)).not.toContain(page.cookie);
    expect(JSON.stringify(await test.database.read.all('SELECT * FROM api_requests'))).not.toContain(mail);
  });

  it('change nothing for a page that does not know the token, or that is of another site', async () => {
    const page = await signedIn(await aPerson(test.database));
    const wish = () => page.post('/me/sessions/end-others');
    page.origin = 'https://evil.example';
    expect((await wish()).status).toBe(403);
    page.origin = null;
    expect((await wish()).status).toBe(403);
    page.origin = 'https://voip.example.org';
    const { csrfToken } = page;
    page.csrfToken = 'guessed';
    expect((await wish()).status).toBe(403);
    page.csrfToken = csrfToken;
    expect((await wish()).status).toBe(200);
    const forged = aPage();
    forged.origin = 'https://evil.example';
    expect((await forged.post('/session', { mail: 'a@example.org', password: 'x' })).status).toBe(403);
  });

  it('are served by the Host they came by, too, and a key needs no token', async () => {
    const { mail } = await aPerson(test.database);
    const ask = (origin: string) =>
      supertest(api.app)
        .post('/api/v1/session')
        .set('Host', 'localhost:8080')
        .set('Origin', origin)
        .send({ mail, password: PASSWORD });
    expect((await ask('http://localhost:8080')).status).toBe(200);
    expect((await ask('http://localhost:9090')).status).toBe(403);
    const page = await signedIn({ mail });
    const byKey = await supertest(api.app)
      .get('/api/v1/me/sessions')
      .set('Cookie', `__Host-session=${page.cookie}`)
      .set('Authorization', `Bearer ${await api.keyFor('admin')}`);
    expect(byKey.status).toBe(403);
  });

  it('reach what their role may: staff by its scopes, a customer his own', async () => {
    const finance = await signedIn(await aPerson(test.database, { role: 'finance' }));
    await finance.post('/session/reason', { reason: 'a test' });
    expect((await finance.get('/people')).body.type).toBe('urn:123-voip:forbidden');
    expect((await finance.get('/accounts')).status).toBe(200);
    const own = (await anAccount(test.database, { credit: '5' })).id;
    const other = (await anAccount(test.database, { credit: '5' })).id;
    const customer = await signedIn(await aPerson(test.database, { role: 'user', accountId: own }));
    expect((await customer.get(`/accounts/${own}/balance`)).status).toBe(200);
    expect((await customer.get(`/accounts/${other}/balance`)).status).toBe(403);
    expect((await customer.get('/accounts')).status).toBe(403);
  });

  it('get one answer for a wrong password, an unknown mail address and a blocked person', async () => {
    const [known, blocked] = [await aPerson(test.database), await aPerson(test.database)];
    await test.database.write((sql) =>
      sql.run("UPDATE people SET state = 'blocked' WHERE id = ?", [blocked.id]),
    );
    const wrong = await told(known.mail, 'not it at all');
    expect(wrong).toMatchObject({ status: 401, hasCookie: false });
    expect(await told('nobody@example.org', PASSWORD)).toEqual(wrong);
    expect(await told('no mail address', PASSWORD)).toEqual(wrong);
    expect(await told(blocked.mail, PASSWORD)).toEqual(wrong);
  });

  it('are signed out when they were idle for long, or long signed in', async () => {
    const page = await signedIn(await aPerson(test.database));
    for (let hour = 0; hour < 11; hour++) {
      await api.clock.advance(3_600_000);
      expect((await page.get('/session')).status).toBe(200);
    }
    await api.clock.advance(3_600_000);
    expect((await page.get('/session')).status).toBe(401);
    const idle = await signedIn(await aPerson(test.database));
    await api.clock.advance(2 * 3_600_000);
    expect((await idle.get('/session')).status).toBe(401);
  });

  it('see where they are signed in and end it there', async () => {
    const person = await aPerson(test.database);
    const [here, there, third] = [await signedIn(person), await signedIn(person), await signedIn(person)];
    const { sessions } = (await here.get('/me/sessions')).body;
    expect(sessions.map(({ isCurrent }: { isCurrent: boolean }) => isCurrent)).toEqual([false, false, true]);
    const stranger = await signedIn(await aPerson(test.database));
    expect((await stranger.delete(`/me/sessions/${sessions[0].id}`)).status).toBe(404);
    expect((await here.delete(`/me/sessions/${sessions[0].id}`)).status).toBe(200);
    expect((await third.get('/session')).status).toBe(401);
    expect((await here.post('/me/sessions/end-others')).body).toEqual({ ended: 1 });
    expect((await there.get('/session')).status).toBe(401);
    expect((await here.get('/session')).status).toBe(200);
  });

  it('change their password with the old one; all other sessions end and this one gets a new cookie', async () => {
    const person = await aPerson(test.database);
    const [here, there] = [await signedIn(person), await signedIn(person)];
    const { cookie } = here;
    const wrong = await here.post('/me/password', { currentPassword: 'not it', newPassword: NEW_PASSWORD });
    expect(wrong.status).toBe(422);
    const bad = await here.post('/me/password', { currentPassword: PASSWORD, newPassword: 'short' });
    expect(bad.body.detail).toMatch(/^newPassword: has 5 characters/);
    expect(
      (await here.post('/me/password', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD })).status,
    ).toBe(200);
    expect(here.cookie).not.toBe(cookie);
    expect((await here.readToken()).status).toBe(200);
    expect((await there.get('/session')).status).toBe(401);
    expect((await aPage().signIn(person.mail, PASSWORD)).status).toBe(401);
    expect((await aPage().signIn(person.mail, NEW_PASSWORD)).status).toBe(200);
    expect((await mailed()).map(({ to }) => to)).toEqual([person.mail]);
  });

  it('set a new password by a mailed link, once, and the answer does not tell whether there is somebody', async () => {
    const person = await aPerson(test.database);
    const page = await signedIn(person);
    const ask = async (mail: string) => {
      const { status, body } = await aPage().post('/password-resets', { mail });
      return [status, body];
    };
    expect(await ask(person.mail)).toEqual(await ask('nobody@example.org'));
    const mails = await mailed();
    expect(mails.map(({ to }) => to)).toEqual([person.mail]);
    expect(mails[0]?.text).toContain('https://voip.example.org/reset-password#');
    const token = tokenIn(mails[0]);
    expect(JSON.stringify(await test.database.read.all('SELECT * FROM one_time_links'))).not.toContain(token);
    const confirm = () => aPage().post('/password-resets/confirm', { token, newPassword: NEW_PASSWORD });
    expect((await confirm()).status).toBe(200);
    expect((await confirm()).status).toBe(422);
    expect((await page.get('/session')).status).toBe(401);
    expect((await aPage().signIn(person.mail, NEW_PASSWORD)).status).toBe(200);
    await mailed();
  });

  it('become staff by invitation', async () => {
    const admin = await signedIn(await aPerson(test.database));
    expect(
      (await admin.post('/staff-invitations', { mail: 'new@example.org', role: 'finance' })).status,
    ).toBe(200);
    const token = tokenIn((await mailed())[0]);
    const page = aPage();
    expect(
      (await page.post('/staff-invitations/accept', { token, name: 'Fin', password: PASSWORD })).status,
    ).toBe(200);
    expect((await page.readToken()).body).toMatchObject({
      role: 'finance',
      person: { mail: 'new@example.org' },
    });
    const again = await aPage().post('/staff-invitations/accept', { token, name: 'Fin', password: PASSWORD });
    expect(again.status).toBe(422);
    expect((await admin.post('/staff-invitations', { mail: 'NEW@example.org', role: 'admin' })).status).toBe(
      409,
    );
  });

  it('are found, given another role and blocked; nobody blocks himself and one administrator stays', async () => {
    const boss = await aPerson(test.database);
    const admin = await signedIn(boss);
    await admin.post('/session/reason', { reason: 'a test' });
    const person = await aPerson(test.database, { role: 'support' });
    const page = await signedIn(person);
    const found = await admin.get(`/people?search=${encodeURIComponent(person.mail.toUpperCase())}`);
    expect(found.body).toMatchObject({
      people: [{ id: person.id, role: 'support', state: 'active' }],
      next: null,
    });
    expect((await admin.get('/people?search=100%25')).body.people).toEqual([]);
    expect((await admin.patch(`/people/${person.id}`, { role: 'network' })).body.role).toBe('network');
    expect((await page.get('/session')).status).toBe(401);
    await admin.patch(`/people/${person.id}`, { state: 'blocked' });
    expect((await aPage().signIn(person.mail, PASSWORD)).status).toBe(401);
    expect((await admin.patch(`/people/${boss.id}`, { state: 'blocked' })).status).toBe(422);
    const admins = (await admin.get('/people?role=admin')).body.people as { id: string }[];
    for (const { id } of admins.filter((one) => one.id !== boss.id))
      expect((await admin.patch(`/people/${id}`, { role: 'support' })).status).toBe(200);
    expect((await admin.patch(`/people/${boss.id}`, { role: 'support' })).status).toBe(409);
    await aPerson(test.database);
  });

  it('and programs that change something stand in the audit log, which is whole', async () => {
    const person = await aPerson(test.database);
    const page = await signedIn(person);
    await page.post('/staff-invitations', { mail: 'audited@example.org', role: 'support' });
    const wanted = {
      actorId: person.id,
      subject: null,
      action: null,
      fromMs: null,
      untilMs: null,
      before: null,
    };
    const entries = await listEntries(test.database.read, { ...wanted, limit: 10 });
    expect(entries.map(({ action }) => action)).toEqual(['staff-invited', 'asked-to-post', 'signed-in']);
    expect((await page.get(`/audit?actorId=${person.id}&limit=1`)).body).toMatchObject({
      entries: [{ action: 'staff-invited', subject: 'audited@example.org', actor: { kind: 'person' } }],
      next: entries[0]?.entryNumber,
    });
    expect((await verifyAudit(test.database)).faults).toEqual([]);
    const all = JSON.stringify(await test.database.read.all('SELECT * FROM audit_entries'));
    for (const secret of [PASSWORD, NEW_PASSWORD, page.cookie, page.csrfToken])
      expect(all).not.toContain(secret);
  });
});
