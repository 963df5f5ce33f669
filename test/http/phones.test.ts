import supertest from 'supertest';
import { createApiKey } from '../../src/http/api-keys';
import { testApi } from '../support/api';
import { anAccount, aDeck, aRateLine } from '../support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { createTrunk } from '../../src/trunks/trunks-store';
import { voipNumberOf } from '../../src/numbers/voip-numbers-store';
import { setAccountPlace } from '../../src/accounts/accounts-store';

describe.each(DIALECTS)('telephones by the API on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  let admin: string;
  let accountId: string;
  let nextKey = 1;

  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
    const wish = {
      label: 'a',
      role: 'admin',
      accountId: null,
      scopes: [],
      expiresAtMs: null,
      nowMs: api.clock.nowMs(),
    } as const;
    admin = (await createApiKey(test.database, wish)).secret;
    accountId = (await anAccount(test.database, { credit: '5' })).id;
    await test.database.write((sql) => setAccountPlace(sql, accountId, { country: 'BE' }));
  });
  afterAll(() => test.drop());

  const send = (method: 'get' | 'post' | 'patch' | 'delete', path: string, body?: object) => {
    const asked = supertest(api.app)[method](`/api/v1${path}`).set('Authorization', `Bearer ${admin}`);
    if (method === 'post') asked.set('Idempotency-Key', `key-${nextKey++}`);
    return body ? asked.send(body) : asked;
  };

  it('are added with a password that is told once, listed without it, and revoked', async () => {
    const added = await send('post', `/accounts/${accountId}/devices`, { name: 'desk' });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({ realm: '123-voip', device: { name: 'desk', state: 'active' } });
    expect(added.body.password).toMatch(/^[\w-]{24}$/);
    const listed = await send('get', `/accounts/${accountId}/devices`);
    expect(JSON.stringify(listed.body)).not.toContain(added.body.password);
    const { id } = added.body.device;
    expect((await send('get', `/devices/${id}/registrations`)).body).toEqual({ registrations: [] });
    expect((await send('delete', `/devices/${id}`)).body.state).toBe('revoked');
    expect((await send('delete', '/devices/nobody')).status).toBe(404);
  });

  it('how an account is reached is changed field by field, and what does not fit is named', async () => {
    const changed = await send('patch', `/accounts/${accountId}/call-handling`, {
      forwardBusy: '02 222 33 44',
    });
    expect(changed.body).toMatchObject({ forwardBusy: '02 222 33 44', ringSeconds: 30 });
    const refused = await send('patch', `/accounts/${accountId}/call-handling`, { ringSeconds: 1 });
    expect(refused.status).toBe(422);
    expect(JSON.stringify(refused.body)).toContain('ringSeconds');
  });

  it('explains a call: who, how much, by which trunks and why, and why not', async () => {
    const cost = await aDeck(test.database, [aRateLine({ price: '0.20' })]);
    const wish = { nowMs: api.clock.nowMs(), addresses: [] };
    const targets = [{ host: '192.0.2.1', port: 5060 }];
    await createTrunk(test.database, { ...wish, name: 'good', outward: { targets, costDeckId: cost.id } });
    await createTrunk(test.database, {
      ...wish,
      name: 'never',
      outward: { targets, blockPrefixes: ['32'] },
    });
    const from = await voipNumberOf(test.database.read, accountId);
    const { body } = await send('get', `/explain?from=${from}&to=${encodeURIComponent('02 555 01 23')}`);
    expect(body).toMatchObject({
      understoodAs: '+3225550123',
      decision: 'connect',
      sipStatus: 200,
      price: { perMinute: '0.60 EUR', firstHold: '0.60 EUR' },
      trunks: [{ trunk: 'good', by: 'cost', threeMinutes: '0.60 EUR', firstMargin: '0.40 EUR' }],
      leftOut: [{ trunk: 'never', reason: 'prefix-blocked' }],
    });
    const unpriced = await send('get', `/explain?from=${from}&to=${encodeURIComponent('+4930555001')}`);
    expect(unpriced.body).toMatchObject({ decision: 'refuse', reason: 'no-rate' });
    const help = await send('get', `/explain?from=${from}&to=112`);
    expect(help.body).toMatchObject({ destination: 'emergency', decision: 'connect', price: null });
  });
});
