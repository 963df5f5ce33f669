import { basicTime } from './calendar-text';
import { offsetMinutes } from './wall-time';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Two changes of a zone's clocks lie further apart than this: the shortest on record is a month of Ramadan. */
const LOOK_EVERY_MS = 7 * DAY_MS;

type Change = { readonly atMs: number; readonly fromMinutes: number; readonly toMinutes: number };

/**
 * A VTIMEZONE (RFC 5545 section 3.6.5) that holds from `fromMs` to `toMs`: every change of the clocks in that time is named, so that it is
 * right also where no yearly rule is followed (Cairo, Casablanca, islands that cross the date line). Each has an observance of its own:
 * not every calendar program counts DTSTART among the onsets when there are RDATEs beside it.
 */
export function vtimezone(timeZone: string, fromMs: number, toMs: number): readonly string[] {
  const atFirst = offsetMinutes(timeZone, fromMs);
  return [
    'BEGIN:VTIMEZONE',
    `TZID:${timeZone}`,
    ...observance({ atMs: fromMs, fromMinutes: atFirst, toMinutes: atFirst }),
    ...changesBetween(timeZone, fromMs, toMs).flatMap(observance),
    'END:VTIMEZONE',
  ];
}

/** The time of a change is the wall time before it. */
function observance({ atMs, fromMinutes, toMinutes }: Change): readonly string[] {
  const name = toMinutes > fromMinutes ? 'DAYLIGHT' : 'STANDARD';
  return [
    `BEGIN:${name}`,
    `DTSTART:${basicTime(atMs + fromMinutes * MINUTE_MS)}`,
    `TZOFFSETFROM:${offsetText(fromMinutes)}`,
    `TZOFFSETTO:${offsetText(toMinutes)}`,
    `END:${name}`,
  ];
}

function changesBetween(timeZone: string, fromMs: number, toMs: number): readonly Change[] {
  const changes: Change[] = [];
  let before = fromMs;
  let fromMinutes = offsetMinutes(timeZone, before);
  while (before < toMs) {
    const after = Math.min(toMs, before + LOOK_EVERY_MS);
    const toMinutes = offsetMinutes(timeZone, after);
    if (toMinutes !== fromMinutes)
      changes.push({ atMs: changeMs(timeZone, before, after), fromMinutes, toMinutes });
    before = after;
    fromMinutes = toMinutes;
  }
  return changes;
}

/** The first moment of the later offset, to the minute, found by halving. */
function changeMs(timeZone: string, before: number, after: number): number {
  const old = offsetMinutes(timeZone, before);
  let low = Math.floor(before / MINUTE_MS);
  let high = Math.ceil(after / MINUTE_MS);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMinutes(timeZone, middle * MINUTE_MS) === old) low = middle;
    else high = middle;
  }
  return high * MINUTE_MS;
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const hoursAndMinutes = Math.floor(size / 60) * 100 + (size % 60);
  return `${minutes < 0 ? '-' : '+'}${String(hoursAndMinutes).padStart(4, '0')}`;
}
