import { meeting } from '../../../test/support/room-builders';
import fc from 'fast-check';
import { InvalidInput } from '../../kernel/app-error';
import { entryWindow, firstOccurrence, occurrencesBetween } from './occurrences';
import { checkedSchedule, type Schedule, WEEKDAYS } from './schedule';
import { instantOf, wallMsOf } from './wall-time';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const once = meeting();
const daily: Schedule = { ...once, repeats: 'daily' };

/** The first starts of a schedule as UTC, without seconds. */
function startsOf(schedule: Schedule, limit = 5): readonly string[] {
  return occurrencesBetween(checkedSchedule(schedule), 0, Number.POSITIVE_INFINITY, limit).map(
    ({ startsAtMs }) => new Date(startsAtMs).toISOString().slice(0, 16),
  );
}
/** The first days of a schedule in UTC. */
const daysOf = (schedule: Schedule, limit?: number) =>
  startsOf(schedule, limit).map((start) => start.slice(5, 10));

describe('a daily meeting keeps its wall time over the nights on which clocks change', () => {
  it.each([
    ['Europe/Brussels, clocks forward', '2026-03-28T02:30', ['03-28T01:30', '03-29T01:30', '03-30T00:30']],
    ['Europe/Brussels, clocks back', '2026-10-24T02:30', ['10-24T00:30', '10-25T00:30', '10-26T01:30']],
    ['America/New_York, clocks forward', '2026-03-07T02:30', ['03-07T07:30', '03-08T07:30', '03-09T06:30']],
    ['America/New_York, clocks back', '2026-10-31T01:30', ['10-31T05:30', '11-01T05:30', '11-02T06:30']],
    [
      'Australia/Lord_Howe, half an hour forward',
      '2026-10-03T02:15',
      ['10-02T15:45', '10-03T15:45', '10-04T15:15'],
    ],
    [
      'Australia/Lord_Howe, half an hour back',
      '2026-04-04T01:45',
      ['04-03T14:45', '04-04T14:45', '04-05T15:15'],
    ],
    ['Africa/Cairo, forward at midnight', '2026-04-23T00:30', ['04-22T22:30', '04-23T22:30', '04-24T21:30']],
    [
      'Africa/Cairo, back into the day before',
      '2026-10-28T23:30',
      ['10-28T20:30', '10-29T20:30', '10-30T21:30'],
    ],
    ['Asia/Kolkata, which never changes', '2026-03-28T02:30', ['03-27T21:00', '03-28T21:00', '03-29T21:00']],
    ['UTC', '2026-03-28T02:30', ['03-28T02:30', '03-29T02:30', '03-30T02:30']],
  ])('in %s', (place, startsLocal, starts) => {
    const timeZone = place.split(',')[0]?.replace(' which never changes', '') ?? '';
    expect(startsOf({ ...daily, timeZone, startsLocal }, 3)).toEqual(starts.map((start) => `2026-${start}`));
  });

  it('and meets once where a day is missing from the calendar (Apia, 30 December 2011)', () => {
    const apia = { ...daily, timeZone: 'Pacific/Apia', startsLocal: '2011-12-28T10:00' };
    expect(startsOf(apia, 4)).toEqual([
      '2011-12-28T20:00',
      '2011-12-29T20:00',
      '2011-12-30T20:00',
      '2011-12-31T20:00',
    ]);
    const wallDays = occurrencesBetween(apia, 0, Number.POSITIVE_INFINITY, 4).map(({ startsAtMs }) =>
      new Date(wallMsOf('Pacific/Apia', startsAtMs)).toISOString().slice(5, 10),
    );
    expect(wallDays).toEqual(['12-28', '12-29', '12-31', '01-01']);
  });

  it('and lasts as long as ever, whatever clocks do meanwhile', () => {
    const night = { ...once, startsLocal: '2026-10-25T01:00', durationMinutes: 180 };
    const [meeting] = occurrencesBetween(night, 0, Number.POSITIVE_INFINITY, 1);
    expect((meeting?.endsAtMs ?? 0) - (meeting?.startsAtMs ?? 0)).toBe(180 * MINUTE_MS);
  });
});

