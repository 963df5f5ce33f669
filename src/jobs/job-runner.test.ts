import { EventEmitter, once } from 'node:events';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { FakeClock } from '../../test/support/fake-clock';
import { silentLog } from '../kernel/log';
import type { JobHandler } from './job';
import { type JobRunner, MAX_ATTEMPTS, retryDelayMs, startJobRunner } from './job-runner';
import {
  claimJobs,
  enqueue,
  findDueJobs,
  finishJob,
  listDeadJobs,
  reviveJob,
  forgetDoneJobs,
} from './jobs-store';

const POLL_MS = 1_000;

describe.each(DIALECTS)('jobs on %s', (dialect) => {
  let test: TestDatabase;
  let clock: FakeClock;
  let runners: JobRunner[];
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    clock = new FakeClock();
    runners = [];
    await test.database.write((sql) => sql.run('DELETE FROM jobs'));
  });
  afterEach(() => Promise.all(runners.map((runner) => runner.stop())));

  const add = (uniqueKey: string, rest: { kind?: string; runAtMs?: number } = {}) =>
    test.database.write((sql) =>
      enqueue(sql, {
        kind: 'greet',
        uniqueKey,
        payload: { name: uniqueKey },
        runAtMs: clock.nowMs(),
        nowMs: clock.nowMs(),
        ...rest,
      }),
    );
  const start = (greet: JobHandler, onClock = clock) => {
    const runner = startJobRunner({
      database: test.database,
      clock: onClock,
      log: silentLog,
      handlers: { greet },
      pollMs: POLL_MS,
    });
    runners.push(runner);
    return runner;
  };
  const stateOf = async (uniqueKey: string) =>
    (await test.database.read.all('SELECT state FROM jobs WHERE unique_key = ?', [uniqueKey]))[0]?.state;

  const forget = (beforeMs: number) => test.database.write((sql) => forgetDoneJobs(sql, beforeMs, 10));

  it('runs each job once with what was stored', async () => {
    const greeted: unknown[] = [];
    await add('Ada');
    await add('Bob', { runAtMs: clock.nowMs() - 1 });
    const runner = start(async (job) => void greeted.push(job.payload.name));
    await runner.idle();
    await runner.idle();
    expect(greeted).toEqual(['Bob', 'Ada']);
    expect(await stateOf('Ada')).toBe('done');
  });

  it('forgets jobs that were done long ago, and no others', async () => {
    await add('Ada');
    await start(async () => undefined).idle();
    await add('Bob');
    expect(await forget(clock.nowMs())).toBe(0);
    expect(await forget(clock.nowMs() + 1)).toBe(1);
    expect([await stateOf('Ada'), await stateOf('Bob')]).toEqual([undefined, 'waiting']);
  });

  it('takes one job for one cause, however often it is enqueued', async () => {
    expect(await add('Ada')).toBe(true);
    expect(await add('Ada')).toBe(false);
    let runs = 0;
    await start(async () => void runs++).idle();
    expect(await add('Ada')).toBe(false);
    expect(runs).toBe(1);
  });

  it('forgets a job whose transaction failed', async () => {
    const failing = test.database.write(async (sql) => {
      await enqueue(sql, { kind: 'greet', uniqueKey: 'Ada', payload: {}, runAtMs: 0, nowMs: 0 });
      throw new Error('power cut');
    });
    await expect(failing).rejects.toThrow('power cut');
    expect(await stateOf('Ada')).toBeUndefined();
  });

  it('runs no job before its time and none of another kind', async () => {
    const greeted: unknown[] = [];
    await add('later', { runAtMs: clock.nowMs() + 5_000 });
    await add('other', { kind: 'wave' });
    const runner = start(async (job) => void greeted.push(job.uniqueKey));
    await runner.idle();
    expect(greeted).toEqual([]);
    await clock.advance(5_000);
    await runner.idle();
    expect(greeted).toEqual(['later']);
    expect(await stateOf('other')).toBe('waiting');
  });

  it('tries a failed job again, later each time, and gives it up with its error', async () => {
    const tries: number[] = [];
    await add('Ada');
    const runner = start(async (job) => {
      tries.push(job.attempt);
      throw new Error('no answer');
    });
    await runner.idle();
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt++) {
      await clock.advance(retryDelayMs(attempt) - 1);
      await runner.idle();
      expect(tries).toHaveLength(attempt);
      await clock.advance(1);
      await runner.idle();
      expect(tries).toHaveLength(attempt + 1);
    }
    expect(await listDeadJobs(test.database.read, 10)).toMatchObject([
      { kind: 'greet', uniqueKey: 'Ada', attempts: MAX_ATTEMPTS, error: 'Error: no answer' },
    ]);
  });

  it('gives a dead job a fresh set of tries when a person asks for it', async () => {
    let works = false;
    await add('Ada');
    const runner = start(async () => {
      if (!works) throw new Error('no answer');
    });
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      await runner.idle();
      await clock.advance(retryDelayMs(attempt));
    }
    const [dead] = await listDeadJobs(test.database.read, 10);
    works = true;
    expect(await test.database.write((sql) => reviveJob(sql, dead?.id ?? '', clock.nowMs()))).toBe(true);
    await runner.idle();
    expect(await stateOf('Ada')).toBe('done');
  });

  it('goes on with the next job when one fails', async () => {
    const greeted: unknown[] = [];
    await add('bad');
    await add('good');
    await start(async (job) => {
      if (job.uniqueKey === 'bad') throw new Error('no');
      greeted.push(job.uniqueKey);
    }).idle();
    expect(greeted).toEqual(['good']);
  });

  it('does many of a kind at once where that is possible, and each alone when one of them fails', async () => {
    const together: string[][] = [];
    const alone: string[] = [];
    for (const name of ['Ada', 'bad', 'Bob']) await add(name);
    const runner = startJobRunner({
      database: test.database,
      clock,
      log: silentLog,
      handlers: {
        greet: async (job) => {
          if (job.uniqueKey === 'bad') throw new Error('no');
          alone.push(job.uniqueKey);
        },
      },
      together: {
        greet: async (jobs) => {
          together.push(jobs.map(({ uniqueKey }) => uniqueKey));
          if (jobs.some(({ uniqueKey }) => uniqueKey === 'bad')) throw new Error('no');
        },
      },
      pollMs: POLL_MS,
    });
    runners.push(runner);
    await runner.idle();
    expect([together.map((names) => names.toSorted()), alone.toSorted()]).toEqual([
      [['Ada', 'Bob', 'bad']],
      ['Ada', 'Bob'],
    ]);
    for (const name of ['Cid', 'Dan']) await add(name);
    await runner.idle();
    expect(together[1]?.toSorted()).toEqual(['Cid', 'Dan']);
    expect([await stateOf('Ada'), await stateOf('Cid'), await stateOf('bad')]).toEqual([
      'done',
      'done',
      'waiting',
    ]);
  });

  it('never runs one job twice, with several runners at once', async () => {
    const runs = new Map<string, number>();
    for (let n = 0; n < 60; n++) await add(`job ${n}`);
    const handler: JobHandler = async (job) => {
      runs.set(job.uniqueKey, (runs.get(job.uniqueKey) ?? 0) + 1);
    };
    const team = Array.from({ length: 5 }, () => start(handler));
    while (runs.size < 60) await Promise.all(team.map((runner) => runner.idle()));
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
  });

  it('takes over the job of a runner that died, when its lease has run out and not before', async () => {
    await add('orphan');
    const nowMs = clock.nowMs();
    const due = await findDueJobs(test.database.read, { kinds: ['greet'], limit: 10, nowMs });
    await test.database.write((sql) =>
      claimJobs(sql, due, { token: 'dead runner', nowMs, untilMs: nowMs + 30_000 }),
    );
    const attempts: number[] = [];
    const runner = start(async (job) => void attempts.push(job.attempt));
    await clock.advance(29_999);
    await runner.idle();
    expect(attempts).toEqual([]);
    await clock.advance(1);
    await runner.idle();
    expect(attempts).toEqual([2]);
  });

  it('lets no job die of another that kills its runner: what was in the same batches is done, and the killer ends among the dead', async () => {
    for (const key of ['killer', ...Array.from({ length: 9 }, (_, n) => `innocent ${n}`)]) await add(key);
    const done = new Set<string>();
    /** Runs one batch as a runner does, and dies at the killer: what it had claimed stays claimed. */
    const liveAndDie = async (life: number) => {
      const nowMs = clock.nowMs();
      const due = await findDueJobs(test.database.read, { kinds: ['greet'], limit: 10, nowMs });
      const token = `life ${life}`;
      const jobs = await test.database.write((sql) =>
        claimJobs(sql, due, { token, nowMs, untilMs: nowMs + 30_000 }),
      );
      for (const job of jobs) {
        if (job.uniqueKey === 'killer') return;
        done.add(job.uniqueKey);
        await test.database.write((sql) => finishJob(sql, job, token, nowMs));
      }
    };
    for (let life = 0; life < MAX_ATTEMPTS; life++) {
      await liveAndDie(life);
      await clock.advance(30_000);
    }
    start(async (job) => void done.add(job.uniqueKey)).nudge();
    while (done.size < 9) await Promise.all(runners.map((runner) => runner.idle()));
    expect([...done].filter((key) => key.startsWith('innocent'))).toHaveLength(9);
    expect(done).not.toContain('killer');
    expect(await stateOf('killer')).toBe('dead');
  });

  it('keeps the lease of a job that takes long', async () => {
    await add('slow');
    const held = new EventEmitter();
    start(async () => {
      held.emit('begun');
      await once(held, 'finish');
    }).nudge();
    await once(held, 'begun');
    let stolen = 0;
    const thief = start(async () => void stolen++);
    for (let turn = 0; turn < 12; turn++) {
      await clock.advance(10_000);
      // The renewal goes to a real database, which the standing clock does not wait for.
      await thief.idle();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(stolen).toBe(0);
    held.emit('finish');
    await runners[0]?.idle();
    expect(await stateOf('slow')).toBe('done');
  });

  it('finishes what it has when it is stopped, and takes nothing more', async () => {
    const runner = start(async () => undefined);
    await runner.stop();
    await add('late');
    runner.nudge();
    await runner.idle();
    await clock.advance(POLL_MS * 3);
    expect(await stateOf('late')).toBe('waiting');
  });
});
