import { listEntries } from '../../src/audit/audit-log';
import { totpCode } from '../../src/people/totp';
import { testApi } from '../support/api';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { OidcProvider } from '../support/oidc-provider';
import { Page } from '../support/page';
import { aPerson, PASSWORD, tokenIn, waitingMails } from '../support/people';

let serial = 0;

const settings = (issuer: string) => ({
  OIDC_PROVIDERS: JSON.stringify([
    { id: 'acme', label: 'Acme', issuer, clientId: 'our-client' },
    { id: 'told', label: 'Told', issuer, clientId: 'our-client', tokenEndpoint: `${issuer}/token` },
  ]),
  OIDC_CLIENT_SECRETS: JSON.stringify({ acme: 'a-client-secret', told: 'a-client-secret' }),
});

const comeBack = async (page: Page, { search }: { search: string }): Promise<string> => {
  const answer = await page.get(`/sign-in/acme/callback${search}`);
  expect(answer.status).toBe(302);
  expect(answer.headers['cache-control']).toBe('no-store');
  return answer.headers.location ?? '';
};

const problemOf = (address: string) =>
  new URL(address, 'https://voip.example.org').searchParams.get('problem');

const ticketOf = (address: string) => new URLSearchParams(address.split('#')[1]).get('ticket') ?? '';

/** Every page of a refused one stays outside. */
const refused = async (page: Page, address: string) => {
  expect((await page.get('/session')).status).toBe(401);
  return problemOf(address);
};

const seconds = () => Math.floor(Date.now() / 1000);

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** What somebody writes who signs up. */
const sheet = (mail: string, ticket: string) => ({
  name: 'Ada Lovelace',
  birthDate: '1990-12-10',
  country: 'BE',
  language: 'en',
  phone: '+3222223344',
  mail,
  password: PASSWORD,
  policies: [],
  cookies: { analysis: false },
  ticket,
});

