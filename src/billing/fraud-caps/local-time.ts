import { IANAZone } from 'luxon';

/** The hours of the night, in local time: from this one, until before that one. */
const NIGHT_FROM_HOUR = 22;
const NIGHT_UNTIL_HOUR = 6;
/** Formatters kept; there are some 400 zones. */
const MAX_FORMATTERS = 500;

const formatters = new Map<string, Intl.DateTimeFormat>();

/** The time zone of an account: its own, or its country's first, or UTC. */
export function timeZoneOf({
  timeZone,
  homeCountries,
}: {
  readonly timeZone: string | null;
  readonly homeCountries: readonly string[];
}): string {
  if (timeZone !== null) return timeZone;
  const [country] = homeCountries;
  return (country === undefined ? undefined : zonesOfCountry(country)[0]) ?? 'UTC';
}

/** True for a name that the machine knows as a time zone. */
export function isTimeZone(name: string): boolean {
  return IANAZone.isValidZone(name);
}

/** The machine takes half a millisecond to tell them; there are 676 such names. */
const zones = new Map<string, readonly string[]>();

function zonesOfCountry(country: string): readonly string[] {
  if (!/^[A-Z]{2}$/.test(country)) return [];
  const known = zones.get(country);
  if (known) return known;
  const locale = new Intl.Locale(`und-${country}`) as Intl.Locale & {
    readonly timeZones?: readonly string[];
  };
  const found = locale.timeZones ?? [];
  zones.set(country, found);
  return found;
}

/** The day of a moment in a time zone as a number that grows: 20260115. Pure. */
export function dayNumber(atMs: number, timeZone: string): number {
  const { year, month, day } = localParts(atMs, timeZone);
  return year * 10_000 + month * 100 + day;
}

/** Whether it is night (22:00 to 06:00) at a moment in a time zone. Pure. */
export function isNight(atMs: number, timeZone: string): boolean {
  const { hour } = localParts(atMs, timeZone);
  return hour >= NIGHT_FROM_HOUR || hour < NIGHT_UNTIL_HOUR;
}

function localParts(atMs: number, timeZone: string) {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(atMs)) parts[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0 } = parts;
  return { year, month, day, hour };
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  if (formatters.size >= MAX_FORMATTERS) formatters.clear();
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    hourCycle: 'h23',
  });
  formatters.set(timeZone, made);
  return made;
}
