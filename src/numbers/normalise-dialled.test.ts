import { normaliseDialled, normaliseWritten } from './normalise-dialled';

describe('normaliseDialled', () => {
  it.each([
    ['+3222223344', undefined, '+3222223344'],
    ['+32 2 222-33.44', undefined, '+3222223344'],
    ['003222223344', undefined, '+3222223344'],
    ['3222223344', undefined, '+3222223344'],
    ['02 222 33 44', 'BE', '+3222223344'],
    ['0032 2 222 33 44', 'BE', '+3222223344'],
    ['2125550123', 'US', '+12125550123'],
    ['011 32 2 222 33 44', 'US', '+3222223344'],
    ['020 7946 0018', 'GB', '+442079460018'],
  ])('understands "%s" dialled in %s as %s', (dialled, country, number) => {
    expect(normaliseDialled(dialled, country)).toBe(number);
  });

  it.each(['', 'anonymous', '+', '0', '*43', '+0123', '1'.repeat(41), '+1234567890123456', "12'34", '١٢٣'])(
    'finds no telephone number in "%s"',
    (dialled) => expect(normaliseDialled(dialled)).toBeNull(),
  );
});

describe('normaliseWritten', () => {
  it.each([
    ['+32 2 222 33 44', undefined, '+3222223344'],
    ['0032 2 222 33 44', undefined, '+3222223344'],
    ['02 222 33 44', 'BE', '+3222223344'],
    ['3222223344', undefined, null],
    ['02 222 33 44', undefined, null],
    ['4751', 'BE', null],
    ['02 222 33 44', 'ZZ', null],
    ['', 'BE', null],
  ])('understands "%s" written in %s as %s and guesses nothing', (text, country, number) => {
    expect(normaliseWritten(text, country)).toBe(number);
  });
});
