import { DateTime } from 'luxon';
import fc from 'fast-check';
import {
  BAND_DAYS,
  type BandCalendar,
  BandClock,
  bandCalendarSchema,
  checkCalendar,
  NO_BAND,
} from './time-bands';

const WORKDAYS: BandCalendar['bands'][number]['days'] = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
];

const OFFICE: BandCalendar = {
  timeZone: 'America/New_York',
  holidays: ['2026-07-03', '12-25'],
  splitsCalls: false,
  bands: [
    { name: 'peak', days: WORKDAYS, from: '08:00', until: '18:00' },
    { name: 'night', days: [...WORKDAYS, 'saturday', 'sunday'], from: '22:00', until: '06:00' },
    { name: 'feast', days: ['holiday'], from: '00:00', until: '24:00' },
  ],
};

/** The definition, minute by minute of the wall clock. */
function slowBand(calendar: BandCalendar, atMs: number): number {
  const wall = DateTime.fromMillis(atMs, { zone: calendar.timeZone });
  const isHoliday = calendar.holidays.some(
    (day) => day === wall.toFormat('yyyy-MM-dd') || day === wall.toFormat('MM-dd'),
  );
  const day = isHoliday ? 'holiday' : BAND_DAYS[wall.weekday % 7];
  const time = wall.toFormat('HH:mm');
  return calendar.bands.findIndex(
    ({ days, from, until }) =>
      days.some((one) => one === day) &&
      (from < until ? time >= from && time < until : time >= from || time < until),
  );
}

describe('time bands', () => {
  it('agree with the wall clock at any moment, in zones that set their clocks by an hour, by half an hour, or not', () => {
    const zones = ['America/New_York', 'Europe/Brussels', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'];
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.nat(3 * 366 * 1_440), (timeZone, minute) => {
        const calendar = { ...OFFICE, timeZone };
        const atMs = Date.UTC(2025, 0, 1) + minute * 60_000 + 17;
        expect(new BandClock(calendar).bandAt(atMs)).toBe(slowBand(calendar, atMs));
      }),
      { numRuns: 1_000 },
    );
  });

  it('name the moment at which the next begins, over both nights the clock is set', () => {
    const clock = new BandClock({ ...OFFICE, timeZone: 'Europe/Brussels' });
    const next = (iso: string) => {
      const changeMs = clock.nextChangeMs(Date.parse(iso), Date.parse(iso) + 8 * 86_400_000);
      return changeMs === null ? null : new Date(changeMs).toISOString();
    };
    expect(next('2026-03-28T22:00:00Z')).toBe('2026-03-29T04:00:00.000Z');
    expect(next('2026-10-24T22:00:00Z')).toBe('2026-10-25T05:00:00.000Z');
    expect(next('2026-01-12T07:00:00Z')).toBe('2026-01-12T17:00:00.000Z');
    const whole = new BandClock({
      ...OFFICE,
      holidays: [],
      bands: [{ name: 'all', days: [...BAND_DAYS], from: '00:00', until: '24:00' }],
    });
    expect(whole.nextChangeMs(0, 8 * 86_400_000)).toBeNull();
  });

  it('are none where no band is', () => {
    expect(new BandClock(OFFICE).bandAt(Date.parse('2026-01-12T23:30:00Z'))).toBe(NO_BAND);
  });

  it.each([
    [
      'two bands for one minute',
      { bands: [OFFICE.bands[0], { ...OFFICE.bands[0], name: 'other', from: '17:59', until: '19:00' }] },
      'overlap on monday 17:59',
    ],
    [
      'one that goes over midnight into another',
      { bands: [OFFICE.bands[1], { name: 'dawn', days: ['sunday'], from: '05:00', until: '07:00' }] },
      'overlap on sunday 05:00',
    ],
    [
      'one name for two',
      { bands: [OFFICE.bands[0], { ...OFFICE.bands[2], name: 'peak' }] },
      'two named peak',
    ],
    ['an unknown zone', { timeZone: 'Mars/Olympus' }, 'Europe/Brussels'],
    ['a day that no year has', { holidays: ['02-30'] }, 'is no day'],
  ])('refuse %s', (_, wrong, says) => {
    expect(() => checkCalendar({ ...OFFICE, ...wrong } as BandCalendar)).toThrow(says);
  });

  it('are refused in words when their form is wrong', () => {
    const read = bandCalendarSchema.safeParse({ ...OFFICE, bands: [{ ...OFFICE.bands[0], from: '8:00' }] });
    expect(read.error?.issues[0]?.message).toContain('write it like 08:00');
  });
});
