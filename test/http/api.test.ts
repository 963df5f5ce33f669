import { roomById } from '../../src/rooms/rooms-store';
import { SilentMember } from '../support/silent-member';
import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { testApi } from '../support/api';
import { aCreditWish, anAccount, anEndedLeg } from '../support/billing-builders';
import { extendCredit } from '../../src/billing/credit/extend-credit';
import { reserveCredit } from '../../src/billing/credit/reserve-credit';
import { rateCdr } from '../../src/billing/rating/rate-cdr';
import { seedDemo, type DemoSeed } from '../../src/demo/seed-demo';
import { listen } from '../../src/http/server';
import { raiseHouseAlert } from '../../src/alerts/alerts-store';
import { openCase } from '../../src/cdr/cases-store';
import { writeCdr } from '../../src/cdr/write-cdr';
import { e164 } from '../../src/kernel/phone-number';
import { createApiKey, revokeApiKey } from '../../src/http/api-keys';

const liveCall = {
  callId: 'live-1',
  direction: 'inbound',
  fromNumber: '+3222223344',
  isWithheld: false,
  dialledNumber: '+12025550100',
  trunkId: null,
  accountId: null,
  deviceId: null,
  phase: 'talking',
  roomId: 'some-room',
  roomRole: 'speaker',
  startedAtMs: 0,
  enteredAtMs: 0,
  paidSeconds: 60,
} as const;

