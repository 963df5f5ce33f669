import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { createDevice } from '../../src/phones/devices-store';
import { createRoom } from '../../src/rooms/rooms-store';
import { writeCdr } from '../../src/cdr/write-cdr';
import { e164 } from '../../src/kernel/phone-number';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { testApi } from '../support/api';
import { anAccount, anEndedLeg } from '../support/billing-builders';

describe.each(DIALECTS)('a customer’s key on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  let ada: { accountId: string; key: string };
  let ben: { accountId: string; key: string };
  const ids = { room: '', device: '', cdr: '' };

  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
    const person = async () => {
      const accountId = (await anAccount(test.database, { credit: '5' })).id;
      return { accountId, key: await api.keyOf(accountId) };
    };
    [ada, ben] = [await person(), await person()];
    const nowMs = api.clock.nowMs();
    const made = await createRoom(test.database, {
      ownerAccountId: ada.accountId,
      name: 'Ada’s room',
      maxSeats: 5,
      nowMs,
    });
    ids.room = made.room.id;
    const { device } = await createDevice(test.database, {
      accountId: ada.accountId,
      name: 'desk',
      realm: '123-voip',
      nowMs,
    });
    ids.device = device.id;
    const leg = anEndedLeg(ada.accountId, 30_000, {
      fromNumber: '+3222223344',
      dialledNumber: e164('+12025550100'),
    });
    ids.cdr = leg.cdrId;
    await writeCdr(test.database, leg);
  });
  afterAll(() => test.drop());

  const get = (path: string, key: string) =>
    supertest(api.app).get(`/api/v1${path}`).set('Authorization', `Bearer ${key}`);
  const post = (path: string, body: object, key: string) =>
    supertest(api.app)
      .post(`/api/v1${path}`)
      .set('Authorization', `Bearer ${key}`)
      .set('Idempotency-Key', randomUUID())
      .send(body);

  it('reaches his own things, with numbers whole', async () => {
    const { accountId, key } = ada;
    for (const path of [
      `/accounts/${accountId}`,
      `/accounts/${accountId}/balance`,
      `/accounts/${accountId}/devices`,
      `/rooms?owner=${accountId}`,
      `/rooms/${ids.room}`,
      `/devices/${ids.device}/registrations`,
      `/invoices?accountId=${accountId}`,
      `/plans`,
    ])
      expect([path, (await get(path, key)).status]).toEqual([path, 200]);
    const { body } = await get(`/cdrs?account=${accountId}`, key);
    expect(body.cdrs).toMatchObject([{ cdrId: ids.cdr, fromNumber: '+3222223344' }]);
  });

  it('does not learn whether what is not his own exists: the answer is the same for what is somebody else’s and for what is not there', async () => {
    for (const path of [
      '/accounts/{id}',
      '/accounts/{id}/balance',
      '/accounts/{id}/devices',
      '/rooms?owner={id}',
      '/cdrs?account={id}',
      '/cdrs.csv?owner={id}',
      '/invoices?accountId={id}',
      '/payments?account={id}',
    ]) {
      const told = async (id: string) => {
        const { status, body } = await get(path.replace('{id}', id), ben.key);
        return [path, status, body];
      };
      const ofAda = await told(ada.accountId);
      expect(ofAda).toEqual(await told(randomUUID()));
      expect(ofAda[1]).toBe(403);
    }
    for (const [path, id] of [
      ['/rooms/{id}', ids.room],
      ['/rooms/{id}/list', ids.room],
      ['/live/rooms/{id}', ids.room],
      ['/devices/{id}/registrations', ids.device],
      ['/cdrs/{id}', ids.cdr],
    ] as const) {
      const ofAda = await get(path.replace('{id}', id), ben.key);
      const ofNobody = await get(path.replace('{id}', randomUUID()), ben.key);
      expect([path, ofAda.status, ofAda.body]).toEqual([path, 403, ofNobody.body]);
    }
  });

  it('changes nothing of others, by path or by body', async () => {
    const room = { ownerAccountId: ada.accountId, name: 'a room at her cost' };
    expect((await post('/rooms', room, ben.key)).status).toBe(403);
    expect((await post(`/rooms/${ids.room}/rotate`, {}, ben.key)).status).toBe(403);
    expect((await post(`/accounts/${ada.accountId}/devices`, { name: 'spy' }, ben.key)).status).toBe(403);
    const own = await post('/rooms', { ...room, ownerAccountId: ben.accountId }, ben.key);
    expect(own.status).toBe(201);
  });

  it('names whose things it asks for: a list of everybody’s is not open to it', async () => {
    for (const path of ['/cdrs', '/rooms', '/invoices', '/payments', '/accounts'])
      expect([path, (await get(path, ada.key)).status]).toEqual([path, 403]);
  });

  it('makes no money and sets no terms, not even for itself', async () => {
    const { accountId, key } = ada;
    const wishes: [string, object][] = [
      [`/accounts/${accountId}/top-ups`, { amount: '5', reference: 'x' }],
      [`/accounts/${accountId}/adjustments`, { amount: '5', reason: 'please' }],
      [`/accounts/${accountId}/state`, { state: 'active' }],
      [`/accounts/${accountId}/bundles`, { name: 'x', secondsPerPeriod: 60 }],
      [`/accounts/${accountId}/earnings`, { source: 'x', currency: 'EUR', amount: '5', note: 'x' }],
    ];
    for (const [path, body] of wishes)
      expect([path, (await post(path, body, key)).status]).toEqual([path, 403]);
  });

  it('may be narrowed', async () => {
    const narrow = await api.keyOf(ada.accountId, ['cdrs:read']);
    expect((await get(`/cdrs?account=${ada.accountId}`, narrow)).status).toBe(200);
    expect((await get(`/accounts/${ada.accountId}/balance`, narrow)).status).toBe(403);
  });

  it('is refused at every route that says nothing of own things', async () => {
    const others = api.routes.filter(({ own, scope }) => own === null && scope !== 'public');
    for (const { method, path } of others) {
      const request = supertest(api.app)[method](`/api/v1${path.replaceAll(/\{\w+\}/g, ada.accountId)}`);
      const { status } = await request
        .set('Authorization', `Bearer ${ada.key}`)
        .set('Idempotency-Key', randomUUID());
      expect(`${method} ${path} ${status}`).toBe(`${method} ${path} 403`);
    }
  });
});
