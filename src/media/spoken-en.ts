import { type Grammar, inGroups, piece, pluralClass, unitForm } from './spoken-grammar';
import type { Piece } from './spoken-pieces';

/** British English: "and" stands before the tens wherever something larger goes before them. */
export const english: Grammar = {
  number,
  counted: (value, unit) => [...number(value), unitForm('en', unit, pluralClass('en', value))],
  betweenNotesAndCoins: 'word-and',
  date: ({ year, month, day }) => [
    'word-the',
    ...ordinal(day),
    'word-of',
    piece(`month-${month}`),
    ...yearNumber(year),
  ],
};

function number(value: number): Piece[] {
  if (value < 100) return belowHundred(value);
  const { millions, thousands, rest } = inGroups(value);
  return [
    ...(millions > 0 ? [...belowThousand(millions), piece('number-million')] : []),
    ...(thousands > 0 ? [...belowThousand(thousands), piece('number-thousand')] : []),
    ...(rest > 0 && rest < 100 ? [piece('word-and')] : []),
    ...(rest > 0 ? belowThousand(rest) : []),
  ];
}

function belowThousand(value: number): Piece[] {
  const rest = value % 100;
  return [
    ...(value >= 100 ? [piece(`number-${Math.floor(value / 100)}`), piece('number-hundred')] : []),
    ...(value > 100 && rest > 0 ? [piece('word-and')] : []),
    ...(rest > 0 ? belowHundred(rest) : []),
  ];
}

function belowHundred(value: number): Piece[] {
  if (value < 20) return [piece(`number-${value}`)];
  const ones = value % 10;
  return [piece(`number-${value - ones}`), ...(ones > 0 ? [piece(`number-${ones}`)] : [])];
}

function ordinal(day: number): Piece[] {
  const ones = day % 10;
  if (day < 20 || ones === 0) return [piece(`day-${day}`)];
  return [piece(`number-${day - ones}`), piece(`day-${ones}`)];
}

/** Years are said in pairs of digits once both pairs are numbers of two digits: 2009 is a number, 2010 is twenty ten. */
function yearNumber(year: number): Piece[] {
  return year % 100 < 10 ? number(year) : [...belowHundred(20), ...belowHundred(year % 100)];
}
