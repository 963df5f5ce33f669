import { InvalidInput } from '../../kernel/app-error';
import { endedPeriods, lastEndedPeriod, periodNamed, periodOf } from './period';

const at = (text: string) => Date.parse(`${text}Z`);

describe('months that are invoiced', () => {
  it('are those of UTC', () => {
    expect(periodNamed('2026-02')).toEqual({
      name: '2026-02',
      fromMs: at('2026-02-01T00:00'),
      untilMs: at('2026-03-01T00:00'),
    });
    expect(periodOf(at('2026-01-31T23:59:59.999')).name).toBe('2026-01');
    expect(lastEndedPeriod(at('2026-01-01T00:00')).name).toBe('2025-12');
  });

  it.each(['2026-13', '2026-1', '1999-01', '', 'January'])('are not %j', (name) => {
    expect(() => periodNamed(name)).toThrow(InvalidInput);
  });

  it.each([
    ['2026-02-01T02:30', '2026-02-01T02:30', ['2026-01']],
    ['2026-02-01T02:30', '2026-02-20T00:00', ['2026-01']],
    ['2026-02-01T02:30', '2026-04-03T08:00', ['2026-01', '2026-02', '2026-03']],
    ['2025-12-01T02:30', '2026-01-01T00:00', ['2025-11', '2025-12']],
  ])('that were missed from %s to %s are all made up for', (from, until, names) => {
    expect(endedPeriods(at(from), at(until)).map(({ name }) => name)).toEqual(names);
  });
});
