import { NotFound } from '../../kernel/app-error';
import { newId } from '../../kernel/ids';
import {
  type Database,
  DuplicateKey,
  integer,
  integerOrNull,
  type Row,
  type Sql,
  type SqlValue,
  text,
  textOrNull,
} from '../../kernel/unit-of-work';
import { occurrencesBetween } from './occurrences';
import {
  checkedSchedule,
  MAX_SCHEDULES_A_ROOM,
  type Schedule,
  type StoredSchedule,
  TooManySchedules,
  WEEKDAYS,
} from './schedule';

/** A start is dialled this long after it has come: who was down for longer than that would ring people in the middle of a meeting. */
export const DIAL_OUT_GRACE_MS = 600_000;
/** Schedules looked at in one read. */
const PAGE = 200;
/** Starts of one schedule that can lie within the grace time. */
const MAX_STARTS_IN_GRACE = 2;
/** Runs are remembered far longer than they could be dialled again. */
const RUNS_KEPT_MS = 30 * 86_400_000;

const SETTABLE = [
  'time_zone',
  'starts_local',
  'duration_minutes',
  'repeats',
  'every_count',
  'weekdays',
  'until_date',
  'occurrence_count',
  'early_entry_minutes',
  'dials_out',
];
const COLUMNS = ['id', 'room_id', ...SETTABLE, 'revision', 'created_at_ms', 'changed_at_ms'];
const SELECT = `SELECT ${COLUMNS.map((column) => `room_schedules.${column}`).join(', ')} FROM room_schedules`;

/** A meeting that begins by calling the list. */
export type DueDialOut = {
  readonly roomId: string;
  readonly scheduleId: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
};

/** @throws NotFound for the room, InvalidInput, TooManySchedules */
export async function createSchedule(
  database: Database,
  roomId: string,
  wish: Schedule,
  nowMs: number,
): Promise<StoredSchedule> {
  const schedule = checkedSchedule(wish);
  const id = newId(nowMs);
  return database.write(async (sql) => {
    const [room] = await sql.all(`SELECT id FROM rooms WHERE id = ?${sql.forUpdate}`, [roomId]);
    if (!room) throw new NotFound('room', roomId);
    if ((await schedulesOfRoom(sql, roomId)).length >= MAX_SCHEDULES_A_ROOM)
      throw new TooManySchedules(roomId);
    await sql.run(
      `INSERT INTO room_schedules (${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`,
      [id, roomId, ...valuesOf(schedule), 0, nowMs, nowMs],
    );
    return scheduleById(sql, roomId, id);
  });
}

/** Changes a schedule; what is left out stays. @throws NotFound, InvalidInput */
export async function changeSchedule(
  database: Database,
  position: { readonly roomId: string; readonly scheduleId: string },
  wish: { readonly [Name in keyof Schedule]?: Schedule[Name] | undefined },
  nowMs: number,
): Promise<StoredSchedule> {
  const { roomId, scheduleId } = position;
  return database.write(async (sql) => {
    const [row] = await sql.all(`${SELECT} WHERE id = ? AND room_id = ?${sql.forUpdate}`, [
      scheduleId,
      roomId,
    ]);
    if (!row) throw new NotFound('schedule', scheduleId);
    const given = Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined));
    const schedule = checkedSchedule({ ...toSchedule(row), ...given });
    await sql.run(
      `UPDATE room_schedules SET ${SETTABLE.map((column) => `${column} = ?`).join(', ')}, revision = revision + 1, changed_at_ms = ? WHERE id = ?`,
      [...valuesOf(schedule), nowMs, scheduleId],
    );
    return scheduleById(sql, roomId, scheduleId);
  });
}

/** @throws NotFound */
export async function deleteSchedule(database: Database, roomId: string, scheduleId: string): Promise<void> {
  const deleted = await database.write((sql) =>
    sql.run('DELETE FROM room_schedules WHERE id = ? AND room_id = ?', [scheduleId, roomId]),
  );
  if (deleted === 0) throw new NotFound('schedule', scheduleId);
}

/** @throws NotFound, also for a schedule of another room */
export async function scheduleById(sql: Sql, roomId: string, scheduleId: string): Promise<StoredSchedule> {
  const [row] = await sql.all(`${SELECT} WHERE id = ? AND room_id = ?`, [scheduleId, roomId]);
  if (!row) throw new NotFound('schedule', scheduleId);
  return toSchedule(row);
}

