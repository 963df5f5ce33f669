/** Whole numbers from `first` to `last`, both included. */
export type NumberRange = { readonly first: number; readonly last: number };

/** Ranges one alert names; the rest goes into the next. */
export const MAX_RANGES_PER_ALERT = 100;

/**
 * The numbers of `within` that have no CDR and should have one, as ranges in order.
 * `present` are the numbers in the database, `excused` those of legs still open or not written yet, `noted` what was alarmed before.
 */
export function missingRanges(
  within: NumberRange,
  known: {
    readonly present: ReadonlySet<number>;
    readonly excused: ReadonlySet<number>;
    readonly noted: readonly NumberRange[];
  },
): readonly NumberRange[] {
  const noted = (number: number) => known.noted.some(({ first, last }) => number >= first && number <= last);
  const missing: number[] = [];
  for (let number = within.first; number <= within.last; number++)
    if (!known.present.has(number) && !known.excused.has(number) && !noted(number)) missing.push(number);
  return asRanges(missing);
}

/** Numbers in rising order as the fewest ranges. */
export function asRanges(rising: readonly number[]): readonly NumberRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const number of rising) {
    const open = ranges.at(-1);
    if (open && open.last === number - 1) open.last = number;
    else ranges.push({ first: number, last: number });
  }
  return ranges;
}

/** The numbers of ranges that lie in `within`, counted. */
export function countWithin(ranges: readonly NumberRange[], within: NumberRange): number {
  return ranges.reduce(
    (sum, { first, last }) =>
      sum + Math.max(0, Math.min(last, within.last) - Math.max(first, within.first) + 1),
    0,
  );
}

/** A range cut into pieces of at most `size` numbers. */
export function* piecesOf(range: NumberRange, size: number): Generator<NumberRange, void, undefined> {
  for (let first = range.first; first <= range.last; first += size)
    yield { first, last: Math.min(first + size - 1, range.last) };
}
