import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { testApi } from '../support/api';
import { anAccount } from '../support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';

describe.each(DIALECTS)('the API of shown numbers on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  let key: string;
  let path: string;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    api = testApi(test.database);
    key = await api.keyFor('network');
    const account = await anAccount(test.database, { credit: '1' });
    path = `/api/v1/accounts/${account.id}`;
  });
  afterAll(() => test.drop());

  const post = (url: string, body: object) =>
    supertest(api.app)
      .post(`${path}${url}`)
      .set('Authorization', `Bearer ${key}`)
      .set('Idempotency-Key', randomUUID())
      .send(body);
  const patch = (body: object) =>
    supertest(api.app).patch(`${path}/caller-id`).set('Authorization', `Bearer ${key}`).send(body);

  it('has a code spoken, takes it, and then shows the number', async () => {
    const number = '+32470123456';
    expect((await patch({ number })).status).toBe(409);
    const begun = await post('/proofs', { number });
    expect(begun.status).toBe(201);
    const spoken = api.spokenCodes.at(-1);
    expect(spoken).toMatchObject({ number });
    const code = spoken?.code ?? '';
    expect(JSON.stringify(begun.body)).not.toContain(code);
    expect(JSON.stringify(await test.database.read.all('SELECT answer FROM api_requests'))).not.toContain(
      code,
    );
    const wrong = await post('/proofs/confirm', { number, code: code === '000000' ? '000001' : '000000' });
    expect([wrong.status, wrong.body.type]).toEqual([422, 'urn:123-voip:wrong-code']);
    expect((await post('/proofs/confirm', { number, code })).body.provenNumbers).toEqual([number]);
    expect((await patch({ number })).body).toEqual({ number, withholds: false, provenNumbers: [number] });
    expect((await patch({ withholds: true })).body).toMatchObject({ number, withholds: true });
    const removed = await supertest(api.app)
      .delete(`${path}/proofs/${number}`)
      .set('Authorization', `Bearer ${key}`);
    expect(removed.body).toEqual({ number: null, withholds: true, provenNumbers: [] });
  });
});