/** The schedules of a room, which are bounded, in the order they were made. */
export async function schedulesOfRoom(sql: Sql, roomId: string): Promise<readonly StoredSchedule[]> {
  const rows = await sql.all(`${SELECT} WHERE room_id = ? ORDER BY id LIMIT ?`, [
    roomId,
    MAX_SCHEDULES_A_ROOM,
  ]);
  return rows.map(toSchedule);
}

/**
 * Claims the meetings of open rooms that dial out and whose start has come within the last DIAL_OUT_GRACE_MS, and gives those that
 * nobody claimed before. A claim is one unique insert and is never given back: a list is rather not called than called twice.
 */
export async function claimDueDialOuts(database: Database, nowMs: number): Promise<readonly DueDialOut[]> {
  const claimed: DueDialOut[] = [];
  let afterId = '';
  for (;;) {
    const rows = await database.read.all(
      `${SELECT} JOIN rooms ON rooms.id = room_schedules.room_id
       WHERE dials_out = 1 AND room_schedules.id > ? AND rooms.state = 'open' ORDER BY room_schedules.id LIMIT ?`,
      [afterId, PAGE],
    );
    const schedules = rows.map(toSchedule);
    for (const due of schedules.flatMap((schedule) => dueOf(schedule, nowMs)))
      if (await claim(database, due, nowMs)) claimed.push(due);
    const last = schedules.at(-1);
    if (!last || schedules.length < PAGE) return claimed;
    afterId = last.id;
  }
}

/** Forgets runs that can no longer come due; gives their number. */
export async function forgetOldRuns(database: Database, nowMs: number): Promise<number> {
  return database.write((sql) =>
    sql.run('DELETE FROM room_schedule_runs WHERE starts_at_ms < ?', [nowMs - RUNS_KEPT_MS]),
  );
}

function dueOf(schedule: StoredSchedule, nowMs: number): readonly DueDialOut[] {
  return (
    occurrencesBetween(schedule, nowMs - DIAL_OUT_GRACE_MS, nowMs + 1, MAX_STARTS_IN_GRACE)
      // Who writes a start down after it has come does not mean: call now.
      .filter(({ startsAtMs }) => startsAtMs >= schedule.changedAtMs)
      .map((occurrence) => ({ roomId: schedule.roomId, scheduleId: schedule.id, ...occurrence }))
  );
}

async function claim(database: Database, due: DueDialOut, nowMs: number): Promise<boolean> {
  try {
    await database.write((sql) =>
      sql.run(
        'INSERT INTO room_schedule_runs (schedule_id, starts_at_ms, room_id, claimed_at_ms) VALUES (?, ?, ?, ?)',
        [due.scheduleId, due.startsAtMs, due.roomId, nowMs],
      ),
    );
    return true;
  } catch (error) {
    if (error instanceof DuplicateKey) return false;
    throw error;
  }
}

/** The schedule's values in the order of SETTABLE. */
function valuesOf(schedule: Schedule): SqlValue[] {
  return [
    schedule.timeZone,
    schedule.startsLocal,
    schedule.durationMinutes,
    schedule.repeats,
    schedule.interval,
    schedule.weekdays.map((name) => WEEKDAYS.indexOf(name) + 1).join(','),
    schedule.untilDate,
    schedule.count,
    schedule.earlyEntryMinutes,
    Number(schedule.dialsOut),
  ];
}

function toSchedule(row: Row): StoredSchedule {
  const weekdays = text(row.weekdays).split(',').filter(Boolean);
  return {
    id: text(row.id),
    roomId: text(row.room_id),
    timeZone: text(row.time_zone),
    startsLocal: text(row.starts_local),
    durationMinutes: integer(row.duration_minutes),
    repeats: text(row.repeats) as Schedule['repeats'],
    interval: integer(row.every_count),
    weekdays: weekdays.flatMap((number) => WEEKDAYS[Number(number) - 1] ?? []),
    untilDate: textOrNull(row.until_date),
    count: integerOrNull(row.occurrence_count),
    earlyEntryMinutes: integer(row.early_entry_minutes),
    dialsOut: integer(row.dials_out) === 1,
    revision: integer(row.revision),
    createdAtMs: integer(row.created_at_ms),
    changedAtMs: integer(row.changed_at_ms),
  };
}
