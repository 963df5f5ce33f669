import { IANAZone } from 'luxon';
import { z } from 'zod';
import { InvalidInput } from '../../kernel/app-error';

/** Days that a band may have; on a holiday only the bands of holidays count. */
export const BAND_DAYS = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'holiday',
] as const;

const HOLIDAY = BAND_DAYS.indexOf('holiday');
const MINUTES_OF_DAY = 1_440;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A deck with more would be no price list any more. */
export const MAX_BANDS = 8;
const MAX_HOLIDAYS = 500;

/** Days that are kept worked out, counted from 1970: until 2079. Others are worked out each time. */
const DAYS_KEPT = 40_000;

/** No band: the base price counts. */
export const NO_BAND = -1;

const timeOfDay = z
  .string()
  .regex(
    /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/,
    'is no time of day; write it like 08:00, the end of a day as 24:00',
  );

/** When calls cost what: the form in which a deck's calendar comes from outside and is stored. */
export const bandCalendarSchema = z.strictObject({
  /** IANA time zone whose wall clock the bands go by. */
  timeZone: z.string().max(64),
  /** Days that count as holidays: a date, or a month and a day of every year (12-25). */
  holidays: z
    .array(
      z
        .string()
        .regex(/^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'is no day; write 2026-12-25 or 12-25'),
    )
    .max(MAX_HOLIDAYS)
    .default([]),
  /** A call over the border of two bands pays each second by its own; otherwise the band it began in counts to its end. */
  splitsCalls: z.boolean().default(false),
  bands: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_-]{0,29}$/, 'is no name; use small letters, digits, - and _'),
        days: z.array(z.enum(BAND_DAYS)).min(1),
        from: timeOfDay,
        /** An end not after the beginning goes over midnight: such a band has both ends of each of its days. */
        until: timeOfDay,
      }),
    )
    .min(1)
    .max(MAX_BANDS),
});

export type BandCalendar = z.infer<typeof bandCalendarSchema>;

/**
 * Refuses what the form lets through and no clock could follow.
 * @throws InvalidInput for an unknown time zone, a holiday that no year has, a name for two bands, or two bands for one minute
 */
export function checkCalendar(calendar: BandCalendar): BandCalendar {
  if (!IANAZone.isValidZone(calendar.timeZone))
    throw new InvalidInput('timeZone', `"${calendar.timeZone}" is none`, 'use one like Europe/Brussels');
  for (const day of calendar.holidays) {
    const whole = day.length === 5 ? `2024-${day}` : day;
    if (!isDate(whole)) throw new InvalidInput('holidays', `"${day}" is no day`, 'correct the date');
  }
  return new BandClock(calendar).calendar;
}

function isDate(day: string): boolean {
  const atMs = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(day);
}

type Day = { readonly startsMs: readonly number[]; readonly bands: readonly number[] };

/** Says which band is in force at a moment, by the wall clock of the calendar's zone: right on both nights the clock is set. */
export class BandClock {
  readonly calendar: BandCalendar;
  readonly splitsCalls: boolean;
  readonly names: readonly string[];
  readonly #zone: IANAZone;
  readonly #holidays: ReadonlySet<string>;
  /** The band of every minute of every kind of day. */
  readonly #table = new Int8Array(BAND_DAYS.length * MINUTES_OF_DAY).fill(NO_BAND);
  /** By their number: an array is found in faster than a map, which a lookup would notice. */
  readonly #days: (Day | undefined)[] = [];

  /** @throws InvalidInput when two bands have one minute or one name */
  constructor(calendar: BandCalendar) {
    this.calendar = calendar;
    this.splitsCalls = calendar.splitsCalls;
    this.names = calendar.bands.map(({ name }) => name);
    this.#zone = IANAZone.create(calendar.timeZone);
    this.#holidays = new Set(calendar.holidays);
    calendar.bands.forEach((band, number) => {
      if (this.names.indexOf(band.name) !== number)
        throw new InvalidInput('bands', `there are two named ${band.name}`, 'give each a name of its own');
      for (const day of band.days) this.#fill(BAND_DAYS.indexOf(day), number, band);
    });
  }

