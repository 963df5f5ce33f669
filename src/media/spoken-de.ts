import { type Grammar, inGroups, piece, pluralClass, unitForm } from './spoken-grammar';
import type { Piece } from './spoken-pieces';

/** How a one at the end sounds: "eins" alone, "ein" before a noun or the rest of its word. No unit of money is feminine. */
type LastOne = 'number-1' | 'number-1-before-noun';

/** German: the ones stand before the tens. */
export const german: Grammar = {
  number: (value) => number(value, 'number-1'),
  counted: (value, unit) => [
    ...number(value, 'number-1-before-noun'),
    unitForm('de', unit, pluralClass('de', value)),
  ],
  betweenNotesAndCoins: 'word-and',
  date: ({ year, month, day }) => [
    'word-the',
    ...ordinal(day),
    piece(`month-${month}`),
    ...number(year, 'number-1'),
  ],
};

function number(value: number, lastOne: LastOne): Piece[] {
  if (value === 0) return ['number-0'];
  const { millions, thousands, rest } = inGroups(value);
  return [
    ...millionsOf(millions),
    ...(thousands > 0 ? [...belowThousand(thousands, 'number-1-before-noun'), piece('number-thousand')] : []),
    ...(rest > 0 ? belowThousand(rest, lastOne) : []),
  ];
}

/** "Million" is a feminine noun: eine Million, but einhunderteins Millionen. */
function millionsOf(millions: number): Piece[] {
  if (millions === 0) return [];
  if (millions === 1) return ['number-1-feminine', 'number-million'];
  return [...belowThousand(millions, 'number-1'), piece('number-millions')];
}

function belowThousand(value: number, lastOne: LastOne): Piece[] {
  const rest = value % 100;
  const hundreds = Math.floor(value / 100);
  return [
    ...(hundreds > 0 ? [one(hundreds, 'number-1-before-noun'), piece('number-hundred')] : []),
    ...(rest > 0 ? belowHundred(rest, lastOne) : []),
  ];
}

function belowHundred(value: number, lastOne: LastOne): Piece[] {
  if (value < 20) return [one(value, lastOne)];
  const ones = value % 10;
  return [...onesBeforeTens(ones), piece(`number-${value - ones}`)];
}

function ordinal(day: number): Piece[] {
  if (day < 20) return [piece(`day-${day}`)];
  const ones = day % 10;
  return [...onesBeforeTens(ones), piece(`day-${day - ones}`)];
}

function onesBeforeTens(ones: number): Piece[] {
  return ones === 0 ? [] : [one(ones, 'number-1-before-noun'), 'word-and'];
}

function one(value: number, lastOne: LastOne): Piece {
  return value === 1 ? lastOne : piece(`number-${value}`);
}
