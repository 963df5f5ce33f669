import { badCell, type CellFault, LineReader, withoutGuard } from '../../csv/read-csv-file';
import type { E164 } from '../../kernel/phone-number';
import { normaliseWritten } from '../../numbers/normalise-dialled';
import { ROOM_ROLES, type RoomRole } from '../../kernel/room-role';
import { ROOM_LANGUAGES, type RoomLanguage } from '../room-rules';
import { checkTerm, listedName, type ListWish } from './list-entry';

/** Columns of a list file, in any order; each with the other names that its header may have, read without case, spaces and underscores. */
export const LIST_COLUMNS = {
  name: ['fullname', 'displayname', 'contact'],
  number: ['phone', 'phonenumber', 'telephone', 'tel', 'mobile', 'msisdn'],
  role: [],
  language: ['lang', 'locale'],
  may_enter: ['entry', 'nopin'],
  dial_out: ['call', 'callout'],
  valid_from: ['from', 'start'],
  valid_until: ['until', 'to', 'end', 'validto'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ListColumn = keyof typeof LIST_COLUMNS;
export const LIST_COLUMN_NAMES = Object.keys(LIST_COLUMNS) as readonly ListColumn[];
export const NEEDED_COLUMNS: readonly ListColumn[] = ['name', 'number'];

const YES: readonly string[] = ['yes', 'y', 'true', '1'];
const NO: readonly string[] = ['no', 'n', 'false', '0'];
const DAY_MS = 86_400_000;

/**
 * Reads one line's cells, each by its own rule; gives the entry, or every fault of the line. An empty cell has a default: speaker,
 * the room's language, may enter, is not called (calling costs money, so it must be said), valid always.
 */
export function parseListLine(
  cell: (column: ListColumn) => string,
  country: string | undefined,
): { readonly wish: ListWish } | { readonly faults: readonly CellFault[] } {
  const line = new LineReader(cell);
  const wish = {
    name: line.read('name', listedName),
    number: line.read('number', (text) => writtenNumber(text, country)),
    role: line.read('role', role),
    language: line.read('language', language),
    mayEnter: line.read('may_enter', (text, field) => (text === '' ? true : yesOrNo(text, field))),
    dialOut: line.read('dial_out', (text, field) => (text === '' ? false : yesOrNo(text, field))),
    validFromMs: line.read('valid_from', (text, field) => moment(text, field)?.firstMs ?? null),
    validUntilMs: line.read('valid_until', (text, field) => moment(text, field)?.endMs ?? null),
  };
  if (line.faults.length === 0) line.try(() => checkTerm(wish as ListWish, 'valid_until'));
  return line.faults.length > 0 ? { faults: line.faults } : { wish: wish as ListWish };
}

/** @throws InvalidInput when it is no telephone number */
export function writtenNumber(text: string, country: string | undefined): E164 {
  const number = normaliseWritten(withoutGuard(text), country);
  if (number) return number;
  throw badCell(
    'number',
    text,
    country
      ? `write a number of ${country} as it is dialled there, or with plus and country code, for example +32255501234`
      : 'write a plus, the country code and the number, for example +32255501234, or say which country the numbers are of',
  );
}

function role(text: string, field: ListColumn): RoomRole {
  const found = text === '' ? 'speaker' : ROOM_ROLES.find((known) => known === text.toLowerCase());
  if (!found) throw badCell(field, text, `write ${ROOM_ROLES.join(', ')}, or nothing for speaker`);
  return found;
}

function language(text: string, field: ListColumn): RoomLanguage | null {
  if (text === '') return null;
  const found = ROOM_LANGUAGES.find((known) => known === text.toLowerCase());
  if (!found)
    throw badCell(field, text, `write ${ROOM_LANGUAGES.join(', ')}, or nothing for the room’s language`);
  return found;
}

function yesOrNo(text: string, field: ListColumn): boolean {
  const plain = text.toLowerCase();
  if (!YES.includes(plain) && !NO.includes(plain)) throw badCell(field, text, 'write yes or no');
  return YES.includes(plain);
}

/** A date is a whole day in UTC, so that an entry valid until a day counts on that day. */
function moment(text: string, field: ListColumn): { firstMs: number; endMs: number } | null {
  if (text === '') return null;
  const form = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/.exec(
    text,
  );
  const dayMs = form ? Date.parse(`${form[1]}T00:00:00Z`) : Number.NaN;
  const atMs = form ? Date.parse(text) : Number.NaN;
  // Date.parse makes 2 March of 30 February.
  if (!Number.isNaN(atMs) && !Number.isNaN(dayMs) && new Date(dayMs).toISOString().slice(0, 10) === form?.[1])
    return { firstMs: atMs, endMs: form[2] === undefined ? atMs + DAY_MS : atMs };
  throw badCell(
    field,
    text,
    'write a date or a moment with its offset, for example 2026-07-01 or 2026-07-01T12:00+02:00',
  );
}
