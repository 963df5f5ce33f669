import { type Grammar, has, inGroups, piece, pluralClass, type Unit, unitForm } from './spoken-grammar';
import type { Piece } from './spoken-pieces';

/**
 * Modern Standard Arabic, in the nominative as a number read out alone stands. Every unit of money here is masculine, and so are thousand
 * and million: the numbers three to ten therefore keep the ending that the masculine asks of them (ثلاثة دنانير), one follows its noun
 * (دينار واحد) and two is the noun's dual (ديناران).
 */
export const arabic: Grammar = {
  number: (value) => number(value, { nounFollows: false }),
  counted,
  betweenNotesAndCoins: 'word-and',
  date: ({ year, month, day }) => [
    ...ordinal(day),
    'word-of',
    piece(`month-${month}`),
    ...number(year, { nounFollows: false }),
  ],
};

function counted(value: number, unit: Unit): Piece[] {
  const plural = pluralClass('ar', value);
  if (plural === 'one') return [unitForm('ar', unit, 'one'), 'number-1'];
  if (plural === 'two' && has('ar', `unit-${unit}-two`)) return [unitForm('ar', unit, 'two')];
  return [...number(value, { nounFollows: true }), unitForm('ar', unit, plural)];
}

/** Groups and their parts are joined by "and", the largest first. */
function number(value: number, { nounFollows }: { nounFollows: boolean }): Piece[] {
  if (value === 0) return ['number-0'];
  const { millions, thousands, rest } = inGroups(value);
  return joined([
    multiplied(millions, 'million', { nounFollows: nounFollows && value % 1_000_000 === 0 }),
    multiplied(thousands, 'thousand', { nounFollows: nounFollows && rest === 0 }),
    ...belowThousand(rest, { nounFollows }),
  ]);
}

const LARGE = {
  thousand: { few: 'number-thousands-few', many: 'number-thousands-many' },
  million: { few: 'number-millions-few', many: 'number-millions-many' },
} as const;

/** ألف، ألفان، ثلاثة آلاف، أحد عشر ألفاً، مئة ألف: thousands and millions are counted things themselves. */
function multiplied(
  count: number,
  size: keyof typeof LARGE,
  { nounFollows }: { nounFollows: boolean },
): Piece[] {
  if (count === 0) return [];
  if (count === 1) return [piece(`number-${size}`)];
  if (count === 2) return [piece(`number-2-${size}${nounFollows ? '-before-noun' : ''}`)];
  return [...joined(belowThousand(count, { nounFollows: true })), largeForm(count, size, nounFollows)];
}

/** Before a noun the accusative loses its -n, and so sounds like the singular. */
function largeForm(count: number, size: keyof typeof LARGE, nounFollows: boolean): Piece {
  const plural = pluralClass('ar', count);
  if (plural === 'few') return LARGE[size].few;
  return plural === 'many' && !nounFollows ? LARGE[size].many : piece(`number-${size}`);
}

/** The parts of a number below a thousand, each to be joined by "and": 121 → hundred, one, twenty. */
function belowThousand(value: number, { nounFollows }: { nounFollows: boolean }): Piece[][] {
  const rest = value % 100;
  return [hundreds(value - rest, nounFollows && rest === 0), ...belowHundred(rest)];
}

function hundreds(value: number, nounFollows: boolean): Piece[] {
  if (value === 0) return [];
  if (value === 100) return ['number-hundred'];
  return [value === 200 && nounFollows ? 'number-200-before-noun' : piece(`number-${value}`)];
}

function belowHundred(value: number): Piece[][] {
  if (value === 0) return [];
  if (value < 20) return [[piece(`number-${value}`)]];
  const ones = value % 10;
  return [ones > 0 ? [piece(`number-${ones}`)] : [], [piece(`number-${value - ones}`)]];
}

function joined(parts: readonly Piece[][]): Piece[] {
  return parts
    .filter((part) => part.length > 0)
    .flatMap((part, index): Piece[] => (index === 0 ? part : ['word-and', ...part]));
}

/** الأول … العاشر، الحادي عشر … التاسع عشر، العشرون، الحادي والعشرون. */
function ordinal(day: number): Piece[] {
  const ones = day % 10;
  const tens = day - ones;
  if (day <= 10) return [piece(`day-${day}`)];
  if (ones === 0) return [piece(`day-${day}`)];
  const first: Piece = ones === 1 ? 'day-1-in-compound' : piece(`day-${ones}`);
  return tens === 10 ? [first, 'day-ten-in-compound'] : [first, 'word-and', piece(`day-${tens}`)];
}
