import { parse, validateDetailed } from 'node-cron';
import { InvalidInput } from '../kernel/app-error';

/** One turn of a schedule. */
export type DueTurn = {
  /** The moment of the calendar that made it due; with turns missed, the first of them. */
  readonly dueAtMs: number;
  readonly nowMs: number;
  /** Grows with every turn of this schedule: a fencing token for what the turn writes. */
  readonly leaseToken: number;
  /** False once somebody else has the turn, or the service stops: long work asks between its steps and leaves off. */
  goesOn(): boolean;
};

/** Work by the calendar. It may be cut off anywhere and run again, and must come to the same end. */
export type Schedule = {
  readonly name: string;
  /** Five fields of cron, in UTC: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** What it does, for people. */
  readonly says: string;
  /** Gives what it did, for the log and the table of schedules. */
  run(turn: DueTurn): Promise<unknown>;
};

/** A date that exists in some year lies within eight years: 29 February over the turn of a century that has none. */
const LONGEST_WAIT_DAYS = 8 * 366;

/**
 * The first minute after `afterMs` that five fields of cron name, in UTC. As in cron, a day is named by either of day of month and day of week
 * when both are restricted. @throws InvalidInput for an expression that is none, or names a date that never comes
 */
export function nextDueMs(cron: string, afterMs: number): number {
  const fields = fieldsOf(cron);
  const from = new Date(afterMs);
  const startOfDayMs = Date.UTC(from.getUTCFullYear(), from.getUTCMonth(), from.getUTCDate());
  for (let day = 0; day <= LONGEST_WAIT_DAYS; day++) {
    const dayMs = startOfDayMs + day * 86_400_000;
    if (!fields.namesDay(new Date(dayMs))) continue;
    for (const hour of fields.hours)
      for (const minute of fields.minutes) {
        const momentMs = dayMs + (hour * 60 + minute) * 60_000;
        if (momentMs > afterMs) return momentMs;
      }
  }
  throw new InvalidInput('cron', `names a date that never comes: ${cron}`, 'correct its day and month');
}

function fieldsOf(cron: string) {
  if (cron.trim().split(/\s+/).length !== 5 || !validateDetailed(cron).valid)
    throw new InvalidInput('cron', `is no schedule: ${cron}`, 'write minute hour day month weekday');
  const { minute, hour, dayOfMonth, month, dayOfWeek } = parse(cron);
  const days = dayOfMonth.map(Number);
  const weekdays = dayOfWeek.map((day) => Number(day) % 7);
  const [, , dayText, , weekdayText] = cron.trim().split(/\s+/);
  const either = dayText !== '*' && weekdayText !== '*';
  return {
    minutes: ascending(minute),
    hours: ascending(hour),
    namesDay: (date: Date): boolean => {
      if (!month.includes(date.getUTCMonth() + 1)) return false;
      const byDay = days.includes(date.getUTCDate());
      const byWeekday = weekdays.includes(date.getUTCDay());
      return either ? byDay || byWeekday : byDay && byWeekday;
    },
  };
}

function ascending(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((a, b) => a - b);
}
