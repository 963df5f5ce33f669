import { testApi } from '../support/api';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { Page } from '../support/page';
import { SoftPasskey } from '../support/passkey';
import { aPerson, PASSWORD } from '../support/people';

const ORIGIN = 'https://voip.example.org';

/** What a page is given to sign in by a passkey. */
const optionsFor = async (page: Page) => (await page.post('/session/passkey/options')).body;

describe.each(DIALECTS)('passkeys on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
  });
  afterAll(() => test.drop());

  const aPage = () => new Page(api.app);
  const enter = async (response: object) => (await aPage().post('/session/passkey', { response })).status;
  const withPasskey = async () => {
    const person = await aPerson(test.database);
    const page = aPage();
    await page.signIn(person.mail, PASSWORD);
    const passkey = new SoftPasskey(ORIGIN);
    const made = passkey.make((await page.post('/me/passkeys/options')).body);
    const kept = await page.post('/me/passkeys', { name: 'telephone', response: made });
    expect([kept.status, kept.body.name]).toEqual([201, 'telephone']);
    return { person, page, passkey, made, id: kept.body.id as string };
  };

  it('sign in without a password, and are both factors', async () => {
    const { person, passkey } = await withPasskey();
    const page = aPage();
    const response = passkey.show(await optionsFor(page));
    expect((await page.post('/session/passkey', { response })).body).toEqual({ state: 'signed-in' });
    expect((await page.readToken()).body).toMatchObject({
      person: { id: person.id },
      secondFactor: { totp: false, passkeys: 1, recoveryCodesLeft: 0 },
    });
    expect((await aPage().post('/session/passkey', { response })).status).toBe(401);
  });

  it('follow a password when there is one', async () => {
    const { person, passkey } = await withPasskey();
    const page = aPage();
    const asked = await page.signIn(person.mail, PASSWORD);
    expect(asked.body).toEqual({ state: 'second-factor', methods: ['passkey'] });
    const response = passkey.show(await optionsFor(page));
    expect((await page.post('/session/passkey', { response })).status).toBe(200);
    expect((await page.get('/session')).status).toBe(200);
  });

  it('count for our pages alone, for their own challenge, and when their owner was asked', async () => {
    const { person, page, passkey, made } = await withPasskey();
    const foreign = new SoftPasskey('https://evil.example');
    const add = async (response: object) => (await page.post('/me/passkeys', { name: 'x', response })).status;
    expect(await add(foreign.make((await page.post('/me/passkeys/options')).body))).toBe(422);
    expect(await add(made)).toBe(422);
    const unasked = new SoftPasskey(ORIGIN).make((await page.post('/me/passkeys/options')).body, {
      isVerified: false,
    });
    expect(await add(unasked)).toBe(422);
    expect(await enter(passkey.show(await optionsFor(page), { isVerified: false }))).toBe(401);
    expect(await enter(passkey.show({ challenge: 'made-up' }))).toBe(401);
    expect(await enter(new SoftPasskey(ORIGIN).show(await optionsFor(page)))).toBe(401);
    const late = await optionsFor(page);
    await api.clock.advance(5 * 60_000);
    expect(await enter(passkey.show(late))).toBe(401);
    await test.database.write((sql) =>
      sql.run("UPDATE people SET state = 'blocked' WHERE id = ?", [person.id]),
    );
    expect(await enter(passkey.show(await optionsFor(page)))).toBe(401);
  });

  it('are listed and removed by their owner alone', async () => {
    const { page, passkey, id } = await withPasskey();
    const stranger = (await withPasskey()).page;
    expect((await page.get('/me/passkeys')).body.passkeys).toMatchObject([{ id, name: 'telephone' }]);
    expect((await stranger.delete(`/me/passkeys/${id}`)).status).toBe(404);
    expect((await page.delete(`/me/passkeys/${id}`)).status).toBe(200);
    const entered = aPage();
    const response = passkey.show(await optionsFor(entered));
    expect((await entered.post('/session/passkey', { response })).status).toBe(401);
  });
});
