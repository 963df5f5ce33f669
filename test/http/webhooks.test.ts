import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { rateCdrs } from '../../src/billing/rating/rate-cdr';
import { writeCdrs } from '../../src/cdr/write-cdr';
import { silentLog } from '../../src/kernel/log';
import { sendEvent } from '../../src/webhooks/send-event';
import { WebhookSender } from '../../src/webhooks/webhook-sender';
import { testApi } from '../support/api';
import { aCaseOfCalls } from '../support/billing-builders';
import { BillingApi } from '../support/billing-api';
import { emptyDatabase, type TestDatabase } from '../support/databases';

describe('webhooks by the API', () => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  let receiver: BillingApi;
  let sender: WebhookSender;
  const keys: Record<string, string> = {};
  beforeAll(async () => {
    test = await emptyDatabase('sqlite');
    api = testApi(test.database);
    for (const role of ['admin', 'support', 'finance']) keys[role] = await api.keyFor(role);
    receiver = await BillingApi.start();
    sender = new WebhookSender({
      database: test.database,
      clock: api.clock,
      log: silentLog,
      key: 'ab'.repeat(32),
      targets: 'any',
      send: sendEvent,
    });
  });
  afterAll(async () => {
    await sender.stop();
    await receiver.stop();
    await test.drop();
  });

  const ask = (
    method: 'get' | 'post' | 'patch' | 'delete',
    path: string,
    body: object = {},
    role = 'admin',
  ) => {
    const agent = supertest(api.app);
    const request = agent[method](`/api/v1${path}`)
      .set('Authorization', `Bearer ${keys[role] ?? ''}`)
      .set('Idempotency-Key', randomUUID());
    return method === 'get' || method === 'delete' ? request : request.send(body);
  };
  const wish = (change: object = {}) => ({ url: receiver.url, kinds: ['call.charged'], ...change });

  it('an endpoint is made with a secret that is told once, tried, paused, told of calls, and taken away', async () => {
    const made = await ask('post', '/webhook-endpoints', wish({ description: 'billing' }));
    expect([made.status, made.body.secret]).toEqual([201, expect.stringMatching(/^whsec_/)]);
    const { id } = made.body as { id: string };
    receiver.trust(made.body.secret as string);
    const listed = await ask('get', '/webhook-endpoints');
    expect(listed.body.endpoints).toMatchObject([{ id, description: 'billing', state: 'active' }]);
    expect(JSON.stringify(listed.body)).not.toContain('whsec_');

    const { eventId } = (await ask('post', `/webhook-endpoints/${id}/test`)).body as { eventId: string };
    await sender.idle();
    expect([...receiver.taken.values()]).toMatchObject([{ kind: 'endpoint.tested' }]);
    const deliveries = await ask('get', `/webhook-endpoints/${id}/deliveries?state=done`);
    expect(deliveries.body.deliveries).toMatchObject([{ eventId, attempts: 1, lastAnswer: 'answered 204' }]);

    expect((await ask('patch', `/webhook-endpoints/${id}`, { state: 'paused' })).body.state).toBe('paused');
    const legs = await aCaseOfCalls(test.database, 5);
    await writeCdrs(test.database, legs);
    await rateCdrs(test.database, { cdrIds: legs.map(({ cdrId }) => cdrId), nowMs: api.clock.nowMs() });
    await sender.idle();
    expect(receiver.taken.size).toBe(1);
    await ask('patch', `/webhook-endpoints/${id}`, { state: 'active' });
    await sender.idle();
    expect(receiver.taken.size).toBe(6);

    const before = receiver.requests;
    const replayed = await ask('post', `/webhook-endpoints/${id}/replay`, { from: '2026-01-01T00:00:00Z' });
    expect(replayed.body).toEqual({ events: 5, next: null });
    await sender.idle();
    expect([receiver.requests - before, receiver.taken.size]).toEqual([5, 6]);

    expect((await ask('delete', `/webhook-endpoints/${id}`)).body).toEqual({ id });
    expect((await ask('get', `/webhook-endpoints/${id}/deliveries`)).status).toBe(404);
  });

  it('what happened is read page by page', async () => {
    const first = await ask('get', '/events?kind=call.charged&limit=3');
    expect(first.body.events).toHaveLength(3);
    const rest = await ask('get', `/events?kind=call.charged&limit=3&cursor=${first.body.next}`);
    expect([rest.body.events.length, rest.body.next]).toEqual([2, null]);
  });

  it('a changed secret is told once, and the former one signs for a day more', async () => {
    const made = await ask('post', '/webhook-endpoints', wish());
    const { id } = made.body as { id: string };
    const rotated = await ask('post', `/webhook-endpoints/${id}/rotate-secret`);
    expect(rotated.body.secret).not.toBe(made.body.secret);
    for (const secret of [made.body.secret, rotated.body.secret]) {
      receiver.trust(secret as string);
      const { eventId } = (await ask('post', `/webhook-endpoints/${id}/test`)).body as { eventId: string };
      await sender.idle();
      expect(receiver.taken.has(eventId)).toBe(true);
    }
  });

  it.each([
    [{ url: 'ftp://shop.example/' }, 'url'],
    [{ url: 'https://ada:secret@shop.example/' }, 'url'],
    [{ kinds: [] }, 'kinds'],
    [{ kinds: ['call.whispered'] }, 'kinds'],
  ])('refuses %j and names the field', async (change, field) => {
    const refused = await ask('post', '/webhook-endpoints', wish(change));
    expect([400, 422]).toContain(refused.status);
    expect(refused.body.detail).toContain(field);
    expect(refused.text).not.toContain('secret@');
  });

  it('is for administrators alone', async () => {
    for (const role of ['support', 'finance']) {
      expect((await ask('get', '/webhook-endpoints', {}, role)).status).toBe(403);
      expect((await ask('post', '/webhook-endpoints', wish(), role)).status).toBe(403);
    }
  });
});
