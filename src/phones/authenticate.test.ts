import { createHash } from 'node:crypto';
import { anAccount, START_MS } from '../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { FakeClock } from '../../test/support/fake-clock';
import { Conflict } from '../kernel/app-error';
import { Authenticator, type Identified } from './authenticate';
import { changeHandling, DEFAULT_HANDLING, readHandling } from './call-handling';
import { createDevice, MAX_DEVICES_PER_ACCOUNT, type NewDevice, revokeDevice } from './devices-store';
import { readRegister } from './read-register';
import { bindingsOf, storeRegister } from './registrations-store';

const REALM = 'voip.example';
const HOME = '192.0.2.7';
const ELSEWHERE = '198.51.100.9';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const nonceOf = (answer: Identified<string>) =>
  /nonce="([^"]+)"/.exec(answer.kind === 'challenge' ? (answer.headers[0] ?? '') : '')?.[1] ?? '';

describe.each(DIALECTS)('telephones on %s', (dialect) => {
  let test: TestDatabase;
  let clock: FakeClock;
  let accountId: string;
  let phone: NewDevice;
  let authenticator: Authenticator<string>;

  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    clock = new FakeClock(START_MS);
    accountId = (await anAccount(test.database, { credit: '0' })).id;
    phone = await createDevice(test.database, { accountId, name: 'desk', realm: REALM, nowMs: START_MS });
    authenticator = anAuthenticator();
    await test.database.write((sql) => sql.run('DELETE FROM sip_failures'));
  });

  const anAuthenticator = () =>
    new Authenticator<string>({
      database: test.database,
      clock,
      log: silent,
      realm: REALM,
      otherNames: async () => null,
    });
  const ask = (authorization: string, address = HOME) =>
    authenticator.identify({ method: 'REGISTER', authorization, address, userAgent: '' });
  const authorization = (
    nonce: string,
    change: { password?: string; username?: string; nc?: string } = {},
  ) => {
    const { username = phone.device.username, password = phone.password, nc = '00000001' } = change;
    const uri = `sip:${REALM}`;
    const response = sha256(
      [sha256(`${username}:${REALM}:${password}`), nonce, nc, 'c', 'auth', sha256(`REGISTER:${uri}`)].join(
        ':',
      ),
    );
    return `Digest username="${username}", realm="${REALM}", nonce="${nonce}", uri="${uri}", algorithm=SHA-256, qop=auth, nc=${nc}, cnonce="c", response="${response}"`;
  };
  const guess = async (address: string, username = phone.device.username) => {
    const nonce = nonceOf(await ask('', address));
    return (await ask(authorization(nonce, { username, password: 'wrong' }), address)).kind;
  };
  const signIn = async (address = HOME) => ask(authorization(nonceOf(await ask('', address))), address);

  it('are known by their password, whichever node challenged them', async () => {
    const nonce = nonceOf(await ask(''));
    authenticator = anAuthenticator();
    expect(await ask(authorization(nonce))).toEqual({ kind: 'device', device: phone.device });
  });

  it('may use a nonce again with the next count, and never twice with one', async () => {
    const nonce = nonceOf(await ask(''));
    expect((await ask(authorization(nonce))).kind).toBe('device');
    const again = await ask(authorization(nonce));
    expect(again).toMatchObject({
      kind: 'challenge',
      headers: [expect.stringContaining('stale=true'), expect.anything()],
    });
    authenticator = anAuthenticator();
    expect((await ask(authorization(nonce))).kind).toBe('challenge');
    expect((await ask(authorization(nonce, { nc: '00000002' }))).kind).toBe('device');
  });

  it('are asked again when they waited too long, without a failure', async () => {
    const nonce = nonceOf(await ask(''));
    await clock.advance(121_000);
    expect(await ask(authorization(nonce))).toMatchObject({
      kind: 'challenge',
      headers: [expect.stringContaining('stale=true'), expect.anything()],
    });
  });

  it('hear the same for a name that exists and one that does not, until they are blocked alike', async () => {
    const known: string[] = [];
    const unknown: string[] = [];
    for (let n = 0; n < 9; n++) {
      known.push(await guess('203.0.113.1'));
      unknown.push(await guess('203.0.113.2', 'p000000000'));
    }
    expect(known).toEqual([...Array.from({ length: 8 }, () => 'challenge'), 'blocked']);
    expect(unknown).toEqual(known);
  });

  it('are blocked by name too when many addresses guess, but for where their owner has been', async () => {
    expect((await signIn(HOME)).kind).toBe('device');
    for (let n = 0; n < 8; n++) await guess(`203.0.113.${10 + n}`);
    expect((await signIn(ELSEWHERE)).kind).toBe('blocked');
    expect((await signIn(HOME)).kind).toBe('device');
    const alerts = await test.database.read.all("SELECT id FROM alerts WHERE kind = 'sip-guesses-blocked'");
    expect(alerts.length).toBeGreaterThan(0);
  });

  it('are known where the owner has been, though somebody else scans from there', async () => {
    expect((await signIn(HOME)).kind).toBe('device');
    authenticator = anAuthenticator();
    for (let n = 0; n < 60; n++) await ask('', HOME);
    expect((await signIn(HOME)).kind).toBe('device');
    for (let n = 0; n < 60; n++) await ask('', ELSEWHERE);
    expect((await ask('', ELSEWHERE)).kind).toBe('blocked');
  });

  it('that were revoked are strangers, and ring no more', async () => {
    const contact = `<sip:${phone.device.username}@${HOME}>`;
    const headers = {
      contact,
      expires: '60',
      callId: 'a',
      cseq: '1 REGISTER',
      path: '',
      userAgent: '',
      receivedFrom: '',
    };
    await storeRegister(test.database, phone.device.id, readRegister(headers), START_MS);
    expect(await bindingsOf(test.database.read, accountId, START_MS)).toHaveLength(1);
    expect(await bindingsOf(test.database.read, accountId, START_MS + 60_000)).toHaveLength(0);
    await revokeDevice(test.database, phone.device.id);
    expect(await bindingsOf(test.database.read, accountId, START_MS)).toHaveLength(0);
    expect((await signIn()).kind).toBe('challenge');
  });

  it('are at most twenty of one account, also when two are added at once', async () => {
    const wish = { accountId, name: 'more', realm: REALM, nowMs: START_MS };
    const results = await Promise.allSettled(
      Array.from({ length: MAX_DEVICES_PER_ACCOUNT }, () => createDevice(test.database, wish)),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]?.reason).toBeInstanceOf(Conflict);
  });

  it('leave no password in the database', async () => {
    const rows = await test.database.read.all('SELECT * FROM devices');
    expect(JSON.stringify(rows)).not.toContain(phone.password);
  });

  it('reach an account as its owner wishes', async () => {
    expect(await readHandling(test.database.read, accountId)).toEqual(DEFAULT_HANDLING);
    const change = (wish: Parameters<typeof changeHandling>[2]) =>
      test.database.write((sql) => changeHandling(sql, accountId, wish, START_MS));
    await change({ forwardBusy: '02 222 33 44', ringSeconds: 20 });
    await change({ doNotDisturb: true });
    expect(await readHandling(test.database.read, accountId)).toEqual({
      ...DEFAULT_HANDLING,
      doNotDisturb: true,
      ringSeconds: 20,
      forwardBusy: '02 222 33 44',
    });
    await expect(change({ ringSeconds: 4 })).rejects.toThrow('ringSeconds');
    await expect(change({ forwardBusy: 'sip:a@b' })).rejects.toThrow('forwardBusy');
    await expect(change({ voicemailTo: 'a@b\r\nBcc: c@d' })).rejects.toThrow('voicemailTo');
  });
});
