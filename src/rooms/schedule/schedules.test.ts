import { DIALECTS, type TestDatabase } from '../../../test/support/databases';
import { databaseWithOwner } from '../../../test/support/room-builders';
import { FakeClock } from '../../../test/support/fake-clock';
import { InvalidInput, NotFound } from '../../kernel/app-error';
import { silentLog } from '../../kernel/log';
import { createRoom, setRoomState } from '../rooms-store';
import { MAX_SCHEDULES_A_ROOM, type Schedule, TooManySchedules } from './schedule';
import { startScheduleWatch } from './schedule-watch';
import {
  changeSchedule,
  claimDueDialOuts,
  createSchedule,
  DIAL_OUT_GRACE_MS,
  deleteSchedule,
  type DueDialOut,
  forgetOldRuns,
  scheduleById,
  schedulesOfRoom,
} from './schedules-store';

const startsAtMs = Date.UTC(2026, 6, 1, 7, 30);
const HOUR_MS = 3_600_000;
const wish: Schedule = {
  timeZone: 'Europe/Brussels',
  startsLocal: '2026-07-01T09:30',
  durationMinutes: 45,
  repeats: 'weekly',
  interval: 2,
  weekdays: ['WE', 'MO'],
  untilDate: '2026-12-31',
  count: null,
  earlyEntryMinutes: 15,
  dialsOut: true,
};

describe.each(DIALECTS)('schedules on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await databaseWithOwner(dialect);
  });
  afterAll(() => test.drop());
  afterEach(() => test.database.write((sql) => sql.run('DELETE FROM room_schedules')));

  const aRoom = async () =>
    (await createRoom(test.database, { ownerAccountId: 'owner', name: 'Tea', maxSeats: 20, nowMs: 0 })).room
      .id;
  const plan = async (difference: Partial<Schedule> = {}, nowMs = startsAtMs - HOUR_MS) =>
    createSchedule(test.database, await aRoom(), { ...wish, ...difference }, nowMs);
  const due = (nowMs: number) => claimDueDialOuts(test.database, nowMs);

  it('come back as they were stored', async () => {
    const schedule = await plan();
    expect(schedule).toMatchObject({ ...wish, revision: 0 });
    const counted = await plan({ weekdays: [], untilDate: null, count: 5, dialsOut: false });
    expect(await scheduleById(test.database.read, counted.roomId, counted.id)).toMatchObject({
      weekdays: [],
      untilDate: null,
      count: 5,
      dialsOut: false,
    });
  });

  it('count their changes, and change nothing that does not fit', async () => {
    const schedule = await plan();
    const position = { roomId: schedule.roomId, scheduleId: schedule.id };
    const changed = await changeSchedule(test.database, position, { durationMinutes: 60 }, startsAtMs);
    expect(changed).toEqual({ ...schedule, durationMinutes: 60, revision: 1, changedAtMs: startsAtMs });
    await expect(changeSchedule(test.database, position, { count: 3 }, startsAtMs)).rejects.toThrow(
      InvalidInput,
    );
    expect(await scheduleById(test.database.read, schedule.roomId, schedule.id)).toEqual(changed);
  });

  it('belong to their room alone', async () => {
    const schedule = await plan();
    const stranger = await aRoom();
    await expect(scheduleById(test.database.read, stranger, schedule.id)).rejects.toThrow(NotFound);
    await expect(deleteSchedule(test.database, stranger, schedule.id)).rejects.toThrow(NotFound);
    await deleteSchedule(test.database, schedule.roomId, schedule.id);
    expect(await schedulesOfRoom(test.database.read, schedule.roomId)).toEqual([]);
    await expect(createSchedule(test.database, 'none', wish, 0)).rejects.toThrow(NotFound);
  });

  it('are bounded for each room, also when they come at once', async () => {
    const roomId = await aRoom();
    const tries = await Promise.allSettled(
      Array.from({ length: MAX_SCHEDULES_A_ROOM + 3 }, () => createSchedule(test.database, roomId, wish, 0)),
    );
    const refused = tries.filter((tried) => tried.status === 'rejected');
    expect(refused).toHaveLength(3);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(TooManySchedules);
  });

  it('dial out once their start has come, and once alone, whoever looks how often', async () => {
    const { id, roomId } = await plan();
    expect(await due(startsAtMs - 1)).toEqual([]);
    const looks = await Promise.all(Array.from({ length: 10 }, () => due(startsAtMs)));
    const endsAtMs = startsAtMs + 45 * 60_000;
    expect(looks.flat()).toEqual([{ roomId, scheduleId: id, startsAtMs, endsAtMs }]);
    expect(await due(startsAtMs + 60_000)).toEqual([]);
  });

  it('dial out after a restart within ten minutes, not later', async () => {
    await plan();
    expect(await due(startsAtMs + DIAL_OUT_GRACE_MS + 1)).toEqual([]);
    expect(await due(startsAtMs + DIAL_OUT_GRACE_MS)).toHaveLength(1);
  });

  it('dial out again at the next meeting', async () => {
    await plan({ interval: 1, weekdays: [] });
    expect(await due(startsAtMs)).toHaveLength(1);
    expect(await due(startsAtMs + 7 * 24 * HOUR_MS)).toHaveLength(1);
  });

  it('do not dial out when they are not to, are over, were made after their start, or the room is closed', async () => {
    await plan({ dialsOut: false });
    await plan({
      repeats: 'never',
      interval: 1,
      weekdays: [],
      untilDate: null,
      startsLocal: '2026-06-01T09:30',
    });
    await plan({}, startsAtMs + 1);
    const closed = await plan();
    await setRoomState(test.database, closed.roomId, 'closed');
    expect(await due(startsAtMs + 2)).toEqual([]);
  });

  it('are forgotten as dialled only when they can no longer come due', async () => {
    await plan();
    await due(startsAtMs);
    await forgetOldRuns(test.database, startsAtMs + 24 * HOUR_MS);
    expect(await due(startsAtMs + 1)).toEqual([]);
    expect(await forgetOldRuns(test.database, startsAtMs + 31 * 24 * HOUR_MS)).toBeGreaterThan(0);
  });

  it('are watched: each start is handed over once, and one that fails keeps no other back', async () => {
    const schedules = [await plan(), await plan()];
    const clock = new FakeClock(startsAtMs - 60_000);
    const handed: DueDialOut[] = [];
    const onDue = async (one: DueDialOut) => {
      handed.push(one);
      throw new Error('no trunk');
    };
    const looked = () => claimDueDialOuts(test.database, startsAtMs - 1);
    const watches = [1, 2].map(() =>
      startScheduleWatch({ database: test.database, clock, log: silentLog, onDue }),
    );
    await looked();
    expect(handed).toEqual([]);
    for (let n = 0; n < 20; n++) {
      await clock.advance(5_000);
      await looked();
    }
    for (const watch of watches) await watch.stop();
    expect(handed.map(({ scheduleId }) => scheduleId).toSorted()).toEqual(
      schedules.map(({ id }) => id).toSorted(),
    );
  });
});