describe.each(DIALECTS)('the API on %s', (dialect) => {
  let test: TestDatabase;
  let seed: DemoSeed;
  let api: ReturnType<typeof testApi>;
  let admin: string;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    seed = await seedDemo(test.database, Date.UTC(2026, 0, 1), '123-voip');
    api = testApi(test.database);
    admin = await api.keyFor('admin');
  });
  afterAll(() => test.drop());

  const get = (path: string, key = admin) =>
    supertest(api.app).get(`/api/v1${path}`).set('Authorization', `Bearer ${key}`);
  const post = (path: string, body: object, key = admin, idempotencyKey: string = randomUUID()) =>
    supertest(api.app)
      .post(`/api/v1${path}`)
      .set('Authorization', `Bearer ${key}`)
      .set('Idempotency-Key', idempotencyKey)
      .send(body);

  const patch = (path: string, body: object, key = admin) =>
    supertest(api.app).patch(`/api/v1${path}`).set('Authorization', `Bearer ${key}`).send(body);

  const raw = (text: string) =>
    supertest(api.app).post('/api/v1/rooms').set('Authorization', `Bearer ${admin}`).type('json').send(text);
  const count = async (query: string): Promise<number> =>
    (await get(`/cdrs?limit=200&${query}`)).body.cdrs.length;

  async function storeLeg(n: number): Promise<void> {
    const startedAtMs = Date.UTC(2026, 0, 10) + n * 1000;
    await writeCdr(test.database, {
      cdrId: `cdr-${String(n).padStart(3, '0')}`,
      nodeId: 'test',
      nodeSequence: n,
      sipCallId: `call-${n}`,
      callId: `call-${n}`,
      direction: 'inbound',
      attempt: 1,
      fromNumber: n % 2 ? '+3222223344' : "=cmd|' /C calc'!A0",
      dialledNumber: '+12025550100',
      routedNumber: e164('+12025550100'),
      trunkId: null,
      isWithheld: false,
      callerIdentity: null,
      costDeckId: null,
      accountId: null,
      deviceId: null,
      roomId: n % 3 ? null : seed.roomId,
      roomSessionId: null,
      roomRole: null,
      payerAccountId: null,
      startedAtMs,
      ringingAtMs: null,
      answeredAtMs: startedAtMs,
      waitedMs: 0,
      chargedFromMs: null,
      endedAtMs: startedAtMs + 500,
      result: n % 2 ? 'completed' : 'wrong-pin',
      endedBy: 'caller',
      sipStatus: 200,
      hangupCause: null,
      quality: null,
    });
  }

  describe('asks who it is', () => {
    it('and answers 401 with a problem to nobody, to a made-up key, to an expired and to a revoked one', async () => {
      const expired = await api.keyFor('admin', [], api.clock.nowMs());
      const nowMs = api.clock.nowMs();
      const wanted = { label: 'gone', role: 'admin', accountId: null, scopes: [], expiresAtMs: null, nowMs };
      const { id, secret: revoked } = await createApiKey(test.database, wanted);
      await revokeApiKey(test.database, id, nowMs);
      for (const key of ['', 'v123_made-up', expired, revoked]) {
        const answer = await get('/rooms', key);
        expect([answer.status, answer.type]).toEqual([401, 'application/problem+json']);
      }
    });

    it('and lets an address that showed thirty wrong keys wait, with a right key too', async () => {
      const guessed = testApi(test.database);
      const ask = (key: string) =>
        supertest(guessed.app)
          .get('/api/v1/rooms')
          .set('Authorization', `Bearer ${key}`)
          .then((answer) => answer.status);
      for (let n = 0; n < 30; n++) expect(await ask(`v123_guess-${n}`)).toBe(401);
      expect(await ask(admin)).toBe(429);
      await guessed.clock.advance(61_000);
      expect(await ask(admin)).toBe(200);
    });

    it('and believes no address that somebody only claims to forward for', async () => {
      const guessed = testApi(test.database);
      const guess = (n: number) =>
        supertest(guessed.app)
          .get('/api/v1/rooms')
          .set('Authorization', `Bearer v123_guess-${n}`)
          .set('X-Forwarded-For', `198.51.100.${n}`)
          .then((answer) => answer.status);
      for (let n = 0; n < 30; n++) expect(await guess(n)).toBe(401);
      expect(await guess(30)).toBe(429);
    });

    it('and counts by whom a proxy of ours forwards for', async () => {
      const guessed = testApi(test.database, undefined, {}, ['127.0.0.1', '::ffff:127.0.0.1']);
      const guess = (n: number) =>
        supertest(guessed.app)
          .get('/api/v1/rooms')
          .set('Authorization', `Bearer v123_guess-${n}`)
          .set('X-Forwarded-For', `198.51.100.${n % 2}`)
          .then((answer) => answer.status);
      for (let n = 0; n < 60; n++) expect(await guess(n)).toBe(401);
      expect([await guess(60), await guess(61)]).toEqual([429, 429]);
    });

    it('and narrows a key to its scopes', async () => {
      const key = await api.keyFor('support', ['cdrs:read']);
      expect((await get('/cdrs', key)).status).toBe(200);
      expect((await get('/rooms', key)).status).toBe(403);
    });
  });

  describe('changes a room', () => {
    it('and leaves what was not named', async () => {
      const before = (await get(`/rooms/${seed.roomId}`)).body;
      const answer = await patch(`/rooms/${seed.roomId}`, { rules: { lobby: true, language: 'fr' } });
      expect([answer.status, answer.body]).toEqual([
        200,
        { ...before, rules: { ...before.rules, lobby: true, language: 'fr' } },
      ]);
      expect((await patch(`/rooms/${seed.roomId}`, { rules: before.rules })).body).toEqual(before);
    });

    it.each([
      [400, { rules: { lobbby: true } }, 'body.rules'],
      [400, { rules: { language: 'tlh' } }, 'body.rules.language'],
      [422, { rules: { maxWaitSeconds: 5 } }, 'rules.maxWaitSeconds'],
      [422, { rules: { isBroadcast: true } }, 'rules.isBroadcast'],
    ])('or answers %i to %j and names %s', async (status, body, field) => {
      const answer = await patch(`/rooms/${seed.roomId}`, body);
      expect(answer.status).toBe(status);
      expect(answer.body.detail).toContain(`${field}: `);
    });
  });

  describe('checks what it is sent', () => {
    it.each([
      ['/rooms', { name: 'x' }, 'body.ownerAccountId'],
      ['/rooms', { ownerAccountId: 'a', name: 'x', maxSeats: 1 }, 'body.maxSeats'],
      ['/accounts', { name: 'x', currency: 'euro' }, 'body.currency'],
      ['/accounts', { name: 'x', currency: 'EUR', balanceMicros: '1000000' }, 'body'],
    ])('and names the field of %s that does not fit', async (path, body, field) => {
      const answer = await post(path, body);
      expect(answer.status).toBe(400);
      expect(answer.body.faults.map((fault: { field: string }) => fault.field)).toContain(field);
    });

    it('and refuses bodies that are no JSON or too large, made-up cursors and unknown query fields', async () => {
      expect((await raw('{"a":')).status).toBe(400);
      expect((await raw(JSON.stringify({ name: 'x'.repeat(200_000) }))).status).toBe(400);
      expect((await get('/cdrs?cursor=abc')).status).toBe(400);
      expect((await get('/cdrs?acount=1')).status).toBe(400);
      expect((await get('/cdrs?limit=201')).status).toBe(400);
      expect((await get('/nothing-here')).status).toBe(404);
    });

    it('and says nothing of itself when the fault is ours', async () => {
      const broken = testApi({
        ...test.database,
        read: {
          forUpdate: '',
          all: () => Promise.reject(new Error('secret detail')),
          run: () => Promise.reject(new Error('x')),
        },
      });
      const answer = await supertest(broken.app).get('/api/v1/rooms').set('Authorization', `Bearer ${admin}`);
      expect([answer.status, JSON.stringify(answer.body)]).toEqual([
        500,
        expect.not.stringContaining('secret detail'),
      ]);
    });
  });

  describe('does a POST once', () => {
    it('and asks for an Idempotency-Key', async () => {
      const answer = await supertest(api.app)
        .post('/api/v1/accounts')
        .set('Authorization', `Bearer ${admin}`)
        .send({ name: 'x', currency: 'EUR' });
      expect([answer.status, answer.body.faults[0].field]).toEqual([400, 'Idempotency-Key']);
    });

    it('however often it is sent, and gives the first answer again', async () => {
      const key = randomUUID();
      const first = await post('/accounts', { name: 'Once', currency: 'EUR' }, admin, key);
      const second = await post('/accounts', { name: 'Once', currency: 'EUR' }, admin, key);
      expect([first.status, second.status, second.body.id]).toEqual([201, 201, first.body.id]);
      expect(second.headers['idempotency-hit']).toBe('true');
      const other = await post('/accounts', { name: 'Other', currency: 'EUR' }, admin, key);
      expect(other.status).toBe(422);
    });

    it('when fifty are sent at once', async () => {
      const key = randomUUID();
      const before = (await get(`/accounts/${seed.accountId}/balance`)).body.balance.amountMicros;
      const answers = await Promise.all(
        Array.from({ length: 50 }, () =>
          post(`/accounts/${seed.accountId}/top-ups`, { amount: '1.00', reference: key }, admin, key).then(
            (answer) => answer.status,
          ),
        ),
      );
      expect(answers.filter((status) => status !== 201 && status !== 409)).toEqual([]);
      const after = (await get(`/accounts/${seed.accountId}/balance`)).body.balance.amountMicros;
      expect(BigInt(after) - BigInt(before)).toBe(1_000_000n);
    });

    it('and does not keep the PINs it told', async () => {
      const key = randomUUID();
      const body = { ownerAccountId: seed.accountId, name: 'Secret room' };
      const first = await post('/rooms', body, admin, key);
      const second = await post('/rooms', body, admin, key);
      expect(first.body.secrets.participantPin).toMatch(/^\d{6}$/);
      expect([second.body.room.id, second.body.secrets]).toEqual([first.body.room.id, null]);
      const kept = JSON.stringify(await test.database.read.all('SELECT answer FROM api_requests'));
      expect(kept).not.toContain(first.body.secrets.participantPin);
      expect(kept).not.toContain(first.body.secrets.roomNumber);
    });
  });

  describe('shows', () => {
    beforeAll(async () => {
      for (let n = 1; n <= 25; n++) await storeLeg(n);
    });

    it('CDRs in pages that miss and repeat none', async () => {
      const seen: string[] = [];
      for (let next: string | null = ''; next !== null; ) {
        const page: { cdrs: { cdrId: string }[]; next: string | null } = (
          await get(`/cdrs?limit=10${next ? `&cursor=${next}` : ''}`)
        ).body;
        seen.push(...page.cdrs.map((cdr) => cdr.cdrId));
        next = page.next;
      }
      expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => `cdr-${String(25 - n).padStart(3, '0')}`));
    });

    it('CDRs by room, result, number and time', async () => {
      expect(await count(`room=${seed.roomId}`)).toBe(8);
      expect(await count('result=wrong-pin')).toBe(12);
      expect(await count(`number=${encodeURIComponent('+3222223344')}`)).toBe(13);
      expect(await count('from=2026-01-10T00:00:11Z&to=2026-01-10T00:00:21Z')).toBe(10);
    });

    it('numbers whole only to roles that may see them', async () => {
      const support = await api.keyFor('support');
      expect((await get('/cdrs/cdr-001')).body.fromNumber).toBe('+3222223344');
      expect((await get('/cdrs/cdr-001', support)).body.fromNumber).toBe('+32222•••44');
    });

    it('CDRs as CSV in which no caller’s number is a formula', async () => {
      const answer = await get('/cdrs.csv');
      expect(answer.type).toBe('text/csv');
      const lines = answer.text.trim().split('\n');
      expect(lines).toHaveLength(26);
      expect(answer.text).not.toMatch(/(^|,)"?=cmd/m);
    });

    it('an export whose charges are, to the micro, what the ledger posted for its legs', async () => {
      const owner = await anAccount(test.database, { credit: '50' });
      for (let n = 0; n < 25; n++) {
        const leg = anEndedLeg(owner.id, (n % 5) * 37_000, { nodeId: 'export' });
        if (n % 5 > 0) {
          const wish = aCreditWish(owner.id, { callId: leg.cdrId, startedAtMs: leg.startedAtMs });
          await reserveCredit(test.database, wish);
          await extendCredit(test.database, {
            callId: leg.cdrId,
            nowMs: leg.startedAtMs,
            untilSeconds: 300,
          });
        }
        await writeCdr(test.database, leg);
        await rateCdr(test.database, { cdrId: leg.cdrId, nowMs: leg.endedAtMs });
      }
      const [head = '', ...lines] = (await get(`/cdrs.csv?account=${owner.id}`)).text.trim().split('\n');
      const column = (name: string) =>
        lines.map((line) => line.split(',')[head.split(',').indexOf(name)] ?? '');
      const charged = column('chargeMicros').reduce((sum, micros) => sum + BigInt(micros), 0n);
      const posted = new Map<string, bigint>();
      const { entries } = (await get(`/accounts/${owner.id}/entries?limit=200`)).body;
      for (const { transactionId, amount } of entries)
        posted.set(transactionId, (posted.get(transactionId) ?? 0n) - BigInt(amount.amountMicros));
      const transactions = column('ledgerTransactionId').filter((id) => id !== '');
      expect([lines.length, transactions.length, new Set(transactions).size]).toEqual([25, 20, 20]);
      expect(transactions.reduce((sum, id) => sum + (posted.get(id) ?? 0n), 0n)).toBe(charged);
      expect(charged).toBeGreaterThan(0n);
    });

    it('rooms without their Room ID', async () => {
      const answer = await get('/rooms');
      expect(answer.body.rooms.length).toBeGreaterThan(0);
      expect(JSON.stringify(answer.body)).not.toContain(seed.roomNumber);
    });

    it('the entries of an account, its balance and a quote', async () => {
      const entries = await get(`/accounts/${seed.accountId}/entries`);
      expect(entries.body.entries.at(-1)).toMatchObject({ kind: 'top-up', amount: { text: '25.00 EUR' } });
      const quote = await get(
        `/decks/${seed.deckId}/quote?number=${encodeURIComponent('+12025550100')}&seconds=61`,
      );
      expect(quote.body).toMatchObject({
        charge: { amountMicros: '30000', text: '0.03 EUR' },
        working: { billedSeconds: 120 },
      });
      expect((await get(`/decks/${seed.deckId}/rates?limit=2`)).body.rates).toHaveLength(2);
    });

    it('what would happen to a call', async () => {
      const to = encodeURIComponent('+12025550100');
      expect((await get(`/explain?to=${to}`)).body).toMatchObject({ decision: 'menu', sipStatus: 200 });
      expect((await get(`/explain?to=${to}&source=192.0.2.1`)).body).toMatchObject({
        decision: 'refuse',
        reason: 'unknown-caller',
        sipStatus: 401,
      });
    });

    it('live calls, and ends one', async () => {
      let ended = false;
      api.liveCalls.add(liveCall, () => {
        ended = true;
      });
      expect((await get('/live/calls')).body.calls).toEqual([liveCall]);
      expect((await post('/live/calls/live-1/end', {})).body).toEqual({ ending: true });
      expect(ended).toBe(true);
      expect((await post('/live/calls/nobody/end', {})).status).toBe(404);
      api.liveCalls.add({ ...liveCall, isWithheld: true }, () => undefined);
      const seenBy = async (role: string) =>
        (await get('/live/calls', await api.keyFor(role))).body.calls[0].fromNumber;
      expect([await seenBy('admin'), await seenBy('network'), await seenBy('support')]).toEqual([
        liveCall.fromNumber,
        null,
        null,
      ]);
      api.liveCalls.delete('live-1');
    });

    it('live rooms, and acts in one with the rights of staff or of a member', async () => {
      const session = api.liveRooms.open(await roomById(test.database.read, seed.roomId));
      const told: unknown[] = [];
      for (const [memberId, role] of [
        ['anna', 'moderator'],
        ['ben', 'speaker'],
      ] as const) {
        const member = new SilentMember(memberId, told);
        session.arrive({ memberId, role, name: memberId, identity: memberId, isExpected: false }, member);
        session.joined(memberId, { heardNotice: false, joinedAs: session.flagsOf(memberId) });
      }
      const url = `/live/rooms/${seed.roomId}`;
      expect((await get('/live/rooms')).body.rooms).toMatchObject([
        {
          roomId: seed.roomId,
          members: [
            { memberId: 'anna', number: 1 },
            { memberId: 'ben', number: 2 },
          ],
        },
      ]);
      const act = async (action: object, as?: string) =>
        post(`${url}/actions`, { action, ...(as === undefined ? {} : { as }) });
      const mute = { type: 'mute-member', memberId: 'ben', on: true };
      expect((await act(mute, 'ben')).body).toMatchObject({
        status: 409,
        type: 'urn:123-voip:action-refused',
      });
      expect((await act(mute, 'anna')).body.members[1]).toMatchObject({ muted: 'moderator' });
      expect((await act({ type: 'mute-self', on: false }, 'ben')).status).toBe(409);
      expect((await act({ type: 'raise-hand', on: true }, 'ben')).body.hands).toEqual(['ben']);
      expect((await act({ type: 'give-floor' })).body).toMatchObject({
        hands: [],
        members: [{}, { muted: null }],
      });
      expect((await act({ type: 'lock' })).status).toBe(400);
      expect((await act({ type: 'dance' })).status).toBe(400);
      expect((await act({ type: 'kick', memberId: 'ben' })).status).toBe(200);
      expect(told).toContainEqual(['ben', 'part', 'kicked']);
      for (const memberId of ['anna', 'ben']) session.leave(memberId);
      expect((await get(url)).status).toBe(404);
    });

    it('answers a flood in words, with the time to wait', async () => {
      const server = await listen(testApi(test.database).app, '127.0.0.1', 0);
      const ask = () => fetch(`http://127.0.0.1:${server.port}/api/v1/nothing`);
      for (let n = 0; n < 1_200; n++) expect((await ask()).status).toBe(404);
      const refused = await ask();
      expect([refused.status, refused.headers.get('content-type')]).toEqual([
        429,
        'application/problem+json; charset=utf-8',
      ]);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      await server.close();
    });

    it('no sound of a room that is not broadcast, and does not tell whether it exists', async () => {
      expect((await get(`/live/rooms/${seed.roomId}/audio`)).status).toBe(404);
      expect((await get('/live/rooms/none/audio')).status).toBe(404);
    });

    it('alerts by kind and owner, the newest first, in pages', async () => {
      for (let n = 1; n <= 5; n++)
        await test.database.write((sql) =>
          raiseHouseAlert(sql, {
            id: `alert-${n}`,
            kind: 'cdr-gap',
            details: { count: n },
            raisedAtMs: 5 + (n >> 1),
          }),
        );
      const first = (await get('/alerts?kind=cdr-gap&limit=3')).body;
      const second = (await get(`/alerts?kind=cdr-gap&limit=3&cursor=${first.next}`)).body;
      expect([...first.alerts, ...second.alerts].map(({ id }: { id: string }) => id)).toEqual([
        'alert-5',
        'alert-4',
        'alert-3',
        'alert-2',
        'alert-1',
      ]);
      expect([first.alerts[0].details, second.next]).toEqual([{ count: 5 }, null]);
      expect((await get(`/alerts?owner=${seed.accountId}&kind=cdr-gap`)).body.alerts).toEqual([]);
    });

    it('cases, and closes one with a note and the name of who did, once', async () => {
      const facts = { oursMs: 10_000, switchMs: 12_000 };
      await test.database.write((sql) =>
        openCase(sql, { kind: 'duration', cdrId: 'cdr-x', legId: 'leg-x', facts }, 1_000),
      );
      const [found] = (await get('/cases?state=open&kind=duration&cdr=cdr-x')).body.cases;
      expect(found).toMatchObject({ legId: 'leg-x', details: facts, closedBy: null });
      expect((await post(`/cases/${found.id}/close`, { note: ' ' })).status).toBe(400);
      const closed = await post(`/cases/${found.id}/close`, { note: 'The switch’s clock was set.' });
      expect(closed.body).toMatchObject({ state: 'closed', note: 'The switch’s clock was set.' });
      expect(closed.body.closedBy).toMatch(/^admin \(/);
      expect((await post(`/cases/${found.id}/close`, { note: 'again' })).status).toBe(409);
      expect((await get('/cases?state=open')).body.cases).toEqual([]);
    });

    it('changes of live calls as they happen, after a snapshot', async () => {
      const server = await listen(api.app, '127.0.0.1', 0);
      const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/live/events`, {
        headers: { Authorization: `Bearer ${admin}` },
      });
      expect(answer.headers.get('content-type')).toBe('text/event-stream');
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      const next = async () => new TextDecoder().decode((await reader.read()).value);
      expect(await next()).toBe('event: snapshot\ndata: {"calls":[],"rooms":[]}\n\n');
      api.liveCalls.add({ ...liveCall, callId: 'live-2' }, () => undefined);
      expect(await next()).toMatch(/^event: started\ndata: .*"callId":"live-2"/);
      api.liveCalls.delete('live-2');
      expect(await next()).toMatch(/^event: ended\n/);
      await reader.cancel();
      await server.close();
    });

    it('its own description, made from the same table', async () => {
      const answer = await supertest(api.app).get('/api/v1/openapi.json');
      expect(answer.body.openapi).toBe('3.1.0');
      const described = Object.entries(answer.body.paths as Record<string, object>).flatMap(
        ([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`),
      );
      expect(described.toSorted()).toEqual(
        api.routes.map((route) => `${route.method} /api/v1${route.path}`).toSorted(),
      );
    });

    it('health by part, with 503 when one cannot work, and metrics to those who may', async () => {
      expect((await supertest(api.app).get('/api/v1/health/live')).body).toEqual({
        live: true,
        version: '1.2.3',
      });
      expect((await supertest(api.app).get('/api/v1/health/ready')).status).toBe(200);
      api.health.sip = false;
      const notReady = await supertest(api.app).get('/api/v1/health/ready');
      expect([notReady.status, notReady.body]).toEqual([
        503,
        { ready: false, parts: [{ part: 'sip', ready: false }] },
      ]);
      expect((await get('/metrics')).text).toContain('voip_live_calls 0');
    });
  });
});
