import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { seedDemo, type DemoSeed } from '../../src/demo/seed-demo';
import { compareRoomPin } from '../../src/rooms/compare-room-pin';
import { testApi } from '../support/api';
import { emptyDatabase, type TestDatabase } from '../support/databases';

const as = (key: string) => ({ Authorization: `Bearer ${key}`, 'Idempotency-Key': randomUUID() });

describe('schedules by the API', () => {
  let test: TestDatabase;
  let seed: DemoSeed;
  let api: ReturnType<typeof testApi>;
  let admin: string;
  beforeAll(async () => {
    test = await emptyDatabase('sqlite');
    seed = await seedDemo(test.database, Date.UTC(2026, 0, 1), '123-voip');
    api = testApi(test.database);
    admin = await api.keyFor('admin');
  });
  afterAll(() => test.drop());

  const room = () => `/api/v1/rooms/${seed.roomId}`;
  const get = (path: string) => supertest(api.app).get(`${room()}${path}`).set(as(admin));
  const post = (path: string, body: object, headers = as(admin)) =>
    supertest(api.app).post(`${room()}${path}`).set(headers).send(body);
  const plan = async (difference: object = {}) =>
    post('/schedules', { timeZone: 'Europe/Brussels', startsLocal: '2026-07-01T09:30', ...difference });

  it('plan, show with the next meetings, change and delete', async () => {
    const made = await plan({ repeats: 'daily', count: 3 });
    expect([made.status, made.body]).toEqual([
      201,
      expect.objectContaining({ durationMinutes: 60, earlyEntryMinutes: 10, dialsOut: false }),
    ]);
    expect(made.body.next.map((one: { startsAtMs: number }) => one.startsAtMs)).toEqual([
      Date.UTC(2026, 6, 1, 7, 30),
      Date.UTC(2026, 6, 2, 7, 30),
      Date.UTC(2026, 6, 3, 7, 30),
    ]);
    const path = `${room()}/schedules/${made.body.id}`;
    const changed = await supertest(api.app).patch(path).set(as(admin)).send({ dialsOut: true });
    expect(changed.body).toMatchObject({ dialsOut: true, revision: 1, count: 3 });
    expect((await get('/schedules')).body.schedules).toEqual([changed.body]);
    expect((await supertest(api.app).delete(path).set(as(admin))).status).toBe(200);
    expect((await get(`/schedules/${made.body.id}`)).status).toBe(404);
  });

  it('name the field that does not fit', async () => {
    const answer = await plan({ timeZone: 'Mars/Olympus' });
    expect([answer.status, answer.body.detail]).toEqual([
      422,
      expect.stringMatching(/^timeZone: .*Europe\/Brussels/),
    ]);
  });

  it('invite by a calendar file with the number to dial and neither Room ID nor PIN', async () => {
    const { body } = await plan();
    const file = await get(`/schedules/${body.id}/invitation.ics`);
    expect([file.status, file.type]).toEqual([200, 'text/calendar']);
    const text = file.text.replaceAll('\r\n ', '');
    expect(text).toContain(seed.accessNumber);
    for (const secret of [seed.roomNumber, seed.participantPin, seed.moderatorPin])
      expect(text).not.toContain(secret);
  });

  it('tell secrets only when they are drawn, once, and never in the calendar file', async () => {
    const { body: schedule } = await plan();
    const wish = { scheduleId: schedule.id, rotateSecrets: true };
    const without = await post('/invitations', { scheduleId: schedule.id });
    expect([without.status, without.body.detail]).toEqual([400, expect.stringContaining('only as hashes')]);
    expect((await post('/invitations', { ...wish, scheduleId: 'none' })).status).toBe(404);
    const old = { roomNumber: seed.roomNumber, pin: seed.participantPin };
    expect((await compareRoomPin(test.database.read, old)).role).toBe('speaker');
    const headers = as(admin);
    const first = await post('/invitations', wish, headers);
    expect(first.status).toBe(201);
    const [roomNumber, pin] = first.body.secretTexts.participant.match(/\d{6,}/g);
    expect((await compareRoomPin(test.database.read, { roomNumber, pin })).role).toBe('speaker');
    expect((await compareRoomPin(test.database.read, old)).role).toBeNull();
    expect(first.body.invitation).not.toContain(roomNumber);
    expect((await post('/invitations', wish, headers)).body).toEqual({ ...first.body, secretTexts: null });
  });
});
