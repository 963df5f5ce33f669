import { EventEmitter, once } from 'node:events';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { FakeClock } from '../../test/support/fake-clock';
import { InvalidInput } from '../kernel/app-error';
import { silentLog } from '../kernel/log';
import { type DueTurn, nextDueMs, type Schedule } from './schedule';
import { Scheduler } from './scheduler';
import { hurrySchedule, listSchedules } from './schedules-store';

const at = (text: string) => Date.parse(`${text}Z`);

describe('the next moment of a cron expression', () => {
  it.each([
    ['* * * * *', '2026-01-15T12:00:00', '2026-01-15T12:01'],
    ['* * * * *', '2026-01-15T12:00:59.999', '2026-01-15T12:01'],
    ['30 2 * * *', '2026-01-15T02:30:00', '2026-01-16T02:30'],
    ['15 4 1 * *', '2026-01-31T23:59:00', '2026-02-01T04:15'],
    ['*/20 6-7 * * *', '2026-01-15T06:41:00', '2026-01-15T07:00'],
    ['0 0 31 * *', '2026-02-01T00:00:00', '2026-03-31T00:00'],
    ['0 9 * * 1', '2026-01-15T12:00:00', '2026-01-19T09:00'],
    ['0 9 * * 7', '2026-01-15T12:00:00', '2026-01-18T09:00'],
    // Either of the two days names a day when both are restricted.
    ['0 9 20 * 1', '2026-01-15T12:00:00', '2026-01-19T09:00'],
    ['0 9 20 * 1', '2026-01-19T09:00:00', '2026-01-20T09:00'],
    ['0 0 29 2 *', '2026-01-15T12:00:00', '2028-02-29T00:00'],
  ])('%s after %s is %s', (cron, after, next) => {
    expect(new Date(nextDueMs(cron, at(after))).toISOString().slice(0, 16)).toBe(next);
  });

  it.each(['', '* * * *', '61 * * * *', '0 0 1 1 * *', 'soon', '0 0 31 2 *'])('refuses %j', (cron) => {
    expect(() => nextDueMs(cron, 0)).toThrow(InvalidInput);
  });
});

