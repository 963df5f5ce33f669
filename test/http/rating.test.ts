import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { publishScheduled } from '../../src/billing/rating/publish-version';
import { testApi } from '../support/api';
import { anAccount } from '../support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';

const DAY_MS = 86_400_000;

describe.each(DIALECTS)('prices and CDRs of others by the API on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  let keys: Record<string, string>;
  let deckId: string;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
    keys = Object.fromEntries(
      await Promise.all(
        ['admin', 'finance', 'support'].map(async (role) => [role, await api.keyFor(role)] as const),
      ),
    );
  });
  afterAll(() => test.drop());

  const ask = (method: 'get' | 'post' | 'delete', path: string, body?: object, role = 'finance') => {
    const agent = supertest(api.app);
    const request = agent[method](`/api/v1${path}`)
      .set('Authorization', `Bearer ${keys[role] ?? ''}`)
      .set('Idempotency-Key', randomUUID());
    return body ? request.send(body) : request;
  };
  const upload = (path: string, file: string, role = 'finance') =>
    supertest(api.app)
      .post(`/api/v1${path}`)
      .set('Authorization', `Bearer ${keys[role] ?? ''}`)
      .set('Idempotency-Key', randomUUID())
      .set('Content-Type', 'text/csv')
      .send(file);
  /** Asks again and again, as an operator's page does, until the work has ended. */
  const ended = async (path: string) => {
    for (;;) {
      const { body } = await ask('get', path);
      if (!['running', 'checking', 'committing'].includes(body.state)) return body;
    }
  };
  const bring = async (file: string, query = '') => {
    const begun = await upload(`/deck-imports?deck=Carrier&currency=EUR&form=carrier${query}`, file);
    expect([begun.status, begun.body.state]).toEqual([201, 'running']);
    return ended(`/deck-imports/${begun.body.id}`);
  };

  it('keeps how a carrier writes its prices, and refuses a form that cannot be', async () => {
    const form = {
      delimiter: ';',
      decimal: ',',
      columns: { prefix: 'Code', destination: 'Name', pricePerMinute: 'Rate', increments: 'Incr' },
    };
    expect((await ask('post', '/import-forms/rates/carrier', form)).body).toMatchObject({
      name: 'carrier',
      form,
    });
    const wrong = await ask('post', '/import-forms/rates/carrier', { ...form, columns: { prefix: 'Code' } });
    expect([wrong.status, wrong.body.detail]).toEqual([422, expect.stringContaining('destination')]);
    expect((await ask('post', '/import-forms/rates/other', { ...form, decimal: 'x' })).status).toBe(400);
    expect((await ask('post', '/import-forms/rates/other', form, 'support')).status).toBe(403);
    expect((await ask('get', '/import-forms/rates')).body.forms).toHaveLength(1);
    expect((await ask('delete', '/import-forms/rates/nothing')).status).toBe(404);
  });

  it('imports a file with progress and report, shows versions, and returns to the former one', async () => {
    const first = await bring('Code;Name;Rate;Incr\n32;Belgium;0,10;60/60\n');
    expect(first).toMatchObject({ state: 'done', report: { published: true, version: 1, rateCount: 1 } });
    deckId = first.report.deckId;
    const refused = await bring('Code;Name;Rate;Incr\n32;Belgium;x;60/60\n');
    expect(refused).toMatchObject({ state: 'refused', report: { faults: [{ line: 2, field: 'Rate' }] } });
    const dry = await bring('Code;Name;Rate;Incr\n32;Belgium;0,20;60/60\n', '&dryRun=true');
    expect(dry.report).toMatchObject({ published: false, difference: { dearer: 1 }, effect: { calls: 0 } });
    await bring('Code;Name;Rate;Incr\n32;Belgium;0,20;60/60\n');
    const quote = async () =>
      (await ask('get', `/decks/${deckId}/quote?number=%2B3225550123&seconds=60`)).body.charge.text;
    expect(await quote()).toBe('0.20 EUR');
    expect((await ask('post', `/decks/${deckId}/return`, {}, 'support')).status).toBe(403);
    expect((await ask('post', `/decks/${deckId}/return`, { expected: 2 })).body).toEqual({
      version: 3,
      withdrawn: 2,
    });
    expect(await quote()).toBe('0.10 EUR');
    expect((await ask('post', `/decks/${deckId}/return`, { expected: 2 })).status).toBe(409);
    const { body } = await ask('get', `/decks/${deckId}/versions`);
    expect(body.versions.map(({ state }: { state: string }) => state)).toEqual([
      'published',
      'withdrawn',
      'published',
    ]);
    expect((await ask('get', `/decks/${deckId}/rates?version=2`)).body.rates).toHaveLength(2);
    expect((await ask('get', '/deck-imports')).body.imports).toHaveLength(4);
  });

  it('lets prices wait for their moment, and calls them off', async () => {
    const atMs = api.clock.nowMs() + DAY_MS;
    const waiting = await bring('Code;Name;Rate;Incr\n32;Belgium;0,30;60/60\n', `&publishAt=${atMs}`);
    const { version } = waiting.report;
    expect((await ask('get', `/decks/${deckId}/versions/${version}`)).body).toMatchObject({
      state: 'scheduled',
      publishAtMs: atMs,
    });
    const off = await bring('Code;Name;Rate;Incr\n32;Belgium;0,40;60/60\n', `&publishAt=${atMs}`);
    expect((await ask('post', `/decks/${deckId}/versions/${off.report.version}/cancel`, {})).body.state).toBe(
      'cancelled',
    );
    await publishScheduled(test.database, { deckId, version, nowMs: atMs });
    const later = await ask('get', `/decks/${deckId}/quote?number=%2B3225550123&seconds=60&at=${atMs}`);
    expect(later.body.charge.text).toBe('0.30 EUR');
    expect((await upload('/deck-imports?deck=Carrier&currency=EUR&publishAt=1000', 'x')).status).toBe(422);
  });

  it('sets time bands, and exports a file', async () => {
    const bands = [{ name: 'night', days: ['monday'], from: '22:00', until: '06:00' }];
    const calendar = { timeZone: 'Europe/Brussels', bands };
    expect((await ask('post', `/decks/${deckId}/calendar`, calendar)).status).toBe(200);
    const wrong = await ask('post', `/decks/${deckId}/calendar`, { timeZone: 'Nowhere', bands });
    expect([wrong.status, wrong.body.detail]).toEqual([422, expect.stringContaining('Nowhere')]);
    expect((await ask('get', `/decks/${deckId}/calendar`)).body.calendar.bands).toEqual(bands);
    const csv = (await ask('get', `/decks/${deckId}/rates.csv`)).text.trim().split('\n');
    expect(csv[0]).toMatch(/^prefix,destination,.*,price_per_minute:night$/);
    expect(csv).toHaveLength(3);
  });

  it('imports CDRs of another switch once, and prices them anew', async () => {
    const account = await anAccount(test.database, { credit: '20', deckId });
    const form = {
      source: 'switch-a',
      columns: { uniqueId: 'id', to: 'to', startedAt: 'start', talkSeconds: 'billsec' },
      defaults: { account: account.id, direction: 'outbound' },
    };
    expect((await ask('post', '/import-forms/cdrs/switch-a', form)).status).toBe(200);
    const start = new Date(api.clock.nowMs()).toISOString();
    const file = `id,to,start,billsec\na,+3225550123,${start},60\nb,+3225550123,${start},x\n`;
    expect((await upload('/cdr-imports?form=switch-a', file, 'support')).status).toBe(403);
    for (const counts of [
      { imported: 1, known: 0, refused: 1 },
      { imported: 0, known: 1, refused: 1 },
    ]) {
      const begun = await upload('/cdr-imports?form=switch-a', file);
      expect(await ended(`/cdr-imports/${begun.body.id}`)).toMatchObject({
        state: 'done',
        linesRead: 2,
        ...counts,
      });
      const { body } = await ask('get', `/cdr-imports/${begun.body.id}/lines`);
      expect(body.lines.at(-1)).toMatchObject({ line: 3, outcome: 'refused', field: 'billsec' });
    }
    await bring('Code;Name;Rate;Incr\n32;Belgium;0,05;60/60\n');
    const day = (offsetMs: number) => new Date(api.clock.nowMs() + offsetMs).toISOString();
    const wish = {
      from: day(-DAY_MS),
      until: day(DAY_MS),
      accountId: account.id,
      reason: 'prices came late',
    };
    expect((await ask('post', '/reratings', wish, 'support')).status).toBe(403);
    const begun = await ask('post', '/reratings', wish);
    expect(begun.status).toBe(201);
    const path = `/reratings/${begun.body.id}`;
    expect(await ended(path)).toMatchObject({ state: 'checked', lookedAt: 1, changed: 1 });
    expect((await ask('get', `${path}/accounts`)).body.accounts).toMatchObject([
      { accountId: account.id, calls: 1, difference: { text: '-0.05 EUR' } },
    ]);
    expect((await ask('post', `${path}/commit`)).status).toBe(200);
    expect(await ended(path)).toMatchObject({ state: 'committed', settled: 1 });
    const { body } = await ask('get', `${path}/lines`);
    expect(body.lines).toMatchObject([{ state: 'posted', after: { text: '0.05 EUR' } }]);
    const corrected = await ask('get', `/cdrs/${body.lines[0].cdrId}/corrections`);
    expect(corrected.body.corrections).toMatchObject([
      { before: { text: '0.10 EUR' }, beforeWorking: { pricePerMinuteMicros: 100_000 } },
    ]);
  });
});
