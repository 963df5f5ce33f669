import { IANAZone } from 'luxon';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Minutes by which the clocks of a zone are ahead of UTC at a moment. */
export function offsetMinutes(timeZone: string, atMs: number): number {
  return IANAZone.create(timeZone).offset(atMs);
}

/**
 * The moment at which clocks in a zone show a wall time, given as the milliseconds it would be in UTC. A doubled wall time (clocks
 * set back) is the first of the two; one that does not exist (clocks set forward) is read with the offset before the gap, which
 * moves it forward by the gap's length: RFC 5545 section 3.3.5 asks for both.
 */
export function instantOf(timeZone: string, wallMs: number): number {
  const zone = IANAZone.create(timeZone);
  // No zone is a day away from UTC and none changes twice in two days: these two are the only offsets that can be meant.
  const before = zone.offset(wallMs - DAY_MS);
  const after = zone.offset(wallMs + DAY_MS);
  const shown = [before, after]
    .map((offset) => ({ offset, atMs: wallMs - offset * MINUTE_MS }))
    .filter(({ offset, atMs }) => zone.offset(atMs) === offset)
    .map(({ atMs }) => atMs);
  return shown.length > 0 ? Math.min(...shown) : wallMs - before * MINUTE_MS;
}

/** What clocks in a zone show at a moment, as the milliseconds it would be in UTC. */
export function wallMsOf(timeZone: string, atMs: number): number {
  return atMs + offsetMinutes(timeZone, atMs) * MINUTE_MS;
}
