import { type Schedule, WEEKDAYS } from './schedule';
import { instantOf } from './wall-time';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Nothing is looked for after the year that schedules may begin in: a rule without an end would never be done. */
const LAST_DAY = Date.UTC(2100, 0, 1) / DAY_MS;

/** One meeting. Milliseconds since 1970 UTC; the end is a duration after the start, whatever clocks do in between. */
export type Occurrence = { readonly startsAtMs: number; readonly endsAtMs: number };

/**
 * The meetings that start from `fromMs` to before `toMs`, in order, at most `limit`. Rules are those of RFC 5545 section 3.3.10: a month
 * without the day is left out; `count` counts meetings. Two wall times that a day missing from the calendar moves onto one moment
 * (Apia, 30 December 2011) are one meeting.
 */
export function occurrencesBetween(
  schedule: Schedule,
  fromMs: number,
  toMs: number,
  limit: number,
): readonly Occurrence[] {
  const found: Occurrence[] = [];
  const wallOfDayMs = Date.parse(`${schedule.startsLocal}Z`) % DAY_MS;
  // A wall time is at most a day away from the same figure in UTC, so earlier days need no look at the zone.
  const firstDay = Math.floor(fromMs / DAY_MS) - 2;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const day of localDays(schedule, firstDay)) {
    if (found.length >= limit) break;
    if (day < firstDay) continue;
    const startsAtMs = instantOf(schedule.timeZone, day * DAY_MS + wallOfDayMs);
    if (startsAtMs >= toMs) break;
    if (startsAtMs >= fromMs && startsAtMs > lastMs)
      found.push({ startsAtMs, endsAtMs: startsAtMs + schedule.durationMinutes * MINUTE_MS });
    lastMs = startsAtMs;
  }
  return found;
}

/** The first meeting of a schedule, or null when its rule never meets. */
export function firstOccurrence(schedule: Schedule): Occurrence | null {
  const fromMs = Date.parse(`${schedule.startsLocal}Z`) - DAY_MS;
  return occurrencesBetween(schedule, fromMs, Number.POSITIVE_INFINITY, 1)[0] ?? null;
}

/**
 * Whether a room may be entered by its schedules: from the early entry before a meeting until its end. A room without schedules is
 * always open; one whose meetings are all past is over.
 */
export function entryWindow(
  schedules: readonly Schedule[],
  nowMs: number,
): 'open' | 'over' | { readonly opensAtMs: number } {
  if (schedules.length === 0) return 'open';
  let opensAtMs = Number.POSITIVE_INFINITY;
  for (const schedule of schedules) {
    const durationMs = schedule.durationMinutes * MINUTE_MS;
    // The first one that is not over: started less than its duration ago.
    const [next] = occurrencesBetween(schedule, nowMs - durationMs + 1, Number.POSITIVE_INFINITY, 1);
    if (next) opensAtMs = Math.min(opensAtMs, next.startsAtMs - schedule.earlyEntryMinutes * MINUTE_MS);
  }
  if (opensAtMs <= nowMs) return 'open';
  return opensAtMs === Number.POSITIVE_INFINITY ? 'over' : { opensAtMs };
}

/** Days of the local calendar on which it meets, as days since 1970-01-01; those before `fromDay` may be left out. */
function* localDays(schedule: Schedule, fromDay: number): Generator<number> {
  const startDay = dayOf(schedule.startsLocal);
  const untilDay = Math.min(LAST_DAY, schedule.untilDate === null ? LAST_DAY : dayOf(schedule.untilDate));
  const most = schedule.repeats === 'never' ? 1 : (schedule.count ?? Number.POSITIVE_INFINITY);
  // What is counted must be counted from its start.
  const skipTo = most === Number.POSITIVE_INFINITY ? fromDay : startDay;
  let met = 0;
  for (const day of ruleDays(schedule, startDay, skipTo)) {
    if (day > untilDay || met >= most) return;
    if (day < startDay) continue;
    met++;
    yield day;
  }
}

/** All days of the rule, from the start or somewhat before `skipTo` on, without an end. */
function* ruleDays(schedule: Schedule, startDay: number, skipTo: number): Generator<number> {
  const { interval } = schedule;
  switch (schedule.repeats) {
    case 'never':
      yield startDay;
      return;
    case 'daily':
      for (let n = stepsBefore(startDay, skipTo, interval); ; n++) yield startDay + n * interval;
    case 'weekly': {
      const monday = startDay - weekdayOf(startDay);
      const named = schedule.weekdays.map((name) => WEEKDAYS.indexOf(name)).toSorted((a, b) => a - b);
      const days = named.length > 0 ? named : [weekdayOf(startDay)];
      for (let n = stepsBefore(monday, skipTo, 7 * interval); ; n++)
        for (const day of days) yield monday + n * 7 * interval + day;
    }
    case 'monthly': {
      const start = new Date(startDay * DAY_MS);
      for (let n = 0; ; n++) {
        const month = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + n * interval, 1));
        const day = month.getTime() / DAY_MS + start.getUTCDate() - 1;
        if (day > LAST_DAY + 31) {
          yield day;
          return;
        }
        // A day past the month's end lies in the next month: this month has none.
        if (new Date(day * DAY_MS).getUTCMonth() === month.getUTCMonth()) yield day;
      }
    }
  }
}

function stepsBefore(startDay: number, day: number, stepDays: number): number {
  return Math.max(0, Math.floor((day - startDay) / stepDays) - 1);
}

/** 0 is Monday: 1 January 1970 was a Thursday. */
function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

function dayOf(local: string): number {
  return Date.parse(`${local.slice(0, 10)}T00:00:00Z`) / DAY_MS;
}
