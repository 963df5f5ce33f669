import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { seedDemo, type DemoSeed } from '../../src/demo/seed-demo';
import { testApi } from '../support/api';
import { emptyDatabase, type TestDatabase } from '../support/databases';

const as = (key: string) => ({ Authorization: `Bearer ${key}`, 'Idempotency-Key': randomUUID() });

describe('number lists by the API', () => {
  let test: TestDatabase;
  let seed: DemoSeed;
  let api: ReturnType<typeof testApi>;
  let admin: string;
  let moderator: string;
  beforeAll(async () => {
    test = await emptyDatabase('sqlite');
    seed = await seedDemo(test.database, Date.UTC(2026, 0, 1), '123-voip');
    api = testApi(test.database);
    admin = await api.keyFor('admin');
    moderator = await api.keyFor('moderator');
  });
  afterAll(() => test.drop());

  const list = () => `/api/v1/rooms/${seed.roomId}/list`;
  const get = (path: string, key = admin) => supertest(api.app).get(`${list()}${path}`).set(as(key));
  const exported = (key: string) => supertest(api.app).get(`${list()}.csv`).set(as(key));
  const add = (body: object, key = admin) => supertest(api.app).post(list()).set(as(key)).send(body);
  const upload = (csv: string | Buffer, query = '', headers: object = as(admin)) =>
    supertest(api.app)
      .post(`${list()}/import${query}`)
      .set({ 'Content-Type': 'text/csv', ...headers })
      .send(csv);

  it('add, show, change and delete an entry', async () => {
    const made = await add({ name: 'Ana', number: '+32 2 222 33 44' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      name: 'Ana',
      number: '+3222223344',
      role: 'speaker',
      mayEnter: true,
      dialOut: false,
    });
    const one = supertest(api.app).patch(`${list()}/${made.body.id}`).set(as(admin));
    expect((await one.send({ dialOut: true })).body).toEqual({ ...made.body, dialOut: true });
    expect((await get(`/${made.body.id}`)).body.dialOut).toBe(true);
    const gone = await supertest(api.app).delete(`${list()}/${made.body.id}`).set(as(admin));
    expect(gone.body).toEqual({ deleted: true });
    expect((await get(`/${made.body.id}`)).status).toBe(404);
  });

  it('show numbers whole only to roles that may see them, also in the export', async () => {
    const made = await add({ name: 'Ana', number: '+3222223399' }, moderator);
    expect(made.body.number).toBe('+32222•••99');
    expect(JSON.stringify((await get('', moderator)).body)).not.toContain('+3222223399');
    expect((await get('')).body.entries[0].number).toBe('+3222223399');
    expect((await exported(moderator)).text).not.toContain('3222223399');
    expect((await exported(admin)).text).toContain('3222223399');
  });

  it('come back from their own export as they were, and no name is a formula', async () => {
    await add({ name: '=SUM(A1)', number: '+3222223311', role: 'coach', language: 'ar', validUntilMs: 99 });
    const csv = (await exported(admin)).text;
    expect(csv).toContain("'=SUM(A1)");
    const entries = (await get('')).body.entries;
    const report = await upload(csv, '?mode=replace');
    expect(report.body).toMatchObject({ imported: true, added: 0, changed: 0, removed: 0, faultCount: 0 });
    expect(report.body.unchanged).toBe(entries.length);
  });

  it('answer a file with faults by 422 and every fault, and a dry run by the same in its report', async () => {
    const csv = 'name;number\nBo;02 222 33 55\nCy;nothing\n';
    const refused = await upload(csv, '?country=BE');
    expect([refused.status, refused.type]).toEqual([422, 'application/problem+json']);
    expect(refused.body.faults).toEqual([
      { line: 3, field: 'number', problem: '"nothing" does not fit', remedy: expect.stringContaining('BE') },
    ]);
    const dry = await upload(csv, '?country=BE&dryRun=true');
    expect([dry.status, dry.body]).toEqual([
      200,
      expect.objectContaining({ imported: false, added: 1, faultCount: 1 }),
    ]);
    expect((await upload(csv, '?country=BE&skipFaulty=true')).body).toMatchObject({
      imported: true,
      added: 1,
    });
  });

  it('import a file once for a key, and refuse the key for another file', async () => {
    const headers = as(admin);
    const first = await upload('name,number\nDi,+3222223366\n', '', headers);
    const second = await upload('name,number\nDi,+3222223366\n', '', headers);
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotency-hit']).toBe('true');
    expect((await upload('name,number\nEd,+3222223377\n', '', headers)).status).toBe(422);
  });

  it('refuse what is no CSV, too large, or without a key', async () => {
    expect((await upload('{}', '', { ...as(admin), 'Content-Type': 'application/json' })).status).toBe(400);
    const large = await upload(Buffer.alloc(2_000_001, 'x'));
    expect([large.status, large.body.detail]).toEqual([400, 'body: is larger than 2000000 bytes']);
    expect((await upload('name,number\n', '', {})).status).toBe(401);
    expect((await upload('name,number\n', '?country=belgium')).status).toBe(400);
    expect((await add({ name: 'Ana', number: '12' })).status).toBe(422);
  });
});
