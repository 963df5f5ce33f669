import { badCell } from '../../csv/read-csv-file';
import { MAX_PREFIX_DIGITS } from './rate';

/** Prefixes that one cell may come to. */
const MAX_PREFIXES = 2_000;

/**
 * The prefixes of a cell: "1201-1205,1207" and the like, separated by commas, semicolons, bars or blanks, each after `countryCode`. A range is written
 * as few prefixes as cover it: 1200-1299 is 12.
 * @throws InvalidInput naming `field`, for what is no list of prefixes
 */
export function prefixesOf(text: string, field: string, countryCode = ''): readonly string[] {
  const parts = text.split(/[,;|\s]+/).filter((part) => part !== '');
  if (parts.length === 0) throw badCell(field, text, 'write digits, for example 3247');
  const prefixes: string[] = [];
  for (const part of parts) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    const [, from = '', until = from] = range ?? [];
    if (!range || from.length !== until.length || until < from)
      throw badCell(
        field,
        part,
        'write digits only, or a range of as many digits, for example 3247 or 1201-1205',
      );
    // Judged before a range is expanded: it could be a billion numbers.
    for (const end of [countryCode + from, countryCode + until]) checkPrefix(end, field);
    prefixes.push(...coveringPrefixes(countryCode, from, until));
    if (prefixes.length > MAX_PREFIXES)
      throw badCell(field, text, `name at most ${MAX_PREFIXES} prefixes in one line`);
  }
  return prefixes;
}

/** @throws InvalidInput */
export function checkPrefix(prefix: string, field: string): string {
  if (!/^[1-9]\d*$/.test(prefix))
    throw badCell(
      field,
      prefix,
      'write digits only, country code first, without plus or leading zeros, for example 3247',
    );
  if (prefix.length > MAX_PREFIX_DIGITS)
    throw badCell(field, prefix, `use at most ${MAX_PREFIX_DIGITS} digits`);
  return prefix;
}

/** The fewest prefixes that cover all numbers from `from` to `until`, which have as many digits. */
function coveringPrefixes(before: string, from: string, until: string): readonly string[] {
  const prefixes: string[] = [];
  const end = BigInt(until);
  let next = BigInt(from);
  while (next <= end) {
    let size = 1n;
    let digits = from.length;
    // At least one digit stays, and 1000-9999 never becomes a prefix of nothing.
    while (digits > 1 && next % (size * 10n) === 0n && next + size * 10n - 1n <= end) {
      size *= 10n;
      digits--;
    }
    prefixes.push(before + next.toString().padStart(from.length, '0').slice(0, digits));
    next += size;
    if (prefixes.length > MAX_PREFIXES) break;
  }
  return prefixes;
}