describe.each(DIALECTS)('signing in by a provider on %s', (dialect) => {
  const provider = new OidcProvider('our-client', 'a-client-secret');
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    await provider.start();
  });
  beforeEach(() => {
    provider.alg = 'RS256';
    provider.lies = {};
    provider.tamper = (token) => token;
    provider.isSparing = false;
    provider.describes = {};
    api = testApi(test.database, undefined, settings(provider.issuer));
  });
  afterEach(() => test.database.write((sql) => sql.run('DELETE FROM sign_in_tries')));
  afterAll(async () => {
    await provider.stop();
    await test.drop();
  });

  /** A new subject of the provider, who says yes there. */
  const atProvider = (mail: string, verified: boolean | string = true) => {
    provider.at = { sub: `subject ${serial++}`, email: mail, email_verified: verified, name: 'Ada L.' };
    return provider.at;
  };
  /** Goes to the provider, and gives the query that he comes back with. */
  const goThere = async (page: Page): Promise<URL> => {
    const sent = await page.get('/sign-in/acme');
    expect(sent.status).toBe(302);
    return provider.visit(sent.headers.location ?? '');
  };
  /** There and back; gives where he ends. */
  const there = async (page = new Page(api.app)) => comeBack(page, await goThere(page));
  const signedIn = async (mail: string) => {
    const page = new Page(api.app);
    await page.signIn(mail, PASSWORD);
    return page;
  };
  /** Somebody whose identity at the provider is linked. */
  const linked = async () => {
    const person = await aPerson(test.database);
    const at = atProvider('somebody@elsewhere.example');
    const page = await signedIn(person.mail);
    const { url } = (await page.post('/me/links/acme')).body;
    expect(await comeBack(page, await provider.visit(url))).toBe('/security?linked=acme');
    return { person, page, at };
  };
  const actionsOf = async (personId: string) => {
    const wanted = { actorId: null, subject: personId, action: null, fromMs: null, untilMs: null };
    const found = await listEntries(test.database.read, { ...wanted, before: null, limit: 50 });
    return found.map(({ action, facts }) => ({ action, facts }));
  };

  it('signs in whom the identity is linked to, by RS256 and ES256', async () => {
    const { person } = await linked();
    expect((await new Page(api.app).get('/sign-in-providers')).body).toEqual({
      providers: [
        { id: 'acme', label: 'Acme' },
        { id: 'told', label: 'Told' },
      ],
    });
    for (const alg of ['RS256', 'ES256'] as const) {
      provider.alg = alg;
      const page = new Page(api.app);
      expect(await there(page)).toBe('/');
      expect(page.flow).toBeNull();
      expect((await page.readToken()).body.person.id).toBe(person.id);
    }
    expect(await actionsOf(person.id)).toContainEqual({
      action: 'signed-in',
      facts: expect.objectContaining({ by: 'provider acme' }),
    });
  });

  it('takes mail and name from the user info, when the ID token has none', async () => {
    provider.isSparing = true;
    atProvider('sparing@example.org');
    const address = await there();
    const given = new URLSearchParams(address.split('#')[1]);
    expect(address.split('#')[0]).toBe('/sign-up?provider=acme');
    expect([given.get('mail'), given.get('name')]).toEqual(['sparing@example.org', 'Ada L.']);
  });

  it('shows its secret as a provider wants it, and asks where the settings say when the provider does not', async () => {
    await linked();
    for (const [id, describes] of [
      ['told', { token_endpoint: undefined }],
      ['acme', { token_endpoint_auth_methods_supported: ['client_secret_basic'] }],
    ] as const) {
      provider.describes = describes;
      const { app } = testApi(test.database, undefined, settings(provider.issuer));
      const page = new Page(app);
      const sent = await page.get(`/sign-in/${id}`);
      const { search } = await provider.visit(sent.headers.location ?? '');
      expect((await page.get(`/sign-in/${id}/callback${search}`)).headers.location).toBe('/');
    }
  });

  it('asks a provider what it is once for all who come at once, and leaves one that is away alone for ten seconds', async () => {
    const sentTo = async () => (await new Page(api.app).get('/sign-in/acme')).headers.location ?? '';
    provider.isAway = true;
    provider.asked = 0;
    await Promise.all([sentTo(), sentTo(), sentTo()]);
    expect(problemOf(await sentTo())).toBe('provider-unreachable');
    expect(provider.asked).toBe(1);
    provider.isAway = false;
    expect(problemOf(await sentTo())).toBe('provider-unreachable');
    const page = await signedIn((await aPerson(test.database)).mail);
    const refused = await page.post('/me/links/acme');
    expect([refused.status, refused.body.detail]).toEqual([503, expect.stringContaining('try again')]);
    await api.clock.advance(10_000);
    const there = await Promise.all([sentTo(), sentTo(), sentTo()]);
    expect(there.filter((url) => url.startsWith(`${provider.issuer}/authorize?`))).toHaveLength(3);
    expect(provider.asked).toBe(2);
  });

  describe('refuses', () => {
    it('another state, and one who comes with another browser', async () => {
      await linked();
      const page = new Page(api.app);
      const back = await goThere(page);
      const other = new URL(back);
      other.searchParams.set('state', 'ab'.repeat(32));
      const stranger = new Page(api.app);
      expect(await refused(stranger, await comeBack(stranger, back))).toBe('expired');
      expect(await refused(page, await comeBack(page, other))).toBe('expired');
    });

    it('one who comes twice, also at once', async () => {
      await linked();
      const page = new Page(api.app);
      const back = await goThere(page);
      const { flow } = page;
      const again = new Page(api.app);
      again.flow = flow;
      const ends = await Promise.all([comeBack(page, back), comeBack(again, back)]);
      expect(ends.map((end) => problemOf(end) ?? end)).toEqual(expect.arrayContaining(['expired', '/']));
    });

    it('one who takes longer than ten minutes, or whose cookie is of the way to another provider, or not ours', async () => {
      await linked();
      const page = new Page(api.app);
      const back = await goThere(page);
      await api.clock.advance(10 * 60_000);
      expect(await refused(page, await comeBack(page, back))).toBe('expired');
      const sent = await page.get('/sign-in/told');
      const other = await provider.visit(sent.headers.location ?? '');
      expect(await refused(page, await comeBack(page, other))).toBe('expired');
      page.flow = '1.AAAA';
      expect(await refused(page, await comeBack(page, back))).toBe('expired');
    });

    it('a code that was used in another way', async () => {
      await linked();
      const first = await goThere(new Page(api.app));
      const page = new Page(api.app);
      const mixed = await goThere(page);
      mixed.searchParams.set('code', first.searchParams.get('code') ?? '');
      expect(await refused(page, await comeBack(page, mixed))).toBe('not-proven');
    });

    it.each([
      ['another nonce', () => ({ nonce: 'another' })],
      ['another audience', () => ({ aud: 'another client' })],
      ['another issuer', () => ({ iss: 'https://elsewhere.example' })],
      ['no life left', () => ({ iat: seconds() - 600, exp: seconds() - 300 })],
      ['no subject', () => ({ sub: '' })],
    ])('an ID token with %s', async (_, lies) => {
      await linked();
      provider.lies = lies();
      const page = new Page(api.app);
      expect(await refused(page, await there(page))).toBe('not-proven');
    });

    it('an ID token that was changed after it was signed, or is not signed', async () => {
      const { person } = await linked();
      const victim = provider.at?.sub;
      atProvider('attacker@example.org');
      const changed = (token: string) => {
        const [head = '', body = '', signature = ''] = token.split('.');
        const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
        return { head, body: encoded({ ...claims, sub: victim }), signature };
      };
      provider.tamper = (token) => Object.values(changed(token)).join('.');
      const page = new Page(api.app);
      expect(await refused(page, await there(page))).toBe('not-proven');
      provider.tamper = (token) => `${encoded({ alg: 'none' })}.${changed(token).body}.`;
      expect(await refused(page, await there(page))).toBe('not-proven');
      expect((await actionsOf(person.id)).filter(({ facts }) => facts.by === 'provider acme')).toEqual([]);
    });

    it('one who said no at the provider, a provider that is not there, and one that is away', async () => {
      const page = new Page(api.app);
      provider.at = null;
      expect(await refused(page, await there(page))).toBe('provider-refused');
      const unknown = await page.get('/sign-in/nobody');
      expect(unknown.headers.location).toBe('/sign-in?problem=unknown-provider&provider=nobody');
      const away = testApi(test.database, undefined, settings('http://127.0.0.1:9'));
      const answer = await new Page(away.app).get('/sign-in/acme');
      expect(answer.headers.location).toBe('/sign-in?problem=provider-unreachable&provider=acme');
    });

    it('somebody who is blocked, in the audit log too', async () => {
      const { person } = await linked();
      await test.database.write((sql) =>
        sql.run("UPDATE people SET state = 'blocked' WHERE id = ?", [person.id]),
      );
      const page = new Page(api.app);
      expect(await refused(page, await there(page))).toBe('not-allowed');
      expect((await actionsOf(person.id)).map(({ action }) => action)).toContain('sign-in-refused');
    });

    it('an unlinked one whose mail address the provider does not vouch for', async () => {
      const { mail } = await aPerson(test.database);
      for (const verified of [false, 'false', 'yes']) {
        atProvider(mail, verified);
        const page = new Page(api.app);
        expect(await refused(page, await there(page))).toBe('mail-not-verified');
      }
      provider.at = { sub: 'without mail' };
      const page = new Page(api.app);
      expect(await refused(page, await there(page))).toBe('mail-not-verified');
    });
  });

  it('asks for the second factor of whoever has one', async () => {
    const { person, page } = await linked();
    const { secret } = (await page.post('/me/totp')).body;
    const code = () => totpCode(secret, Math.floor(api.clock.nowMs() / 30_000));
    await page.post('/me/totp/confirm', { code: code() });
    const other = new Page(api.app);
    expect(await there(other)).toBe('/sign-in?secondFactor=totp,recovery-code');
    expect((await other.get('/session')).status).toBe(401);
    await api.clock.advance(60_000);
    await other.post('/session/second-factor', { method: 'totp', code: code() });
    expect((await other.readToken()).body.person.id).toBe(person.id);
  });

  describe('links', () => {
    it('nothing to a mail address that is somebody’s, until he has signed in and confirmed it', async () => {
      const [owner, other] = [await aPerson(test.database), await aPerson(test.database)];
      atProvider(owner.mail.toUpperCase());
      const page = new Page(api.app);
      const address = await there(page);
      expect(problemOf(address)).toBe('confirm-link');
      expect((await page.get('/session')).status).toBe(401);
      const ticket = ticketOf(address);
      expect((await page.post('/me/links', { ticket })).status).toBe(401);
      const stranger = await signedIn(other.mail);
      expect((await stranger.post('/me/links', { ticket })).status).toBe(422);
      const own = await signedIn(owner.mail);
      expect((await own.post('/me/links', { ticket: `${ticket.slice(0, -2)}AA` })).status).toBe(422);
      expect(problemOf(await there())).toBe('confirm-link');
      expect((await own.post('/me/links', { ticket })).status).toBe(200);
      expect((await own.post('/me/links', { ticket })).status).toBe(200);
      expect((await own.get('/me/links')).body.links).toEqual([
        expect.objectContaining({ provider: 'acme', label: 'Acme', mail: owner.mail, usedAtMs: null }),
      ]);
      expect(await there()).toBe('/');
      const told = (await waitingMails(test.database, api.clock)).filter(({ to }) => to === owner.mail);
      expect(told.map(({ subject }) => subject)).toEqual(['Another way to sign in']);
    });

    it('nothing by a ticket that is an hour old', async () => {
      const owner = await aPerson(test.database);
      atProvider(owner.mail);
      const ticket = ticketOf(await there());
      await api.clock.advance(3_600_000);
      expect((await (await signedIn(owner.mail)).post('/me/links', { ticket })).status).toBe(422);
    });

    it('to whoever is signed in when he comes back, and to nobody else', async () => {
      const person = await aPerson(test.database);
      atProvider('elsewhere@example.org', false);
      const page = await signedIn(person.mail);
      const { url } = (await page.post('/me/links/acme')).body;
      const back = await provider.visit(url);
      const { cookie } = page;
      page.cookie = (await signedIn((await aPerson(test.database)).mail)).cookie;
      expect(problemOf(await comeBack(page, back))).toBe('signed-out');
      page.cookie = cookie;
      const again = (await page.post('/me/links/acme')).body.url;
      expect(await comeBack(page, await provider.visit(again))).toBe('/security?linked=acme');
      page.csrfToken = 'of another page';
      expect((await page.post('/me/links/acme')).status).toBe(403);
      expect((await page.post('/me/links/nobody')).status).toBe(403);
    });

    it('one identity to one person', async () => {
      await linked();
      const page = await signedIn((await aPerson(test.database)).mail);
      const { url } = (await page.post('/me/links/acme')).body;
      expect(problemOf(await comeBack(page, await provider.visit(url)))).toBe('linked-elsewhere');
      expect((await page.get('/me/links')).body.links).toEqual([]);
    });

    it('until they are removed, by their owner alone', async () => {
      const { person, page } = await linked();
      const [link] = (await page.get('/me/links')).body.links;
      const stranger = await signedIn((await aPerson(test.database)).mail);
      expect((await stranger.delete(`/me/links/${link.id}`)).status).toBe(404);
      expect((await page.delete(`/me/links/${link.id}`)).status).toBe(200);
      expect((await there()).split('#')[0]).toBe('/sign-up?provider=acme');
      expect((await actionsOf(person.id)).map(({ action }) => action)).toEqual(
        expect.arrayContaining(['link-added', 'link-removed']),
      );
    });
  });

  describe('signs up somebody new', () => {
    it('who signs in by the provider from then on, once his mail address is confirmed', async () => {
      const mail = `new.${serial}@example.org`;
      atProvider(mail);
      const page = new Page(api.app);
      const ticket = ticketOf(await there(page));
      expect((await page.get('/session')).status).toBe(401);
      const other = await page.post('/sign-ups', sheet('other@example.org', ticket));
      expect(other.status).toBe(422);
      expect(other.body.faults).toMatchObject([{ field: 'mail' }]);
      expect((await page.post('/sign-ups', sheet(mail, 'no ticket'))).status).toBe(422);
      expect((await page.post('/sign-ups', sheet(mail, ticket))).status).toBe(200);
      expect((await there()).split('?')[0]).toBe('/sign-up');
      const token = tokenIn((await waitingMails(test.database, api.clock)).find(({ to }) => to === mail));
      expect((await page.post('/sign-ups/confirm-mail', { token })).status).toBe(200);
      const { id } = (await page.readToken()).body.person;
      const again = new Page(api.app);
      expect(await there(again)).toBe('/');
      expect((await again.readToken()).body.person.id).toBe(id);
      expect((await actionsOf(id)).map(({ action }) => action)).toEqual(
        expect.arrayContaining(['signed-up', 'link-added']),
      );
    });
  });

  it('keeps neither subject nor secret of a way as it is', async () => {
    const { at } = await linked();
    const page = new Page(api.app);
    const back = await goThere(page);
    const { flow } = page;
    await comeBack(page, back);
    const kept = JSON.stringify([
      await test.database.read.all('SELECT * FROM person_links'),
      await test.database.read.all('SELECT * FROM spent_sign_ins'),
      await test.database.read.all('SELECT * FROM api_requests'),
      await test.database.read.all('SELECT * FROM audit_entries'),
    ]);
    for (const secret of [at.sub, flow ?? '', back.searchParams.get('state') ?? ''])
      expect(kept).not.toContain(secret);
  });
});
