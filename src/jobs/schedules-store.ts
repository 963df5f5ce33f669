import {
  DuplicateKey,
  integer,
  integerOrNull,
  type Row,
  type Sql,
  text,
  textOrNull,
} from '../kernel/unit-of-work';
import { nextDueMs, type Schedule } from './schedule';

const LONGEST_TEXT = 2_000;

/** How a schedule stands, as all nodes see it. */
export type ScheduleState = {
  readonly name: string;
  readonly cron: string;
  readonly dueAtMs: number;
  /** When a runner takes it up next: the due moment, or later after a failure. */
  readonly tryAtMs: number;
  readonly failures: number;
  readonly leaseToken: number;
  readonly leaseUntilMs: number | null;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
  readonly lastResult: string | null;
  readonly lastError: string | null;
};

/**
 * Makes a row for a schedule that has none, first due at once: a new installation has nothing to do then, an old one what it missed. A changed
 * expression counts from now on.
 */
export async function registerSchedule(
  sql: Sql,
  { name, cron }: Pick<Schedule, 'name' | 'cron'>,
  nowMs: number,
) {
  try {
    await sql.run(
      `INSERT INTO schedules (name, cron, due_at_ms, try_at_ms, failures, lease_token) VALUES (?, ?, ?, ?, 0, 0)`,
      [name, cron, nowMs, nowMs],
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    const dueAtMs = nextDueMs(cron, nowMs);
    await sql.run(
      'UPDATE schedules SET cron = ?, due_at_ms = ?, try_at_ms = ? WHERE name = ? AND cron <> ?',
      [cron, dueAtMs, dueAtMs, name, cron],
    );
  }
}

/** Takes the turn of a schedule that is due and nobody's; null when it is not due, or another node has it. */
export async function takeTurn(
  sql: Sql,
  { name, nowMs, untilMs }: { readonly name: string; readonly nowMs: number; readonly untilMs: number },
): Promise<ScheduleState | null> {
  const taken = await sql.run(
    `UPDATE schedules SET lease_token = lease_token + 1, lease_until_ms = ?, started_at_ms = ?
     WHERE name = ? AND try_at_ms <= ? AND (lease_until_ms IS NULL OR lease_until_ms <= ?)`,
    [untilMs, nowMs, name, nowMs, nowMs],
  );
  if (taken === 0) return null;
  const [row] = await sql.all('SELECT * FROM schedules WHERE name = ?', [name]);
  return row ? toState(row) : null;
}

type Turn = Pick<ScheduleState, 'name' | 'leaseToken'>;

/** Lets a turn last longer. False when it is somebody else's by now. */
export async function renewTurn(sql: Sql, { name, leaseToken }: Turn, untilMs: number): Promise<boolean> {
  const changed = await sql.run(
    'UPDATE schedules SET lease_until_ms = ? WHERE name = ? AND lease_token = ?',
    [untilMs, name, leaseToken],
  );
  return changed === 1;
}

/** Ends a turn that did its work, or failed and is tried again. False when it is somebody else's by now: then nothing is written. */
export async function endTurn(
  sql: Sql,
  { name, leaseToken }: Turn,
  end:
    | { readonly result: string; readonly dueAtMs: number; readonly nowMs: number }
    | { readonly error: string; readonly tryAtMs: number; readonly nowMs: number },
): Promise<boolean> {
  const changed =
    'result' in end
      ? await sql.run(
          `UPDATE schedules SET lease_until_ms = NULL, due_at_ms = ?, try_at_ms = ?, failures = 0, finished_at_ms = ?, last_result = ?, last_error = NULL
           WHERE name = ? AND lease_token = ?`,
          [end.dueAtMs, end.dueAtMs, end.nowMs, end.result.slice(0, LONGEST_TEXT), name, leaseToken],
        )
      : await sql.run(
          `UPDATE schedules SET lease_until_ms = NULL, try_at_ms = ?, failures = failures + 1, finished_at_ms = ?, last_error = ?
           WHERE name = ? AND lease_token = ?`,
          [end.tryAtMs, end.nowMs, end.error.slice(0, LONGEST_TEXT), name, leaseToken],
        );
  return changed === 1;
}

/** All schedules, by name. */
export async function listSchedules(sql: Sql): Promise<readonly ScheduleState[]> {
  return (await sql.all('SELECT * FROM schedules ORDER BY name')).map(toState);
}

/** Makes a schedule due now. False when there is none of this name, or its turn is being taken. */
export async function hurrySchedule(sql: Sql, name: string, nowMs: number): Promise<boolean> {
  const changed = await sql.run(
    'UPDATE schedules SET due_at_ms = ?, try_at_ms = ? WHERE name = ? AND (lease_until_ms IS NULL OR lease_until_ms <= ?)',
    [nowMs, nowMs, name, nowMs],
  );
  return changed === 1;
}

function toState(row: Row): ScheduleState {
  return {
    name: text(row.name),
    cron: text(row.cron),
    dueAtMs: integer(row.due_at_ms),
    tryAtMs: integer(row.try_at_ms),
    failures: integer(row.failures),
    leaseToken: integer(row.lease_token),
    leaseUntilMs: integerOrNull(row.lease_until_ms),
    startedAtMs: integerOrNull(row.started_at_ms),
    finishedAtMs: integerOrNull(row.finished_at_ms),
    lastResult: textOrNull(row.last_result),
    lastError: textOrNull(row.last_error),
  };
}
