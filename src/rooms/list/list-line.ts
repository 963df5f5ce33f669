import { InvalidInput } from '../../kernel/app-error';
import type { E164 } from '../../kernel/phone-number';
import { normaliseWritten } from '../../numbers/normalise-dialled';
import { ROOM_ROLES, type RoomRole } from '../../kernel/room-role';
import { ROOM_LANGUAGES, type RoomLanguage } from '../room-rules';
import { checkTerm, listedName, type ListWish, withoutGuard } from './list-entry';

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

/** What is wrong with one cell and what would be right. */
export type CellFault = { readonly field: string; readonly problem: string; readonly remedy: string };

/** The column that a header names, or null. */
export function columnOf(header: string): ListColumn | null {
  const plain = header.toLowerCase().replaceAll(/[\s_-]/g, '');
  const found = LIST_COLUMN_NAMES.find(
    (column) =>
      column.replaceAll('_', '') === plain || (LIST_COLUMNS[column] as readonly string[]).includes(plain),
  );
  return found ?? null;
}

/**
 * Reads one line's cells, each by its own rule; gives the entry, or every fault of the line. An empty cell has a default: speaker,
 * the room's language, may enter, is not called (calling costs money, so it must be said), valid always.
 */
export function parseListLine(
  cell: (column: ListColumn) => string,
  country: string | undefined,
): { readonly wish: ListWish } | { readonly faults: readonly CellFault[] } {
  const faults: CellFault[] = [];
  const read = <T>(column: ListColumn, parse: (text: string, field: ListColumn) => T): T | undefined => {
    try {
      return parse(cell(column), column);
    } catch (error) {
      faults.push(faultOf(error));
      return undefined;
    }
  };
  const wish = {
    name: read('name', listedName),
    number: read('number', (text) => writtenNumber(text, country)),
    role: read('role', role),
    language: read('language', language),
    mayEnter: read('may_enter', (text, field) => (text === '' ? true : yesOrNo(text, field))),
    dialOut: read('dial_out', (text, field) => (text === '' ? false : yesOrNo(text, field))),
    validFromMs: read('valid_from', (text, field) => moment(text, field)?.firstMs ?? null),
    validUntilMs: read('valid_until', (text, field) => moment(text, field)?.endMs ?? null),
  };
  if (faults.length > 0) return { faults };
  const whole = wish as ListWish;
  try {
    checkTerm(whole, 'valid_until');
  } catch (error) {
    return { faults: [faultOf(error)] };
  }
  return { wish: whole };
}

/** @throws InvalidInput when it is no telephone number */
export function writtenNumber(text: string, country: string | undefined): E164 {
  const number = normaliseWritten(withoutGuard(text), country);
  if (number) return number;
  throw bad(
    'number',
    text,
    country
      ? `write a number of ${country} as it is dialled there, or with plus and country code, for example +32255501234`
      : 'write a plus, the country code and the number, for example +32255501234, or say which country the numbers are of',
  );
}

function role(text: string, field: ListColumn): RoomRole {
  const found = text === '' ? 'speaker' : ROOM_ROLES.find((known) => known === text.toLowerCase());
  if (!found) throw bad(field, text, `write ${ROOM_ROLES.join(', ')}, or nothing for speaker`);
  return found;
}

function language(text: string, field: ListColumn): RoomLanguage | null {
  if (text === '') return null;
  const found = ROOM_LANGUAGES.find((known) => known === text.toLowerCase());
  if (!found)
    throw bad(field, text, `write ${ROOM_LANGUAGES.join(', ')}, or nothing for the room’s language`);
  return found;
}

function yesOrNo(text: string, field: ListColumn): boolean {
  const plain = text.toLowerCase();
  if (!YES.includes(plain) && !NO.includes(plain)) throw bad(field, text, 'write yes or no');
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
  throw bad(
    field,
    text,
    'write a date or a moment with its offset, for example 2026-07-01 or 2026-07-01T12:00+02:00',
  );
}

function bad(field: ListColumn, text: string, remedy: string): InvalidInput {
  return new InvalidInput(field, text === '' ? 'is empty' : `"${text.slice(0, 60)}" does not fit`, remedy);
}

function faultOf(error: unknown): CellFault {
  if (!(error instanceof InvalidInput)) throw error;
  const { field, problem, remedy } = error.facts;
  return { field: String(field), problem: String(problem), remedy: String(remedy) };
}
