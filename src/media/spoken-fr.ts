import {
  endsInMillion,
  type Grammar,
  has,
  inGroups,
  piece,
  pluralClass,
  type Unit,
  unitForm,
} from './spoken-grammar';
import type { Piece } from './spoken-pieces';

type Gender = 'masculine' | 'feminine';

const FEMININE: readonly Unit[] = ['pound'];

/** French of France: soixante-dix, quatre-vingts, quatre-vingt-dix. */
export const french: Grammar = {
  number: (value) => number(value, 'masculine'),
  counted: (value, unit) => [
    ...number(value, FEMININE.includes(unit) ? 'feminine' : 'masculine'),
    ...(endsInMillion(value) ? ofUnits(unit) : [unitForm('fr', unit, pluralClass('fr', value))]),
  ],
  betweenNotesAndCoins: 'word-and',
  date: ({ year, month, day }) => [
    'word-the',
    ...(day === 1 ? [piece('day-1')] : number(day, 'masculine')),
    piece(`month-${month}`),
    ...number(year, 'masculine'),
  ],
};

/** "d'euros" is one word to the ear. */
function ofUnits(unit: Unit): Piece[] {
  return has('fr', `unit-${unit}-of`)
    ? [piece(`unit-${unit}-of`)]
    : ['word-of', unitForm('fr', unit, 'other')];
}

function number(value: number, gender: Gender): Piece[] {
  if (value === 0) return ['number-0'];
  const { millions, thousands, rest } = inGroups(value);
  return [
    ...millionsOf(millions),
    ...thousandsOf(thousands),
    ...(rest > 0 ? belowThousand(rest, gender, { isLast: true }) : []),
  ];
}

/** "million" is a noun, so that vingt and cent before it take their plural. */
function millionsOf(millions: number): Piece[] {
  if (millions === 0) return [];
  return [
    ...belowThousand(millions, 'masculine', { isLast: true }),
    piece(millions === 1 ? 'number-million' : 'number-millions'),
  ];
}

/** "mille" is a number: vingt and cent before it have no plural, and 1000 is "mille" alone. */
function thousandsOf(thousands: number): Piece[] {
  if (thousands === 0) return [];
  const multiplier = thousands === 1 ? [] : belowThousand(thousands, 'masculine', { isLast: false });
  return [...multiplier, piece('number-thousand')];
}

function belowThousand(value: number, gender: Gender, place: { isLast: boolean }): Piece[] {
  const rest = value % 100;
  return [
    ...hundreds(Math.floor(value / 100), { isLast: place.isLast && rest === 0 }),
    ...(rest > 0 ? belowHundred(rest, gender, place) : []),
  ];
}

function hundreds(count: number, { isLast }: { isLast: boolean }): Piece[] {
  if (count === 0) return [];
  if (count === 1) return ['number-hundred'];
  return [piece(`number-${count}`), piece(isLast ? 'number-hundreds' : 'number-hundred')];
}

function belowHundred(value: number, gender: Gender, { isLast }: { isLast: boolean }): Piece[] {
  if (value < 20) return [upTo19(value, gender)];
  if (value === 80) return [isLast ? 'number-80' : 'number-80-before-number'];
  if (value > 80) return ['number-80-before-number', upTo19(value - 80, gender)];
  const tens = value >= 60 ? 60 : value - (value % 10);
  const ones = value - tens;
  if (ones === 0) return [piece(`number-${tens}`)];
  const and: Piece[] = ones === 1 || ones === 11 ? ['word-and'] : [];
  return [piece(`number-${tens}`), ...and, upTo19(ones, gender)];
}

function upTo19(value: number, gender: Gender): Piece {
  return value === 1 && gender === 'feminine' ? 'number-1-feminine' : piece(`number-${value}`);
}
