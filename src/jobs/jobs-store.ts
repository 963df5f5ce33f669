import { newId } from '../kernel/ids';
import {
  DuplicateKey,
  integer,
  integerOrNull,
  type Row,
  type Sql,
  text,
  textOrNull,
} from '../kernel/unit-of-work';
import type { Job, NewJob } from './job';

const LONGEST_ERROR = 2_000;

/** Stores a job inside the caller's transaction. False when its kind and key are there already: that changes nothing. */
export async function enqueue(sql: Sql, job: NewJob): Promise<boolean> {
  try {
    await sql.run(
      `INSERT INTO jobs (id, kind, unique_key, payload, state, run_at_ms, attempts, created_at_ms)
       VALUES (?, ?, ?, ?, 'waiting', ?, 0, ?)`,
      [newId(job.nowMs), job.kind, job.uniqueKey, JSON.stringify(job.payload), job.runAtMs, job.nowMs],
    );
    return true;
  } catch (error) {
    if (error instanceof DuplicateKey) return false;
    throw error;
  }
}

/** Stores jobs of causes that are new, in one statement inside the caller's transaction. @throws DuplicateKey when one was there already */
export async function enqueueNew(sql: Sql, jobs: readonly NewJob[]): Promise<void> {
  if (jobs.length === 0) return;
  await sql.run(
    `INSERT INTO jobs (id, kind, unique_key, payload, state, run_at_ms, attempts, created_at_ms)
     VALUES ${jobs.map(() => "(?, ?, ?, ?, 'waiting', ?, 0, ?)").join(', ')}`,
    jobs.flatMap((job) => [
      newId(job.nowMs),
      job.kind,
      job.uniqueKey,
      JSON.stringify(job.payload),
      job.runAtMs,
      job.nowMs,
    ]),
  );
}

export type Claim = {
  readonly kinds: readonly string[];
  readonly limit: number;
  readonly nowMs: number;
  readonly leaseUntilMs: number;
};

/** A job whose runner has died so often, in the middle of a batch, is tried alone: it may be the one that kills, and the others shall not die with it. */
export const TRIED_ALONE_AFTER = 3;

/** Ids of jobs that are due: waiting ones, and running ones whose lease ran out because their runner died. One that is to be tried alone comes alone. */
export async function findDueJobs(
  sql: Sql,
  { kinds, limit, nowMs }: Omit<Claim, 'leaseUntilMs'>,
): Promise<readonly string[]> {
  if (kinds.length === 0) return [];
  const ofKinds = `kind IN (${kinds.map(() => '?').join(', ')})`;
  const waiting = await sql.all(
    `SELECT id FROM jobs WHERE state = 'waiting' AND run_at_ms <= ? AND ${ofKinds} ORDER BY run_at_ms, id LIMIT ?`,
    [nowMs, ...kinds, limit],
  );
  const orphaned = await sql.all(
    `SELECT id, attempts FROM jobs WHERE state = 'running' AND lease_until_ms <= ? AND ${ofKinds} ORDER BY run_at_ms, id LIMIT ?`,
    [nowMs, ...kinds, limit],
  );
  const suspect = orphaned.find(({ attempts }) => integer(attempts) >= TRIED_ALONE_AFTER);
  if (suspect) return [text(suspect.id)];
  return [...orphaned, ...waiting].slice(0, limit).map((row) => text(row.id));
}

/** Takes those of the jobs that nobody took in between, under one new lease. */
export async function claimJobs(
  sql: Sql,
  jobIds: readonly string[],
  lease: { readonly token: string; readonly nowMs: number; readonly untilMs: number },
): Promise<readonly Job[]> {
  if (jobIds.length === 0) return [];
  const taken = await sql.run(
    `UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_token = ?, lease_until_ms = ?
     WHERE id IN (${jobIds.map(() => '?').join(', ')})
       AND (state = 'waiting' OR (state = 'running' AND lease_until_ms <= ?))`,
    [lease.token, lease.untilMs, ...jobIds.toSorted(), lease.nowMs],
  );
  if (taken === 0) return [];
  const rows = await sql.all('SELECT * FROM jobs WHERE lease_token = ? ORDER BY run_at_ms, id', [
    lease.token,
  ]);
  return rows.map(toJob);
}

/** Lets the lease of what still runs under it end later. */
export async function renewLease(sql: Sql, token: string, untilMs: number): Promise<void> {
  await sql.run(
    "UPDATE jobs SET lease_until_ms = ? WHERE lease_token = ? AND state = 'running' AND lease_until_ms < ?",
    [untilMs, token, untilMs],
  );
}