describe('the rule of a schedule', () => {
  it.each<[string, Partial<Schedule>, readonly string[]]>([
    ['once', {}, ['07-01']],
    ['every third day', { repeats: 'daily', interval: 3 }, ['07-01', '07-04', '07-07', '07-10', '07-13']],
    ['a number of times', { repeats: 'daily', count: 2 }, ['07-01', '07-02']],
    ['until a day, that day too', { repeats: 'daily', untilDate: '2026-07-02' }, ['07-01', '07-02']],
    ['weekly on the day it began (a Wednesday)', { repeats: 'weekly', count: 2 }, ['07-01', '07-08']],
    [
      'weekly on days named in any order, from the start on',
      { repeats: 'weekly', weekdays: ['FR', 'MO', 'TH'] },
      ['07-02', '07-03', '07-06', '07-09', '07-10'],
    ],
    [
      'every second week, weeks beginning on Monday',
      { repeats: 'weekly', interval: 2, weekdays: ['SU', 'MO'] },
      ['07-05', '07-13', '07-19', '07-27', '08-02'],
    ],
    [
      'monthly, leaving out months without the day',
      { repeats: 'monthly', startsLocal: '2026-01-31T12:00' },
      ['01-31', '03-31', '05-31', '07-31', '08-31'],
    ],
    [
      'monthly across the year',
      { repeats: 'monthly', interval: 5, startsLocal: '2026-10-15T12:00' },
      ['10-15', '03-15', '08-15', '01-15', '06-15'],
    ],
    [
      'on 29 February when there is one',
      { repeats: 'monthly', interval: 12, startsLocal: '2024-02-29T12:00' },
      ['02-29', '02-29', '02-29', '02-29', '02-29'],
    ],
  ])('meets %s', (_, difference, days) => {
    expect(daysOf({ ...once, ...difference })).toEqual(days);
  });

  it('counts from its start, not from where one looks', () => {
    const schedule = { ...daily, count: 10 };
    const fromMs = Date.UTC(2026, 6, 9);
    expect(occurrencesBetween(schedule, fromMs, Number.POSITIVE_INFINITY, 99)).toHaveLength(2);
  });

  it('gives those that start in the span, its end left out, and no more than asked for', () => {
    const [first, second] = occurrencesBetween(daily, 0, Number.POSITIVE_INFINITY, 2);
    const between = (toMs: number, limit: number) =>
      occurrencesBetween(daily, first?.startsAtMs ?? 0, toMs, limit);
    expect(between(second?.startsAtMs ?? 0, 9)).toEqual([first]);
    expect(between((second?.startsAtMs ?? 0) + 1, 9)).toEqual([first, second]);
    expect(between(Number.POSITIVE_INFINITY, 0)).toEqual([]);
  });

  it('has an end even when it never meets again', () => {
    expect(daysOf({ ...once, repeats: 'monthly', interval: 99, startsLocal: '2098-01-31T12:00' })).toEqual([
      '01-31',
    ]);
    expect(firstOccurrence({ ...daily, startsLocal: '2026-07-01T09:30' })?.startsAtMs).toBe(
      Date.UTC(2026, 6, 1, 7, 30),
    );
  });

  const zones = [
    'Europe/Brussels',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Cairo',
    'Asia/Kolkata',
    'Pacific/Apia',
    'America/Sao_Paulo',
    'Africa/Casablanca',
  ];
  const schedules = fc
    .record({
      timeZone: fc.constantFrom(...zones),
      day: fc.integer({ min: 0, max: 9_000 }),
      minute: fc.integer({ min: 0, max: 1_439 }),
      repeats: fc.constantFrom('never' as const, 'daily' as const, 'weekly' as const, 'monthly' as const),
      interval: fc.integer({ min: 1, max: 3 }),
      weekdays: fc.subarray([...WEEKDAYS]),
      count: fc.option(fc.integer({ min: 1, max: 50 })),
    })
    .map(({ day, minute, ...rest }): Schedule => {
      const startMs = Date.UTC(2005, 0, 1) + day * DAY_MS + minute * MINUTE_MS;
      const startsLocal = new Date(startMs).toISOString().slice(0, 16);
      const repeating = { ...once, ...rest, startsLocal };
      if (rest.repeats === 'never') return { ...repeating, interval: 1, count: null, weekdays: [] };
      return rest.repeats === 'weekly' ? repeating : { ...repeating, weekdays: [] };
    });

  it('keeps the wished wall time except in gaps, where it is later by the gap, and strictly grows', () => {
    fc.assert(
      fc.property(schedules, (schedule) => {
        const wishedMs = Date.parse(`${checkedSchedule(schedule).startsLocal}Z`) % DAY_MS;
        let before = Number.NEGATIVE_INFINITY;
        for (const { startsAtMs } of occurrencesBetween(schedule, 0, Number.POSITIVE_INFINITY, 60)) {
          expect(startsAtMs).toBeGreaterThan(before);
          before = startsAtMs;
          const shownMs = wallMsOf(schedule.timeZone, startsAtMs);
          const wallMs = shownMs - (shownMs % DAY_MS) + wishedMs;
          // Where the wall time differs, no moment shows the wished one: instants around it skip over it.
          const exists = [-2, -1, 0, 1, 2].some((hours) => {
            const nearMs = startsAtMs + hours * 1_800_000;
            return wallMsOf(schedule.timeZone, nearMs) === wallMs;
          });
          expect(exists ? shownMs : wallMs).toBe(wallMs);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same meetings whichever span they are looked for in', () => {
    fc.assert(
      fc.property(schedules, fc.integer({ min: 0, max: 39 }), (schedule, index) => {
        const all = occurrencesBetween(schedule, 0, Number.POSITIVE_INFINITY, 40);
        const from = all[Math.min(index, all.length - 1)];
        const later = occurrencesBetween(schedule, from?.startsAtMs ?? 0, Number.POSITIVE_INFINITY, 5);
        expect(later.slice(0, all.length - all.indexOf(from as never))).toEqual(
          all.slice(all.indexOf(from as never)).slice(0, 5),
        );
      }),
      { numRuns: 300 },
    );
  });
});

/** The moment of a wall time in Brussels, as UTC. */
const momentOf = (local: string) =>
  new Date(instantOf('Europe/Brussels', Date.parse(`${local}Z`))).toISOString();

describe('a wall time', () => {
  it('that is doubled is the first, and one in a gap is later by the gap', () => {
    expect(momentOf('2026-10-25T02:30')).toBe('2026-10-25T00:30:00.000Z');
    expect(momentOf('2026-03-29T02:30')).toBe('2026-03-29T01:30:00.000Z');
    expect(momentOf('2026-03-29T03:30')).toBe('2026-03-29T01:30:00.000Z');
  });
});

describe('the entry window', () => {
  const startsAtMs = Date.UTC(2026, 6, 1, 7, 30);
  const at = (schedules: readonly Schedule[], minutes: number) =>
    entryWindow(schedules, startsAtMs + minutes * MINUTE_MS);

  it('is always open without schedules', () => expect(entryWindow([], 0)).toBe('open'));

  it.each([
    [-11, { opensAtMs: startsAtMs - 10 * MINUTE_MS }],
    [-10, 'open'],
    [0, 'open'],
    [59, 'open'],
    [60, 'over'],
  ])('of one meeting is at %i minutes from its start %j', (minutes, window) => {
    expect(at([once], minutes)).toEqual(window);
  });

  it('opens again before the next meeting', () => {
    expect(at([daily], 60)).toEqual({ opensAtMs: startsAtMs + DAY_MS - 10 * MINUTE_MS });
  });

  it('is that of whichever schedule comes first', () => {
    const late = { ...once, startsLocal: '2026-07-03T09:30' };
    expect(at([late, once], -11)).toEqual({ opensAtMs: startsAtMs - 10 * MINUTE_MS });
    expect(at([late, once], 30)).toBe('open');
    expect(at([once, late], 60)).toEqual({ opensAtMs: startsAtMs + 2 * DAY_MS - 10 * MINUTE_MS });
  });

  it('stays open between meetings that overlap', () => {
    const overlapping = { ...daily, durationMinutes: 1_440, earlyEntryMinutes: 5 };
    expect(at([overlapping], 1_439)).toBe('open');
    expect(at([overlapping], 1_440)).toBe('open');
  });
});

describe('a schedule', () => {
  it.each<[string, Partial<Schedule>]>([
    ['timeZone', { timeZone: 'Europe/Atlantis' }],
    ['timeZone', { timeZone: '+02:00' }],
    ['timeZone', { timeZone: '' }],
    ['startsLocal', { startsLocal: '2026-02-30T10:00' }],
    ['startsLocal', { startsLocal: '2026-07-01T24:00' }],
    ['startsLocal', { startsLocal: '2026-07-01 10:00' }],
    ['startsLocal', { startsLocal: '1999-07-01T10:00' }],
    ['durationMinutes', { durationMinutes: 1_441 }],
    ['durationMinutes', { durationMinutes: 7.5 }],
    ['interval', { repeats: 'daily', interval: 0 }],
    ['weekdays', { repeats: 'daily', weekdays: ['MO'] }],
    ['weekdays', { repeats: 'weekly', weekdays: ['MO', 'MO'] }],
    ['untilDate', { repeats: 'daily', untilDate: '2026-06-30' }],
    ['untilDate', { repeats: 'daily', untilDate: '2026-11-31' }],
    ['count', { repeats: 'daily', untilDate: '2026-07-30', count: 3 }],
    ['count', { repeats: 'daily', count: 1_001 }],
    ['repeats', { count: 3 }],
    ['earlyEntryMinutes', { earlyEntryMinutes: -1 }],
  ])('with a wrong %s (%j) is refused by name', (field, difference) => {
    const check = () => checkedSchedule({ ...once, ...difference });
    expect(check).toThrow(InvalidInput);
    expect(check).toThrow(new RegExp(`^${field}: `));
  });
});
