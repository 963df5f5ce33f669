import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { testApi } from '../support/api';
import { anAccount } from '../support/billing-builders';
import { emptyDatabase, type TestDatabase } from '../support/databases';

describe('who may see whether an account is there', () => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  beforeAll(async () => {
    test = await emptyDatabase('sqlite');
    api = testApi(test.database);
  });
  afterAll(() => test.drop());

  async function call(method: 'get' | 'post' | 'delete', path: string, role: string, body?: object) {
    const client = supertest(api.app);
    return client[method](`/api/v1/accounts/${path}`)
      .set('Authorization', `Bearer ${await api.keyFor(role)}`)
      .set('Idempotency-Key', randomUUID())
      .send(body);
  }
  const account = async () => (await anAccount(test.database, { credit: '1' })).id;

  it('is listed, allowed and forbidden by support', async () => {
    const [owner, watcher] = [await account(), await account()];
    const path = `${owner}/presence-watchers`;
    const added = await call('post', path, 'support', { watcherAccountId: watcher });
    expect([added.status, added.body.watchers]).toEqual([
      201,
      [{ watcherAccountId: watcher, addedAtMs: api.clock.nowMs() }],
    ]);
    expect((await call('get', path, 'network')).body.watchers).toHaveLength(1);
    expect((await call('post', path, 'network', { watcherAccountId: watcher })).status).toBe(403);
    expect((await call('delete', `${path}/${watcher}`, 'support')).body).toEqual({ watchers: [] });
  });

  it('is nobody that there is not', async () => {
    const owner = await account();
    const path = `${owner}/presence-watchers`;
    expect((await call('post', path, 'support', { watcherAccountId: 'nobody' })).status).toBe(404);
    expect((await call('post', path, 'support', { watcherAccountId: owner })).status).toBe(422);
  });
});