/** False when the lease was lost: somebody else has the job now. */
export async function finishJob(sql: Sql, job: Job, token: string, nowMs: number): Promise<boolean> {
  const changed = await sql.run(
    `UPDATE jobs SET state = 'done', lease_token = NULL, lease_until_ms = NULL, last_error = NULL, finished_at_ms = ?
     WHERE id = ? AND lease_token = ?`,
    [nowMs, job.id, token],
  );
  return changed === 1;
}

/** The same for many; those whose lease was lost stay with whoever has them now. */
export async function finishJobs(
  sql: Sql,
  jobs: readonly Job[],
  { token, nowMs }: { readonly token: string; readonly nowMs: number },
): Promise<void> {
  await sql.run(
    `UPDATE jobs SET state = 'done', lease_token = NULL, lease_until_ms = NULL, last_error = NULL, finished_at_ms = ?
     WHERE id IN (${jobs.map(() => '?').join(', ')}) AND lease_token = ?`,
    [nowMs, ...jobs.map(({ id }) => id), token],
  );
}

/** Puts a failed job back until `runAtMs`, or among the dead (null) where people look at it. */
export async function failJob(
  sql: Sql,
  failure: {
    readonly job: Job;
    readonly token: string;
    readonly error: string;
    readonly runAtMs: number | null;
    readonly nowMs: number;
  },
): Promise<void> {
  const dead = failure.runAtMs === null;
  await sql.run(
    `UPDATE jobs SET state = ?, run_at_ms = ?, lease_token = NULL, lease_until_ms = NULL, last_error = ?, finished_at_ms = ?
     WHERE id = ? AND lease_token = ?`,
    [
      dead ? 'dead' : 'waiting',
      failure.runAtMs ?? failure.nowMs,
      failure.error.slice(0, LONGEST_ERROR),
      dead ? failure.nowMs : null,
      failure.job.id,
      failure.token,
    ],
  );
}

/** A job that failed too often, with what its last try said. */
export type DeadJob = {
  readonly id: string;
  readonly kind: string;
  readonly uniqueKey: string;
  readonly attempts: number;
  readonly error: string;
  readonly diedAtMs: number;
};

/** The dead jobs, oldest first, at most `limit`. */
export async function listDeadJobs(sql: Sql, limit: number): Promise<readonly DeadJob[]> {
  const rows = await sql.all("SELECT * FROM jobs WHERE state = 'dead' ORDER BY run_at_ms, id LIMIT ?", [
    limit,
  ]);
  return rows.map((row) => ({
    id: text(row.id),
    kind: text(row.kind),
    uniqueKey: text(row.unique_key),
    attempts: integer(row.attempts),
    error: textOrNull(row.last_error) ?? '',
    diedAtMs: integerOrNull(row.finished_at_ms) ?? 0,
  }));
}

/** Gives a dead job a fresh set of tries. False when it is not dead. */
export async function reviveJob(sql: Sql, jobId: string, nowMs: number): Promise<boolean> {
  const changed = await sql.run(
    "UPDATE jobs SET state = 'waiting', attempts = 0, run_at_ms = ?, finished_at_ms = NULL WHERE id = ? AND state = 'dead'",
    [nowMs, jobId],
  );
  return changed === 1;
}

/**
 * Removes jobs that were done before a moment, at most `limit`; gives their number. A cause that comes again after that makes a new job,
 * so what a job does must still do nothing the second time.
 */
export async function forgetDoneJobs(sql: Sql, beforeMs: number, limit: number): Promise<number> {
  const rows = await sql.all(
    "SELECT id FROM jobs WHERE state = 'done' AND finished_at_ms < ? ORDER BY run_at_ms, id LIMIT ?",
    [beforeMs, limit],
  );
  if (rows.length === 0) return 0;
  const ids = rows.map((row) => text(row.id));
  return sql.run(`DELETE FROM jobs WHERE state = 'done' AND id IN (${ids.map(() => '?').join(', ')})`, ids);
}

function toJob(row: Row): Job {
  return {
    id: text(row.id),
    kind: text(row.kind),
    uniqueKey: text(row.unique_key),
    payload: JSON.parse(text(row.payload)) as Readonly<Record<string, unknown>>,
    attempt: integer(row.attempts),
  };
}
