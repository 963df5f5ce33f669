import {
  endsInMillion,
  type Grammar,
  inGroups,
  piece,
  pluralClass,
  type Unit,
  unitForm,
} from './spoken-grammar';
import type { Piece } from './spoken-pieces';

/** What a number stands before: nothing, a noun of either gender. "uno" loses its end before a noun and agrees with it. */
type Before = 'nothing' | 'masculine' | 'feminine';

const FEMININE: readonly Unit[] = ['pound'];

/** Spanish of Spain. */
export const spanish: Grammar = {
  number: (value) => number(value, 'nothing'),
  counted: (value, unit) => [
    ...number(value, FEMININE.includes(unit) ? 'feminine' : 'masculine'),
    ...(endsInMillion(value) ? [piece('word-of')] : []),
    unitForm('es', unit, pluralClass('es', value)),
  ],
  betweenNotesAndCoins: 'word-with',
  date: ({ year, month, day }) => [
    'word-the',
    ...number(day, 'nothing'),
    'word-of',
    piece(`month-${month}`),
    'word-of',
    ...number(year, 'nothing'),
  ],
};

function number(value: number, before: Before): Piece[] {
  if (value === 0) return ['number-0'];
  const { millions, thousands, rest } = inGroups(value);
  return [
    ...millionsOf(millions),
    ...thousandsOf(thousands, before),
    ...(rest > 0 ? belowThousand(rest, before) : []),
  ];
}

/** "millón" is a masculine noun, whatever is counted. */
function millionsOf(millions: number): Piece[] {
  if (millions === 0) return [];
  return [
    ...belowThousand(millions, 'masculine'),
    piece(millions === 1 ? 'number-million' : 'number-millions'),
  ];
}

/** 1000 is "mil" alone; what is counted gives its gender to the thousands too. */
function thousandsOf(thousands: number, before: Before): Piece[] {
  if (thousands === 0) return [];
  const multiplier =
    thousands === 1 ? [] : belowThousand(thousands, before === 'nothing' ? 'masculine' : before);
  return [...multiplier, piece('number-thousand')];
}

function belowThousand(value: number, before: Before): Piece[] {
  if (value === 100) return ['number-100'];
  const rest = value % 100;
  return [...hundreds(value - rest, before), ...(rest > 0 ? belowHundred(rest, before) : [])];
}

function hundreds(value: number, before: Before): Piece[] {
  if (value === 0) return [];
  if (value === 100) return ['number-hundred'];
  return [piece(before === 'feminine' ? `number-${value}-feminine` : `number-${value}`)];
}

function belowHundred(value: number, before: Before): Piece[] {
  if (value < 30) return [upTo29(value, before)];
  const ones = value % 10;
  return [piece(`number-${value - ones}`), ...(ones > 0 ? [piece('word-and'), upTo29(ones, before)] : [])];
}

function upTo29(value: number, before: Before): Piece {
  if (value !== 1 && value !== 21) return piece(`number-${value}`);
  if (before === 'feminine') return piece(`number-${value}-feminine`);
  return piece(before === 'masculine' ? `number-${value}-before-noun` : `number-${value}`);
}
