import { createHmac } from 'node:crypto';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { anAccount } from '../../test/support/billing-builders';
import { iceServersFor, mustReach } from './browser-access';
import {
  BROWSER_LOGIN_MS,
  createBrowserLogin,
  createDevice,
  devicesOf,
  findDevice,
  MAX_BROWSERS_PER_ACCOUNT,
} from './devices-store';

const NOW = Date.UTC(2026, 0, 15);
const access = {
  websocketUrls: ['wss://voip.example:7443'],
  sipHost: 'voip.example',
  turn: { urls: ['turn:turn.example:3478'], secret: 'shared' },
};

describe('what a page is told', () => {
  it('has a TURN password that says when it runs out and that the TURN server can check', () => {
    const [server] = iceServersFor(access, { id: 'abc', expiresAtMs: 1_700_000_000_500 });
    const credential = createHmac('sha1', 'shared').update('1700000000:abc').digest('base64');
    expect(server).toEqual({ urls: 'turn:turn.example:3478', username: '1700000000:abc', credential });
  });

  it('is a conflict with a remedy when browsers have nowhere to connect to', () => {
    expect(() => mustReach({ ...access, websocketUrls: [] })).toThrow('set SIP_WSS_PORT or WEBSOCKET_URLS');
  });
});

describe.each(DIALECTS)('a page as a telephone on %s', (dialect) => {
  let test: TestDatabase;
  let accountId: string;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    accountId = (await anAccount(test.database, { credit: '0' })).id;
  });

  const login = (nowMs = NOW) =>
    createBrowserLogin(test.database, { accountId, realm: 'house.example', nowMs });

  it('is known by its username until its time is over, and not a moment longer', async () => {
    const { username, expiresAtMs } = await login();
    expect(expiresAtMs).toBe(NOW + BROWSER_LOGIN_MS);
    expect((await findDevice(test.database.read, username, expiresAtMs - 1))?.device.kind).toBe('browser');
    expect(await findDevice(test.database.read, username, expiresAtMs)).toBeNull();
  });

  it('takes the place of the oldest when there are too many, and none of a telephone', async () => {
    const wish = { accountId, name: 'desk', realm: 'house.example', nowMs: NOW };
    const { device } = await createDevice(test.database, wish);
    const first = await login();
    for (let made = 1; made <= MAX_BROWSERS_PER_ACCOUNT; made += 1) await login(NOW + made);
    const inUse = (await devicesOf(test.database.read, accountId, 100)).filter(
      ({ state }) => state === 'active',
    );
    expect(inUse).toHaveLength(MAX_BROWSERS_PER_ACCOUNT + 1);
    expect(inUse.map(({ id }) => id)).toContain(device.id);
    expect(inUse.map(({ id }) => id)).not.toContain(first.id);
  });
});