describe.each(DIALECTS)('schedules on %s', (dialect) => {
  let test: TestDatabase;
  let clock: FakeClock;
  const running: Scheduler[] = [];
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    clock = new FakeClock(at('2026-01-15T12:00'));
    await test.database.write((sql) => sql.run('DELETE FROM schedules'));
  });
  afterEach(() => Promise.all(running.splice(0).map((scheduler) => scheduler.stop())));

  async function start(run: Schedule['run'], cron = '0 * * * *'): Promise<Scheduler> {
    const schedules = [{ name: 'greet', cron, says: 'greets', run }];
    const scheduler = new Scheduler({ database: test.database, schedules, clock, log: silentLog });
    running.push(scheduler);
    await scheduler.start();
    await scheduler.idle();
    return scheduler;
  }
  const state = async () => (await listSchedules(test.database.read))[0];
  const hurry = (name: string) => test.database.write((sql) => hurrySchedule(sql, name, clock.nowMs()));
  const looks = async (scheduler: Scheduler, ms: number) => {
    await clock.advance(ms);
    scheduler.nudge();
    await scheduler.idle();
  };

  it('are due at the first start, then at the moments of their expression', async () => {
    const turns: DueTurn[] = [];
    const scheduler = await start(async (turn) => void turns.push(turn));
    await looks(scheduler, 59 * 60_000);
    expect(turns).toHaveLength(1);
    await looks(scheduler, 60_000);
    expect(turns.map(({ dueAtMs }) => dueAtMs)).toEqual([at('2026-01-15T12:00'), at('2026-01-15T13:00')]);
  });

  it('that were missed are taken up once, with the first moment that was missed', async () => {
    const turns: DueTurn[] = [];
    await (await start(async () => 'greeted')).stop();
    clock = new FakeClock(at('2026-01-18T15:20'));
    await start(async (turn) => void turns.push(turn));
    expect(turns).toMatchObject([{ dueAtMs: at('2026-01-15T13:00'), nowMs: at('2026-01-18T15:20') }]);
    expect(await state()).toMatchObject({ dueAtMs: at('2026-01-18T16:00'), lastError: null });
  });

  it('are done by one of several nodes', async () => {
    let turns = 0;
    const nodes = await Promise.all(Array.from({ length: 4 }, () => start(async () => void turns++)));
    expect(turns).toBe(1);
    await clock.advance(60 * 60_000);
    for (const node of nodes) node.nudge();
    await Promise.all(nodes.map((node) => node.idle()));
    expect(turns).toBe(2);
  });

  it('are tried again after a failure, later each time, and stay due until they succeed', async () => {
    const tries: number[] = [];
    let works = false;
    const scheduler = await start(async () => {
      tries.push(clock.nowMs() - at('2026-01-15T12:00'));
      if (!works) throw new Error('no paper');
      return { printed: 3 };
    }, '0 0 1 * *');
    expect(await state()).toMatchObject({ failures: 1, lastError: 'Error: no paper' });
    await looks(scheduler, 1_000);
    works = true;
    await looks(scheduler, 1_000);
    expect(tries).toEqual([0, 1_000]);
    await looks(scheduler, 1_000);
    expect(tries).toEqual([0, 1_000, 3_000]);
    expect(await state()).toMatchObject({
      failures: 0,
      lastError: null,
      lastResult: '{"printed":3}',
      dueAtMs: at('2026-02-01T00:00'),
    });
  });

  it('of a node that died are another’s when its lease has run out, and what the dead one says then is not written', async () => {
    const alive = new EventEmitter();
    const asked: boolean[] = [];
    const slow = new Scheduler({
      database: test.database,
      schedules: [
        {
          name: 'greet',
          cron: '0 * * * *',
          says: 'greets',
          run: async (turn) => {
            asked.push(turn.goesOn());
            alive.emit('begun');
            await once(alive, 'awake');
            return 'too late';
          },
        },
      ],
      // Its clock stands, so it renews nothing: a machine that sleeps.
      clock: new FakeClock(at('2026-01-15T12:00')),
      log: silentLog,
    });
    const begun = once(alive, 'begun');
    await slow.start();
    await begun;
    let turns = 0;
    const other = await start(async () => `turn ${++turns}`);
    await looks(other, 59_999);
    expect(turns).toBe(0);
    await looks(other, 1);
    expect(turns).toBe(1);
    alive.emit('awake');
    await slow.stop();
    expect(asked).toEqual([true]);
    expect(await state()).toMatchObject({ leaseToken: 2, lastResult: '"turn 1"' });
  });

  it('leave off when the service stops, and stay due', async () => {
    const steps: boolean[] = [];
    const begun = new EventEmitter();
    const waiting = once(begun, 'step');
    const schedules = [
      {
        name: 'greet',
        cron: '0 * * * *',
        says: 'greets',
        run: async (turn: DueTurn) => {
          steps.push(turn.goesOn());
          begun.emit('step');
          await once(begun, 'next');
          steps.push(turn.goesOn());
        },
      },
    ];
    const scheduler = new Scheduler({ database: test.database, schedules, clock, log: silentLog });
    await scheduler.start();
    await waiting;
    const stopped = scheduler.stop();
    begun.emit('next');
    await stopped;
    expect(steps).toEqual([true, false]);
    expect((await state())?.dueAtMs).toBe(at('2026-01-15T12:00'));
  });

  it('are due at once when somebody says so, but not twice at a time', async () => {
    let turns = 0;
    const scheduler = await start(async () => void turns++);
    expect([await hurry('greet'), await hurry('wave')]).toEqual([true, false]);
    await looks(scheduler, 0);
    expect(turns).toBe(2);
  });

  it('with a changed expression count by the new one from then on', async () => {
    await (await start(async () => 'hourly')).stop();
    await start(async () => 'daily', '30 3 * * *');
    expect(await state()).toMatchObject({ cron: '30 3 * * *', dueAtMs: at('2026-01-16T03:30') });
  });
});
