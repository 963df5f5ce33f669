import { isAdult } from './sign-up';

describe('somebody who signs up', () => {
  const nowMs = Date.UTC(2026, 2, 1, 0, 0, 0);
  it.each([
    ['2008-03-01', true],
    ['2008-03-02', false],
    ['2008-02-29', true],
    ['2026-02-28', false],
    ['1900-01-01', true],
  ])('born on %s is eighteen on 1 March 2026: %s', (birthDate, expected) => {
    expect(isAdult(birthDate, nowMs)).toBe(expected);
  });

  it('born on 29 February is not eighteen on 28 February', () => {
    expect(isAdult('2008-02-29', Date.UTC(2026, 1, 28, 23, 59))).toBe(false);
  });

  it.each(['2007-02-29', '2001-13-01', '2030-01-01', '1850-01-01', '0000-00-00'])(
    'cannot be born on %s',
    (birthDate) => {
      expect(() => isAdult(birthDate, nowMs)).toThrow(/^birthDate: /);
    },
  );
});
