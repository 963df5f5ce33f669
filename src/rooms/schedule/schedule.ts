import { IANAZone } from 'luxon';
import { Conflict, InvalidInput } from '../../kernel/app-error';

export const REPEATS = ['never', 'daily', 'weekly', 'monthly'] as const;
/** RFC 5545 section 3.3.10, Monday first as in ISO 8601. */
export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Most schedules of one room. */
export const MAX_SCHEDULES_A_ROOM = 20;
/** Figures of a schedule: least and most of each. A meeting fits into a day, as a room's longest duration does. */
export const SCHEDULE_LIMITS = {
  durationMinutes: { least: 5, most: 1_440, unit: 'minutes' },
  interval: { least: 1, most: 99, unit: 'days, weeks or months' },
  count: { least: 1, most: 1_000, unit: 'meetings' },
  earlyEntryMinutes: { least: 0, most: 120, unit: 'minutes' },
} as const;
const YEARS = { first: 2000, last: 2099 } as const;

/** When a room meets, by the wall clock of one place. */
export type Schedule = {
  /** IANA name: Europe/Brussels. */
  readonly timeZone: string;
  /** Day and wall time of the first meeting there: YYYY-MM-DDTHH:mm. */
  readonly startsLocal: string;
  readonly durationMinutes: number;
  readonly repeats: (typeof REPEATS)[number];
  /** Every how many days, weeks or months. */
  readonly interval: number;
  /** For weekly ones; empty: the weekday of the start. Weeks begin on Monday. */
  readonly weekdays: readonly Weekday[];
  /** Last day on which it may meet, there: YYYY-MM-DD. Not together with `count`; both null: it goes on. */
  readonly untilDate: string | null;
  readonly count: number | null;
  /** How long before a meeting the room may be entered. */
  readonly earlyEntryMinutes: number;
  /** The room calls its list when a meeting begins. */
  readonly dialsOut: boolean;
};

export type StoredSchedule = Schedule & {
  readonly id: string;
  readonly roomId: string;
  /** Counts changes: SEQUENCE of RFC 5545 section 3.8.7.4. */
  readonly revision: number;
  readonly createdAtMs: number;
  readonly changedAtMs: number;
};

/** The room has as many schedules as it may. */
export class TooManySchedules extends Conflict {
  constructor(roomId: string) {
    super(`the room has ${MAX_SCHEDULES_A_ROOM} schedules, which is the most; delete one first`, {
      roomId,
      maxSchedules: MAX_SCHEDULES_A_ROOM,
    });
  }
}

/** Gives the schedule back when it makes sense. @throws InvalidInput naming field, problem and remedy */
export function checkedSchedule(schedule: Schedule): Schedule {
  const { timeZone, startsLocal, untilDate, repeats } = schedule;
  if (!/^(UTC|[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+)$/.test(timeZone) || !IANAZone.isValidZone(timeZone))
    throw bad(
      'timeZone',
      timeZone,
      'write a name of the IANA time zone database, for example Europe/Brussels',
    );
  if (!/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$/.test(startsLocal) || !isDay(startsLocal.slice(0, 10)))
    throw bad('startsLocal', startsLocal, 'write day and time there, for example 2026-07-01T09:30');
  if (untilDate !== null && !(isDay(untilDate) && untilDate >= startsLocal.slice(0, 10)))
    throw bad('untilDate', untilDate, 'write a day not before the start, for example 2026-12-31');
  if (untilDate !== null && schedule.count !== null)
    throw bad('count', String(schedule.count), 'give untilDate or count, not both');
  if (repeats === 'never' && (untilDate !== null || schedule.count !== null || schedule.interval !== 1))
    throw bad('repeats', repeats, 'leave out untilDate, count and interval when it meets once');
  if (repeats !== 'weekly' && schedule.weekdays.length > 0)
    throw bad('weekdays', schedule.weekdays.join(), 'name weekdays only when it repeats weekly');
  if (new Set(schedule.weekdays).size !== schedule.weekdays.length)
    throw bad('weekdays', schedule.weekdays.join(), 'name each weekday once');
  for (const name of Object.keys(SCHEDULE_LIMITS) as (keyof typeof SCHEDULE_LIMITS)[])
    checkFigure(name, schedule[name]);
  return schedule;
}

function checkFigure(name: keyof typeof SCHEDULE_LIMITS, value: number | null): void {
  const { least, most, unit } = SCHEDULE_LIMITS[name];
  if (value === null || (Number.isSafeInteger(value) && value >= least && value <= most)) return;
  throw bad(name, String(value), `give a whole number of ${unit} from ${least} to ${most}`);
}

function isDay(text: string): boolean {
  const year = Number(text.slice(0, 4));
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Date.parse makes 2 March of 30 February.
  return (
    !Number.isNaN(atMs) &&
    new Date(atMs).toISOString().startsWith(text) &&
    year >= YEARS.first &&
    year <= YEARS.last
  );
}

function bad(field: string, text: string, remedy: string): InvalidInput {
  return new InvalidInput(field, text === '' ? 'is empty' : `"${text.slice(0, 60)}" does not fit`, remedy);
}
