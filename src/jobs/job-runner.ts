import type { Clock } from '../kernel/clock';
import { newId } from '../kernel/ids';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import type { Job, JobHandler, JobsHandler } from './job';
import { claimJobs, failJob, findDueJobs, finishJob, finishJobs, renewLease } from './jobs-store';

/** Jobs one claim takes. */
const BATCH = 100;

/** A runner that dies gives its jobs back after this; while it lives it renews three times as often. */
const LEASE_MS = 30_000;

/** A job that failed this often is dead: kept, with its error, until a person looks. */
export const MAX_ATTEMPTS = 8;

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 10 * 60_000;

export type JobRunner = {
  /** Looks for due jobs now instead of at the next poll. */
  nudge(): void;
  /** Resolves when no job is due and this runner runs none. */
  idle(): Promise<void>;
  /** Takes no further job and resolves when the ones it has are done. */
  stop(): Promise<void>;
};

export type JobRunnerParts = {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** By kind; jobs of other kinds stay for other runners. */
  readonly handlers: Readonly<Record<string, JobHandler>>;
  /** Kinds whose jobs may be done many at once. */
  readonly together?: Readonly<Record<string, JobsHandler>>;
  readonly pollMs: number;
  /** How long after which failure the next try comes; left out, retryDelayMs. */
  readonly retryDelayMs?: (attempt: number) => number;
};

/** Runs due jobs until stopped: each by one runner at a time, again after a failure, later each time. */
export function startJobRunner(parts: JobRunnerParts): JobRunner {
  const { clock, log, pollMs } = parts;
  let stopped = false;
  let lookAgain = false;
  let round: Promise<void> | undefined;

  const nudge = () => {
    if (stopped) return;
    lookAgain = true;
    round ??= runUntilNothingIsDue().finally(() => {
      round = undefined;
      // A nudge that came after the last look and before this line.
      if (lookAgain) nudge();
    });
  };

  const runUntilNothingIsDue = async () => {
    try {
      while (lookAgain) {
        lookAgain = false;
        if ((await runBatch(parts)) > 0) lookAgain = !stopped;
      }
    } catch (error) {
      // The database is away; the next poll tries again.
      log.error('job round failed', { error: describe(error) });
      lookAgain = false;
    }
  };

  const untilQuiet = async (): Promise<void> => {
    if (!round) return;
    await round;
    await untilQuiet();
  };

  const polling = clock.every(pollMs, nudge);
  return {
    nudge,
    async idle() {
      nudge();
      await untilQuiet();
    },
    async stop() {
      stopped = true;
      lookAgain = false;
      polling.cancel();
      await untilQuiet();
    },
  };
}

/** Claims one batch, runs it and gives its size. */
async function runBatch(parts: JobRunnerParts): Promise<number> {
  const { database, clock, log, handlers } = parts;
  const nowMs = clock.nowMs();
  const due = await findDueJobs(database.read, { kinds: Object.keys(handlers), limit: BATCH, nowMs });
  if (due.length === 0) return 0;
  const token = newId(nowMs);
  let leaseUntilMs = nowMs + LEASE_MS;
  const jobs = await database.write((sql) => claimJobs(sql, due, { token, nowMs, untilMs: leaseUntilMs }));
  const renew = async () => {
    const untilMs = clock.nowMs() + LEASE_MS;
    try {
      await database.write((sql) => renewLease(sql, token, untilMs));
      leaseUntilMs = untilMs;
    } catch (error) {
      log.warn('job lease not renewed', { error: describe(error) });
    }
  };
  const renewing = clock.every(LEASE_MS / 3, () => void renew());
  try {
    const alone = await runTogether(parts, jobs, token);
    for (const job of alone) {
      // Another runner may have the rest of the batch by now.
      if (clock.nowMs() >= leaseUntilMs) break;
      await runJob(parts, job, token);
    }
  } finally {
    renewing.cancel();
  }
  return jobs.length;
}

/** Does at once what can be done at once, and gives the jobs that are left to be done alone. */
async function runTogether(
  { database, clock, log, together = {} }: JobRunnerParts,
  jobs: readonly Job[],
  token: string,
): Promise<readonly Job[]> {
  const done = new Set<string>();
  for (const [kind, handler] of Object.entries(together)) {
    const own = jobs.filter((job) => job.kind === kind && job.attempt === 1);
    if (own.length < 2) continue;
    try {
      await handler(own);
    } catch (error) {
      log.warn('jobs are tried one by one', { kind, jobs: own.length, error: describe(error) });
      continue;
    }
    await database.write((sql) => finishJobs(sql, own, { token, nowMs: clock.nowMs() }));
    for (const { id } of own) done.add(id);
  }
  return jobs.filter(({ id }) => !done.has(id));
}

async function runJob(parts: JobRunnerParts, job: Job, token: string): Promise<void> {
  const { database, clock, log, handlers } = parts;
  try {
    // Only a runner that died leaves more tries behind than a failure counts.
    if (job.attempt > MAX_ATTEMPTS) throw new Error(`its runners died ${job.attempt - 1} times`);
    await (handlers[job.kind] as JobHandler)(job);
  } catch (error) {
    await putBack(parts, { job, token, error: describe(error) });
    return;
  }
  const kept = await database.write((sql) => finishJob(sql, job, token, clock.nowMs()));
  if (!kept) log.warn('job lease lost before the end', { kind: job.kind, key: job.uniqueKey });
}

async function putBack(
  { database, clock, log, retryDelayMs: delayMs = retryDelayMs }: JobRunnerParts,
  failure: { readonly job: Job; readonly token: string; readonly error: string },
): Promise<void> {
  const { job, error } = failure;
  const nowMs = clock.nowMs();
  const facts = { kind: job.kind, key: job.uniqueKey, attempt: job.attempt, error };
  const isDead = job.attempt >= MAX_ATTEMPTS;
  if (isDead) log.error('job is dead', facts);
  else log.warn('job failed', facts);
  const runAtMs = isDead ? null : nowMs + delayMs(job.attempt);
  await database.write((sql) => failJob(sql, { ...failure, runAtMs, nowMs }));
}

/** 1 s after the first failure, then twice as long each time, at most ten minutes. */
export function retryDelayMs(attempt: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempt - 1));
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
