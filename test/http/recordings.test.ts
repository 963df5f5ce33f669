import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { ROLES, type Role } from '../../src/http/roles';
import { silentLog } from '../../src/kernel/log';
import { fileOf, type RecordingPlace } from '../../src/rooms/recording/end-recordings';
import type { Recording } from '../../src/rooms/recording/recording';
import { recordingKeys } from '../../src/rooms/recording/recording-keys';
import { noteConsent } from '../../src/rooms/recording/recordings-store';
import { openRecording } from '../../src/rooms/recording/write-recording';
import { testApi } from '../support/api';
import { emptyDatabase, type TestDatabase } from '../support/databases';

const SOUND = Buffer.from('what was said in the room, in PCMU. '.repeat(500));

describe('recordings by the API', () => {
  let test: TestDatabase;
  let place: RecordingPlace;
  let api: ReturnType<typeof testApi>;
  let admin: string;
  let recording: Recording;
  beforeAll(async () => {
    test = await emptyDatabase('sqlite');
    const folder = mkdtempSync(join(tmpdir(), '123-voip-recordings-'));
    place = { folder, nodeId: 'test', keys: recordingKeys('1f'.repeat(32)) };
    api = testApi(test.database, place);
    admin = await api.keyFor('admin');
  });
  afterAll(async () => {
    await test.drop();
    rmSync(place.folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    const parts = { database: test.database, place, clock: api.clock, log: silentLog };
    const wanted = { roomId: 'room', roomSessionId: 'session', retentionClass: 'standard' } as const;
    const writer = await openRecording(parts, wanted);
    writer.write(SOUND);
    const consent = {
      recordingId: writer.id,
      cdrId: 'leg',
      heardAtMs: 5,
      how: 'announced-on-entry',
    } as const;
    await noteConsent(test.database, consent);
    recording = await writer.close();
  });

  const one = () => `/api/v1/recordings/${recording.id}`;
  const get = (path: string, key = admin) =>
    supertest(api.app).get(path).set('Authorization', `Bearer ${key}`);
  const remove = () => supertest(api.app).delete(one()).set('Authorization', `Bearer ${admin}`);
  const hold = (legalHold: boolean) =>
    supertest(api.app).patch(one()).set('Authorization', `Bearer ${admin}`).send({ legalHold });

  it('are listed by room and session, and shown with who is in them', async () => {
    const listed = await get('/api/v1/recordings?room=room&session=session&limit=200');
    expect(listed.body.recordings.map(({ id }: Recording) => id)).toContain(recording.id);
    expect((await get('/api/v1/recordings?room=other')).body.recordings).toEqual([]);
    const shown = (await get(one())).body;
    expect(shown).toMatchObject({
      state: 'done',
      seconds: SOUND.length / 8_000,
      sha256: recording.sha256,
      consents: [{ cdrId: 'leg', heardAtMs: 5, how: 'announced-on-entry', leftAtMs: recording.endedAtMs }],
      downloads: [],
    });
    expect(shown).not.toHaveProperty('fileName');
  });

  it('are heard as WAV, kept by nobody on the way, and every download is written down', async () => {
    const answer = await get(`${one()}/audio.wav`).responseType('blob');
    expect([answer.status, answer.type, answer.headers['cache-control']]).toEqual([
      200,
      'audio/wav',
      'no-store',
    ]);
    const wav = answer.body as Buffer;
    expect([wav.toString('ascii', 0, 4), wav.readUInt32LE(4), wav.readUInt16LE(20)]).toEqual([
      'RIFF',
      wav.length - 8,
      7,
    ]);
    expect(wav.subarray(58)).toEqual(SOUND);
    expect((await get(one())).body.downloads).toEqual([
      { keyId: expect.any(String), keyLabel: 'admin', downloadedAtMs: api.clock.nowMs() },
    ]);
  });

  it.each(Object.keys(ROLES) as Role[])('are heard by %s only when the role may', async (role) => {
    const key = await api.keyFor(role);
    const status = (await get(`${one()}/audio.wav`, key).responseType('blob')).status;
    expect(status).toBe(['admin', 'moderator'].includes(role) ? 200 : 403);
  });

  it('are not given out when the file was changed', async () => {
    const file = fileOf(place, recording);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const answer = await get(`${one()}/audio.wav`);
    expect([answer.status, answer.body.type]).toEqual([500, 'urn:123-voip:recording-damaged']);
    rmSync(file);
    expect((await get(`${one()}/audio.wav`)).body.detail).toContain('its file is missing');
  });

  it('are deleted for good, but not under a legal hold', async () => {
    expect((await hold(true)).body.legalHold).toBe(true);
    expect((await remove()).status).toBe(409);
    await hold(false);
    expect((await remove()).body).toMatchObject({ state: 'deleted', deletedAtMs: api.clock.nowMs() });
    expect((await get(`${one()}/audio.wav`)).status).toBe(409);
    expect((await get(one())).body.consents).toHaveLength(1);
    expect((await get('/api/v1/recordings/none')).status).toBe(404);
  });
});
