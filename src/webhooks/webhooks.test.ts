import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { FakeClock } from '../../test/support/fake-clock';
import { silentLog } from '../kernel/log';
import { deliverAgain, listDeliveries } from './deliveries-store';
import { endpointSecret, signatureOf } from './endpoint-secret';
import {
  deleteEndpoint,
  type Endpoint,
  insertEndpoint,
  rotateSecret,
  updateEndpoint,
} from './endpoints-store';
import type { EventKind, NewEvent } from './event';
import { forgetOldEvents, listEvents } from './events-store';
import { recordEvents } from './record-events';
import type { Message } from './send-event';
import { retryAfterMs, WebhookSender } from './webhook-sender';

const KEY = '0123456789abcdef'.repeat(4);
const DAY_MS = 86_400_000;

const charged = (cdrId: string, micros = 1): NewEvent => ({
  kind: 'call.charged',
  objectKey: `cdr:${cdrId}`,
  accountId: 'ada',
  facts: { cdrId, chargeMicros: String(micros) },
});
const cdrOf = (body: string) => (JSON.parse(body) as { facts: { cdrId: string } }).facts.cdrId;

describe.each(DIALECTS)('webhooks on %s', (dialect) => {
  let test: TestDatabase;
  let clock: FakeClock;
  let sent: Message[];
  let answer: (message: Message) => number | Error;
  const senders: WebhookSender[] = [];
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    clock = new FakeClock();
    sent = [];
    answer = () => 200;
    await test.database.write(async (sql) => {
      for (const table of ['webhook_endpoints', 'webhook_events', 'webhook_deliveries'])
        await sql.run(`DELETE FROM ${table}`);
    });
  });
  afterEach(() => Promise.all(senders.splice(0).map((sender) => sender.stop())));

  function sender(): WebhookSender {
    const made = new WebhookSender({
      database: test.database,
      clock,
      log: silentLog,
      key: KEY,
      targets: 'any',
      send: async (message) => {
        sent.push(message);
        const given = answer(message);
        if (given instanceof Error) throw given;
        return given;
      },
    });
    senders.push(made);
    return made;
  }
  async function endpoint(id: string, kinds: readonly EventKind[] = ['call.charged']): Promise<Endpoint> {
    const made: Endpoint = {
      id,
      url: `http://${id}.example/hook`,
      description: '',
      kinds,
      state: 'active',
      secretNumber: 1,
      formerSecretUntilMs: 0,
      createdAtMs: clock.nowMs(),
    };
    await test.database.write((sql) => insertEndpoint(sql, made));
    return made;
  }
  const record = (...events: NewEvent[]) =>
    test.database.write((sql) => recordEvents(sql, events, clock.nowMs()));
  const bodies = () => sent.map(({ url, body }) => `${new URL(url).hostname} ${cdrOf(body)}`);
  const deliveries = (endpointId: string) =>
    listDeliveries(test.database.read, { endpointId, state: null, beforeId: null, limit: 50 });

  it('tell everybody who wants a kind, once, with a signature that the receiver can check', async () => {
    await endpoint('a');
    await endpoint('b');
    await endpoint('c', ['invoice.issued']);
    await record(charged('one'));
    const running = sender();
    await running.idle();
    await running.idle();
    expect(bodies().toSorted()).toEqual(['a.example one', 'b.example one']);
    const [message] = sent.filter(({ url }) => url.includes('//a.'));
    const { 'webhook-id': id = '', 'webhook-timestamp': seconds } = message?.headers ?? {};
    expect(message?.headers).toMatchObject({
      'idempotency-key': id,
      'webhook-timestamp': String(clock.nowMs() / 1_000),
      'webhook-signature': signatureOf(endpointSecret(KEY, 'a', 1), {
        id,
        seconds: Number(seconds),
        body: message?.body ?? '',
      }),
    });
    expect(await deliveries('a')).toMatchObject([{ state: 'done', attempts: 1, lastAnswer: 'answered 200' }]);
  });

  it('say nothing of what was rolled back', async () => {
    await endpoint('a');
    const failing = test.database.write(async (sql) => {
      await recordEvents(sql, [charged('one')], clock.nowMs());
      throw new Error('power cut');
    });
    await expect(failing).rejects.toThrow('power cut');
    await sender().idle();
    expect(sent).toEqual([]);
  });

  it('keep calls only while somebody wants them, and other things for those who come later', async () => {
    await record(charged('one'), { ...charged('two'), kind: 'invoice.issued' });
    const kept = await listEvents(test.database.read, { afterId: null, fromMs: 0, kinds: [], limit: 9 });
    expect(kept.map(({ kind }) => kind)).toEqual(['invoice.issued']);
  });

  it('come in order for each thing, and one that is not taken keeps nothing else waiting', async () => {
    await endpoint('a', ['call.charged', 'call.corrected']);
    let isDown = true;
    answer = ({ body }) => (isDown && cdrOf(body) === 'one' ? 503 : 204);
    await record(charged('one'), charged('two'));
    await record({ ...charged('one'), kind: 'call.corrected' });
    const running = sender();
    await running.idle();
    expect(bodies().toSorted()).toEqual(['a.example one', 'a.example two']);
    isDown = false;
    await clock.advance(retryAfterMs(1));
    await running.idle();
    expect(sent.slice(2).map(({ body }) => (JSON.parse(body) as { kind: string }).kind)).toEqual([
      'call.charged',
      'call.corrected',
    ]);
  });

  it('are repeated with the same bytes and the same key when an answer is lost', async () => {
    await endpoint('a');
    await record(charged('one'));
    answer = () => new Error('socket hang up');
    const running = sender();
    await running.idle();
    answer = () => 200;
    await clock.advance(retryAfterMs(1));
    await running.idle();
    expect(sent).toHaveLength(2);
    expect(sent[1]?.body).toBe(sent[0]?.body);
    expect(sent[1]?.headers['idempotency-key']).toBe(sent[0]?.headers['idempotency-key']);
  });

  it('are tried for three days, later each time, then dead until somebody has them sent again', async () => {
    const made = await endpoint('a');
    await record(charged('one'));
    answer = () => 500;
    const running = sender();
    for (let hour = 0; hour <= 73; hour++) {
      await running.idle();
      await clock.advance(3_600_000);
    }
    expect(await deliveries('a')).toMatchObject([{ state: 'dead', lastAnswer: 'answered 500' }]);
    expect(sent.length).toBeGreaterThan(10);
    expect(sent.length).toBeLessThan(30);
    answer = () => 200;
    const [event] = await listEvents(test.database.read, { afterId: null, fromMs: 0, kinds: [], limit: 9 });
    if (!event) throw new Error('no event');
    await test.database.write((sql) => deliverAgain(sql, { endpointId: made.id, event }, clock.nowMs()));
    await running.idle();
    expect(await deliveries('a')).toMatchObject([{ state: 'done' }]);
  });

  it('that are dead let the next of the same thing go', async () => {
    await endpoint('a');
    let isDown = true;
    answer = () => (isDown ? 500 : 200);
    await record(charged('one', 1));
    await clock.advance(1);
    await record(charged('one', 2));
    const running = sender();
    await clock.advance(3 * DAY_MS - 2);
    await running.idle();
    isDown = false;
    await test.database.write((sql) =>
      sql.run('UPDATE webhook_deliveries SET state = ? WHERE attempts > 0', ['dead']),
    );
    await running.idle();
    expect(JSON.parse(sent.at(-1)?.body ?? '{}')).toMatchObject({ facts: { chargeMicros: '2' } });
  });

  it('are sent by one of several nodes', async () => {
    await endpoint('a');
    await record(...Array.from({ length: 60 }, (_, n) => charged(`call ${n}`)));
    const nodes = Array.from({ length: 4 }, () => sender());
    await Promise.all(nodes.map((node) => node.idle()));
    await Promise.all(nodes.map((node) => node.idle()));
    expect(new Set(bodies()).size).toBe(60);
    expect(sent).toHaveLength(60);
  });

  it('wait while their endpoint is paused, and are dropped with it', async () => {
    const made = await endpoint('a');
    await test.database.write((sql) => updateEndpoint(sql, { ...made, state: 'paused' }));
    await record(charged('one'));
    const running = sender();
    await running.idle();
    expect(sent).toEqual([]);
    await test.database.write((sql) => updateEndpoint(sql, made));
    await running.idle();
    expect(sent).toHaveLength(1);
    await record(charged('two'));
    await test.database.write((sql) => deleteEndpoint(sql, 'a'));
    await running.idle();
    expect(sent).toHaveLength(1);
  });

  it('are signed by the former secret too for as long as it is kept', async () => {
    await endpoint('a');
    await test.database.write((sql) => rotateSecret(sql, 'a', clock.nowMs() + DAY_MS));
    const running = sender();
    await record(charged('one'));
    await running.idle();
    await clock.advance(DAY_MS);
    await record(charged('two'));
    await running.idle();
    expect(sent.map(({ headers }) => headers['webhook-signature']?.split(' ').length)).toEqual([2, 1]);
  });

  it('are forgotten when they are old and nobody waits for them', async () => {
    await endpoint('a');
    await endpoint('b', ['invoice.issued']);
    await record(charged('one'));
    await record({ ...charged('two'), kind: 'invoice.issued' });
    answer = ({ url }) => (url.includes('//a.') ? 200 : 500);
    await sender().idle();
    expect(await test.database.write((sql) => forgetOldEvents(sql, clock.nowMs() + 1, 10))).toBe(1);
    const left = await listEvents(test.database.read, { afterId: null, fromMs: 0, kinds: [], limit: 9 });
    expect(left.map(({ kind }) => kind)).toEqual(['invoice.issued']);
    expect(await deliveries('a')).toEqual([]);
  });
});
