import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { ROLES, type Role } from '../../src/http/roles';
import { silentLog } from '../../src/kernel/log';
import { newId } from '../../src/kernel/ids';
import { wavHeader } from '../../src/media/wav-header';
import { recordingKeys } from '../../src/rooms/recording/recording-keys';
import { MessageKeeper, spoolName } from '../../src/voicemail/keep-message';
import type { VoicemailPlace } from '../../src/voicemail/sealed-sound';
import type { Voicemail } from '../../src/voicemail/voicemail';
import { testApi } from '../support/api';
import { anAccount } from '../support/billing-builders';
import { emptyDatabase, type TestDatabase } from '../support/databases';

const SECONDS = 2;
const SOUND = Buffer.concat([
  wavHeader(SECONDS * 16_000),
  Buffer.from(Int16Array.from({ length: SECONDS * 8_000 }, (_, n) => 5_000 * Math.sin(n / 5)).buffer),
]);

describe('messages by the API', () => {
  let test: TestDatabase;
  let place: VoicemailPlace;
  let api: ReturnType<typeof testApi>;
  let accountId: string;
  let message: Voicemail;
  beforeAll(async () => {
    test = await emptyDatabase('sqlite');
    const folder = mkdtempSync(join(tmpdir(), '123-voip-voicemails-'));
    place = { folder, nodeId: 'test', keys: recordingKeys('1f'.repeat(32)) };
    api = testApi(test.database, place);
  });
  afterAll(async () => {
    await test.drop();
    rmSync(place.folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    accountId = (await anAccount(test.database, { credit: '1' })).id;
    const parts = { database: test.database, place, canMail: true, clock: api.clock, log: silentLog };
    const wish = { accountId, cdrId: newId(0), isNumberKnown: true, nowMs: api.clock.nowMs() };
    const file = join(place.folder, spoolName(wish));
    writeFileSync(file, SOUND);
    const left = { ...wish, fromNumber: '+3225550001', file };
    await new MessageKeeper({ ...parts, onKept: () => undefined }).keep(left);
    [message] = (await call('get', `/accounts/${accountId}/voicemails`)).body.voicemails;
  });

  async function call(method: 'get' | 'patch' | 'delete', path: string, role: Role = 'admin', body?: object) {
    const key = await api.keyFor(role);
    return supertest(api.app)[method](`/api/v1${path}`).set('Authorization', `Bearer ${key}`).send(body);
  }

  it('are listed, with whole numbers for those alone who may see them', async () => {
    expect(message).toMatchObject({
      accountId,
      fromNumber: '+3225550001',
      seconds: SECONDS,
      heardAtMs: null,
    });
    expect(message).not.toHaveProperty('soundFile');
    const masked = (await call('get', `/accounts/${accountId}/voicemails`, 'support')).body.voicemails;
    expect(masked[0].fromNumber).not.toBe('+3225550001');
  });

  it('are heard as they were spoken', async () => {
    const heard = await call('get', `/voicemails/${message.id}/audio.wav`);
    expect(heard.status).toBe(200);
    expect(heard.headers['cache-control']).toBe('no-store');
    expect(heard.body.equals(SOUND)).toBe(true);
  });

  it.each(Object.keys(ROLES) as Role[])('are heard by whoever may, and by nobody else: %s', async (role) => {
    const scopes: readonly string[] = ROLES[role];
    const { status } = await call('get', `/voicemails/${message.id}/audio.wav`, role);
    expect(status).toBe(scopes.includes('voicemails:hear') ? 200 : 403);
  });

  it('are marked as heard and deleted by support, and then they are gone', async () => {
    const marked = await call('patch', `/voicemails/${message.id}`, 'support', { heard: true });
    expect(marked.body.heardAtMs).toBe(api.clock.nowMs());
    expect((await call('delete', `/voicemails/${message.id}`, 'support')).status).toBe(200);
    expect((await call('get', `/voicemails/${message.id}/audio.wav`)).status).toBe(404);
    expect((await call('delete', `/voicemails/${message.id}`, 'support')).status).toBe(404);
  });
});