  /** The number of the band in force, or NO_BAND. */
  bandAt(atMs: number): number {
    const { startsMs, bands } = this.#dayOf(atMs);
    let number = startsMs.length - 1;
    while (number > 0 && (startsMs[number] as number) > atMs) number--;
    return bands[number] as number;
  }

  /** When the band in force at `atMs` gives way to another, looked for until `untilMs`; null: not before that. */
  nextChangeMs(atMs: number, untilMs: number): number | null {
    const now = this.bandAt(atMs);
    for (let dayMs = atMs; dayMs < untilMs; dayMs = (Math.floor(dayMs / DAY_MS) + 1) * DAY_MS) {
      const { startsMs, bands } = this.#dayOf(dayMs);
      for (const [number, startMs] of startsMs.entries()) {
        if (startMs >= untilMs) return null;
        if (startMs > atMs && bands[number] !== now) return startMs;
      }
    }
    return null;
  }

  #fill(day: number, number: number, { from, until }: BandCalendar['bands'][number]): void {
    const [begins, ends] = [minuteOf(from), minuteOf(until)];
    for (let minute = 0; minute < MINUTES_OF_DAY; minute++) {
      const isIn = begins < ends ? minute >= begins && minute < ends : minute >= begins || minute < ends;
      if (!isIn) continue;
      const place = day * MINUTES_OF_DAY + minute;
      const before = this.#table[place] as number;
      if (before !== NO_BAND) {
        const both = `${this.names[before]} and ${this.names[number]}`;
        const when = `${BAND_DAYS[day]} ${timeText(minute)}`;
        throw new InvalidInput('bands', `${both} overlap on ${when}`, 'let one end where the other begins');
      }
      this.#table[place] = number;
    }
  }

  #dayOf(atMs: number): Day {
    const number = Math.floor(atMs / DAY_MS);
    if (number < 0 || number >= DAYS_KEPT) return this.#workOut(number);
    return (this.#days[number] ??= this.#workOut(number));
  }

  /** One day of UTC, minute by minute. The clock of a zone is set at most once in it. */
  #workOut(number: number): Day {
    const beginMs = number * DAY_MS;
    const before = this.#offset(beginMs);
    const after = this.#offset(beginMs + DAY_MS - MINUTE_MS);
    const setAt = before === after ? MINUTES_OF_DAY : this.#minuteOfChange(beginMs, before);
    const startsMs: number[] = [];
    const bands: number[] = [];
    let localDay = Number.NaN;
    let kind = 0;
    for (let minute = 0; minute < MINUTES_OF_DAY; minute++) {
      const local = number * MINUTES_OF_DAY + minute + (minute < setAt ? before : after);
      const dayNow = Math.floor(local / MINUTES_OF_DAY);
      if (dayNow !== localDay) {
        localDay = dayNow;
        kind = this.#kindOf(dayNow);
      }
      const band = this.#table[kind * MINUTES_OF_DAY + (local - dayNow * MINUTES_OF_DAY)] as number;
      if (bands.at(-1) === band) continue;
      startsMs.push(beginMs + minute * MINUTE_MS);
      bands.push(band);
    }
    return { startsMs, bands };
  }

  #minuteOfChange(beginMs: number, before: number): number {
    let [low, high] = [0, MINUTES_OF_DAY - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#offset(beginMs + middle * MINUTE_MS) === before) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Minutes that the zone's wall clock is before UTC's. */
  #offset(atMs: number): number {
    return Math.floor(this.#zone.offset(atMs));
  }

  #kindOf(localDay: number): number {
    const date = new Date(localDay * DAY_MS).toISOString().slice(0, 10);
    if (this.#holidays.has(date) || this.#holidays.has(date.slice(5))) return HOLIDAY;
    // 1 January 1970 was a Thursday.
    return (((localDay + 4) % 7) + 7) % 7;
  }
}

function minuteOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}

function timeText(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
