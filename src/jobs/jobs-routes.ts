import { z } from 'zod';
import { limitSchema, type Route, route } from '../http/route';
import { Conflict, NotFound } from '../kernel/app-error';
import type { Database } from '../kernel/unit-of-work';
import { listDeadJobs, reviveJob } from './jobs-store';
import type { Schedule } from './schedule';
import { hurrySchedule, listSchedules } from './schedules-store';

const deadJobSchema = z.object({
  id: z.string(),
  kind: z.string(),
  uniqueKey: z.string(),
  attempts: z.number(),
  error: z.string(),
  diedAtMs: z.number(),
});

const scheduleSchema = z.object({
  name: z.string(),
  says: z.string(),
  cron: z.string(),
  dueAtMs: z.number(),
  tryAtMs: z.number(),
  failures: z.number(),
  leaseToken: z.number(),
  leaseUntilMs: z.number().nullable(),
  startedAtMs: z.number().nullable(),
  finishedAtMs: z.number().nullable(),
  lastResult: z.string().nullable(),
  lastError: z.string().nullable(),
});

/** URLs of work that is done by itself: the schedules, and the jobs that failed too often. */
export function jobRoutes(database: Database, schedules: readonly Schedule[]): readonly Route[] {
  const says = new Map(schedules.map((schedule) => [schedule.name, schedule.says]));
  return [
    route({
      method: 'get',
      path: '/schedules',
      summary: 'Work by the calendar: when each is due (cron, UTC), how its last turn ended',
      scope: 'jobs:read',
      answer: { kind: 'json', schema: z.object({ schedules: z.array(scheduleSchema) }) },
      handle: async () => ({
        schedules: (await listSchedules(database.read)).map((state) => ({
          ...state,
          says: says.get(state.name) ?? 'is of a version of the program that does not run here',
        })),
      }),
    }),
    route({
      method: 'post',
      path: '/schedules/{name}/run',
      summary: 'Makes a schedule due now; a node takes it up within a minute',
      scope: 'jobs:write',
      params: z.object({ name: z.string().max(60) }),
      answer: { kind: 'json', schema: z.object({ name: z.string(), dueAtMs: z.number() }) },
      handle: async ({ params: { name }, nowMs }) => {
        if (!says.has(name)) throw new NotFound('schedule', name);
        if (!(await database.write((sql) => hurrySchedule(sql, name, nowMs))))
          throw new Conflict('the schedule is at work already', { name });
        return { name, dueAtMs: nowMs };
      },
    }),
    route({
      method: 'get',
      path: '/jobs/dead',
      summary: 'Jobs that failed too often, the oldest first, with what their last try said',
      scope: 'jobs:read',
      query: z.object({ limit: limitSchema }),
      answer: { kind: 'json', schema: z.object({ jobs: z.array(deadJobSchema) }) },
      handle: async ({ query }) => ({ jobs: await listDeadJobs(database.read, query.limit) }),
    }),
    route({
      method: 'post',
      path: '/jobs/{jobId}/revive',
      summary: 'Gives a dead job a fresh set of tries',
      scope: 'jobs:write',
      params: z.object({ jobId: z.string().max(36) }),
      answer: { kind: 'json', schema: z.object({ id: z.string() }) },
      handle: async ({ params: { jobId }, nowMs }) => {
        if (!(await database.write((sql) => reviveJob(sql, jobId, nowMs))))
          throw new NotFound('dead job', jobId);
        return { id: jobId };
      },
    }),
  ];
}
