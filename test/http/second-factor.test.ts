import { listEntries } from '../../src/audit/audit-log';
import { totpCode } from '../../src/people/totp';
import { testApi } from '../support/api';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { Page } from '../support/page';
import { aPerson, PASSWORD, tokenIn, waitingMails } from '../support/people';

describe.each(DIALECTS)('a second factor on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
  });
  afterAll(() => test.drop());
  afterEach(() => test.database.write((sql) => sql.run('DELETE FROM sign_in_tries')));

  const codeOf = (secret: string, steps = 0) =>
    totpCode(secret, Math.floor(api.clock.nowMs() / 30_000) + steps);
  /** Somebody with an authenticator program, which has just shown its first code. */
  const withTotp = async () => {
    const person = await aPerson(test.database);
    const page = new Page(api.app);
    await page.signIn(person.mail, PASSWORD);
    const { secret, uri } = (await page.post('/me/totp')).body;
    expect(uri).toContain(`secret=${secret}`);
    const { recoveryCodes } = (await page.post('/me/totp/confirm', { code: codeOf(secret) })).body;
    return { person, page, secret, recoveryCodes: recoveryCodes as string[] };
  };
  const withPassword = async (mail: string) => {
    const page = new Page(api.app);
    return { page, answer: await page.signIn(mail, PASSWORD) };
  };

  it('is asked for after the password, and nothing is open before it is shown', async () => {
    const { person, secret } = await withTotp();
    const { page, answer } = await withPassword(person.mail);
    expect(answer.body).toEqual({ state: 'second-factor', methods: ['totp', 'recovery-code'] });
    expect((await page.get('/session')).status).toBe(401);
    expect((await page.get('/people')).status).toBe(401);
    const { cookie } = page;
    await api.clock.advance(30_000);
    const shown = await page.post('/session/second-factor', { method: 'totp', code: codeOf(secret) });
    expect(shown.body).toEqual({ state: 'signed-in' });
    expect(page.cookie).not.toBe(cookie);
    expect((await page.readToken()).body.secondFactor).toEqual({
      totp: true,
      passkeys: 0,
      recoveryCodesLeft: 10,
    });
    page.cookie = cookie;
    expect((await page.get('/session')).status).toBe(401);
  });

  it('takes each code once, also when it comes twice at once', async () => {
    const { person, secret } = await withTotp();
    const replayed = await withPassword(person.mail);
    const used = { method: 'totp', code: codeOf(secret) };
    expect((await replayed.page.post('/session/second-factor', used)).status).toBe(422);
    await api.clock.advance(60_000);
    const pages = [await withPassword(person.mail), await withPassword(person.mail)];
    const fresh = { method: 'totp', code: codeOf(secret) };
    const answers = await Promise.all(pages.map(({ page }) => page.post('/session/second-factor', fresh)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 422]);
  });

  it('can be a recovery code, once, however it is typed', async () => {
    const { person, recoveryCodes } = await withTotp();
    expect(recoveryCodes).toHaveLength(10);
    const [code = ''] = recoveryCodes;
    const enter = async (typed: string) => {
      const { page } = await withPassword(person.mail);
      const { status } = await page.post('/session/second-factor', { method: 'recovery-code', code: typed });
      return { status, page };
    };
    const first = await enter(code.toLowerCase().replaceAll('-', ' '));
    expect(first.status).toBe(200);
    expect((await enter(code)).status).toBe(422);
    expect((await first.page.readToken()).body.secondFactor.recoveryCodesLeft).toBe(9);
    const renewed = (await first.page.post('/me/recovery-codes')).body.recoveryCodes as string[];
    expect((await enter(recoveryCodes[1] ?? '')).status).toBe(422);
    expect((await enter(renewed[0] ?? '')).status).toBe(200);
    const stored = JSON.stringify([
      await test.database.read.all('SELECT * FROM recovery_codes'),
      await test.database.read.all('SELECT * FROM api_requests'),
    ]);
    for (const told of [...recoveryCodes, ...renewed]) expect(stored).not.toContain(told);
  });

  it('cannot be guessed: after five codes each waits longer', async () => {
    const { person, secret } = await withTotp();
    await api.clock.advance(60_000);
    const { page } = await withPassword(person.mail);
    const wrong = codeOf(secret) === '123456' ? '654321' : '123456';
    const statuses = [];
    for (let n = 0; n < 7; n++)
      statuses.push((await page.post('/session/second-factor', { method: 'totp', code: wrong })).status);
    expect(statuses).toEqual([422, 422, 422, 422, 422, 429, 429]);
  });

  it('is kept sealed, and is removed with the password alone', async () => {
    const { person, page, secret } = await withTotp();
    const rows = await test.database.read.all('SELECT * FROM totp_secrets WHERE person_id = ?', [person.id]);
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect((await page.post('/me/totp')).status).toBe(409);
    expect((await page.post('/me/totp/remove', { password: 'not it' })).status).toBe(422);
    expect((await page.post('/me/totp/remove', { password: PASSWORD })).status).toBe(200);
    expect((await withPassword(person.mail)).answer.body).toEqual({ state: 'signed-in' });
    expect((await page.post('/me/recovery-codes')).status).toBe(409);
    const wanted = {
      actorId: person.id,
      subject: null,
      action: null,
      fromMs: null,
      untilMs: null,
      before: null,
    };
    const actions = (await listEntries(test.database.read, { ...wanted, limit: 20 })).map(
      ({ action }) => action,
    );
    expect(actions).toEqual(expect.arrayContaining(['totp-added', 'totp-removed']));
  });

  it('stays when the password is set anew by mail', async () => {
    const { person } = await withTotp();
    await new Page(api.app).post('/password-resets', { mail: person.mail });
    const token = tokenIn((await waitingMails(test.database, api.clock)).at(-1));
    const newPassword = 'purple ladder under the sea';
    expect((await new Page(api.app).post('/password-resets/confirm', { token, newPassword })).status).toBe(
      200,
    );
    const answer = await new Page(api.app).signIn(person.mail, newPassword);
    expect(answer.body.state).toBe('second-factor');
  });
});
