import { InvalidInput } from '../kernel/app-error';
import { maskNumber } from '../kernel/phone-number';
import { type Database, integer, type SqlValue } from '../kernel/unit-of-work';
import type { CallResult, ClosedLeg } from './cdr';
import type { RoomRole } from '../kernel/room-role';
import { CDR_COLUMNS, type CdrRating, findCdr, type StoredCdr, toStoredCdr } from './cdrs-store';

/** Rows one page may have. */
export const MAX_CDRS_PER_PAGE = 200;

/** Shorter beginnings of a number would go through most of the table. */
const SHORTEST_PREFIX = 3;

/** Rows that are sorted for one page; a beginning of a number that more rows have is looked for in the order of time. */
const SORTED_AT_MOST = 2_000;

/** A page that takes longer is given up on MariaDB: many at once would keep the database from calls. */
const LONGEST_SEARCH_SECONDS = 5;

/** Which number of the leg is meant; `any`: either of the three. */
export type NumberField = 'from' | 'dialled' | 'routed' | 'any';

export type NumberFilter = {
  readonly field: NumberField;
  readonly match: 'exact' | 'prefix';
  readonly number: string;
};

/** What is searched for; fields left out do not narrow. */
export type CdrFilter = {
  /** Started at or after this. */
  readonly fromMs?: number;
  /** Started before this. */
  readonly toMs?: number;
  readonly payerAccountId?: string;
  /** Whose leg it was. */
  readonly accountId?: string;
  /** All legs of one call. */
  readonly callId?: string;
  readonly number?: NumberFilter;
  readonly roomId?: string;
  readonly roomSessionId?: string;
  readonly direction?: ClosedLeg['direction'];
  readonly trunkId?: string;
  readonly roomRole?: RoomRole;
  readonly hangupCause?: string;
  readonly result?: CallResult;
};

/** The last row of a page; the next page begins behind it. */
export type CdrPosition = { readonly startedAtMs: number; readonly cdrId: string };

/** `masked` for readers whose role does not show them whole numbers; `withheld`: those too that their callers asked to keep. */
export type ShownNumbers = 'masked' | 'full' | 'withheld';

export type CdrSearch = {
  readonly filter: CdrFilter;
  readonly after: CdrPosition | null;
  readonly limit: number;
  readonly numbers: ShownNumbers;
  /** Whether the reader sees what carriers take and what is earned. */
  readonly costs: 'shown' | 'hidden';
};

/** A leg as the reader may see it: with its charge, its working and the ledger transaction, numbers whole, masked or withheld. */
export type FoundCdr = StoredCdr;

export type CdrsPage = { readonly cdrs: readonly FoundCdr[]; readonly next: CdrPosition | null };

/** One page of legs, the newest first. @throws InvalidInput for a limit or filter out of bounds; TooSlow */
export async function searchCdrs(database: Database, search: CdrSearch): Promise<CdrsPage> {
  if (!Number.isInteger(search.limit) || search.limit < 1 || search.limit > MAX_CDRS_PER_PAGE)
    throw new InvalidInput('limit', `is ${search.limit}`, `ask for 1 to ${MAX_CDRS_PER_PAGE}`);
  const { statement, values } = searchStatement(search, await accessPaths(database, search.filter.number));
  const rows = await database.report.all(limited(database, statement), values);
  const found: readonly FoundCdr[] = rows.slice(0, search.limit).map(toStoredCdr);
  const last = rows.length > search.limit ? found.at(-1) : undefined;
  return {
    cdrs: found.map((cdr) => asShown(cdr, search)),
    next: last ? { startedAtMs: last.startedAtMs, cdrId: last.cdrId } : null,
  };
}

/** All legs that fit, the newest first, read a page at a time: for exports. Legs that start meanwhile do not join. @throws InvalidInput */
export async function* allCdrs(
  database: Database,
  search: Pick<CdrSearch, 'filter' | 'numbers' | 'costs'>,
): AsyncGenerator<FoundCdr, void, undefined> {
  let after: CdrPosition | null = null;
  do {
    const page: CdrsPage = await searchCdrs(database, { ...search, after, limit: MAX_CDRS_PER_PAGE });
    yield* page.cdrs;
    after = page.next;
  } while (after !== null);
}

/** One leg, or null. */
export async function readCdr(
  database: Database,
  cdrId: string,
  shown: Pick<CdrSearch, 'numbers' | 'costs'>,
): Promise<FoundCdr | null> {
  const cdr = await findCdr(database.read, cdrId);
  return cdr && asShown(cdr, shown);
}

/** A condition, its values, and the indexes that walk the rows it fits. */
type Clause = {
  readonly condition: string;
  readonly values: readonly SqlValue[];
  readonly indexes: readonly string[];
};

const NUMBER_COLUMNS = {
  from: 'from_number',
  dialled: 'dialled_number',
  routed: 'routed_number',
} as const satisfies Record<Exclude<NumberField, 'any'>, string>;

type NumberColumn = (typeof NUMBER_COLUMNS)[keyof typeof NUMBER_COLUMNS];

const BY_TIME = 'cdrs_by_time';
const NEWEST_FIRST = 'ORDER BY started_at_ms DESC, id DESC';

function searchStatement(
  search: CdrSearch,
  paths: AccessPaths,
): {
  readonly statement: string;
  readonly values: readonly SqlValue[];
} {
  const { number } = search.filter;
  const common = commonClauses(search);
  const most = search.limit + 1;
  if (number?.field !== 'any') {
    const clauses = number
      ? [...common, numberClause(NUMBER_COLUMNS[number.field], number, search.numbers)]
      : common;
    return {
      statement: `SELECT ${CDR_COLUMNS} FROM ${cdrsBy(clauses, paths)}${where(clauses)} ${NEWEST_FIRST} LIMIT ?`,
      values: [...clauses.flatMap((clause) => clause.values), most],
    };
  }
  // Each part walks its own index in order and stops at the limit; an OR over three columns would sort all hits. Only the places of the
  // rows are put together: whole rows, with their text, would go through a table on disk.
  const parts = Object.values(NUMBER_COLUMNS).map((column) => [
    ...common,
    numberClause(column, number, search.numbers),
  ]);
  const places = parts.map(
    (clauses, index) =>
      `SELECT * FROM (SELECT id, started_at_ms FROM ${cdrsBy(clauses, paths)}${where(clauses)} ${NEWEST_FIRST} LIMIT ?) part${index}`,
  );
  return {
    statement: `SELECT ${CDR_COLUMNS} FROM cdrs WHERE id IN (SELECT id FROM (${places.join(' UNION ')} ${NEWEST_FIRST} LIMIT ?) places) ${NEWEST_FIRST}`,
    values: [...parts.flatMap((clauses) => [...clauses.flatMap((clause) => clause.values), most]), most],
  };
}

const EQUALITIES = [
  ['payerAccountId', 'payer_account_id', 'cdrs_by_payer'],
  ['accountId', 'account_id', 'cdrs_by_account'],
  ['callId', 'call_id', 'cdrs_by_call'],
  ['roomId', 'room_id', 'cdrs_by_room'],
  ['roomSessionId', 'room_session_id', 'cdrs_by_room_session'],
  ['direction', 'direction', 'cdrs_by_direction'],
  ['trunkId', 'trunk_id', 'cdrs_by_trunk'],
  ['roomRole', 'room_role', 'cdrs_by_role'],
  ['hangupCause', 'hangup_cause', 'cdrs_by_cause'],
  ['result', 'result', 'cdrs_by_result'],
] as const satisfies readonly (readonly [keyof CdrFilter, string, string])[];

function commonClauses({ filter, after }: CdrSearch): readonly Clause[] {
  const clauses: Clause[] = [];
  const narrow = (condition: string, ...values: SqlValue[]) =>
    clauses.push({ condition, values, indexes: [] });
  if (filter.fromMs !== undefined) narrow('started_at_ms >= ?', filter.fromMs);
  if (filter.toMs !== undefined) narrow('started_at_ms < ?', filter.toMs);
  for (const [name, column, index] of EQUALITIES) {
    const value = filter[name];
    if (value !== undefined) clauses.push({ condition: `${column} = ?`, values: [value], indexes: [index] });
  }
  if (after)
    narrow(
      'started_at_ms <= ? AND (started_at_ms < ? OR id < ?)',
      after.startedAtMs,
      after.startedAtMs,
      after.cdrId,
    );
  return clauses;
}

/** Who may not see a number that a caller asked to keep does not find him by it either: a hit would tell it. */
function numberClause(
  column: NumberColumn,
  { match, number }: NumberFilter,
  numbers: ShownNumbers = 'withheld',
): Clause {
  const index = `cdrs_by_${column}`;
  const known = column === 'from_number' && numbers !== 'withheld' ? ' AND is_withheld = 0' : '';
  if (match === 'exact') return { condition: `${column} = ?${known}`, values: [number], indexes: [index] };
  if (number.length < SHORTEST_PREFIX)
    throw new InvalidInput(
      'number',
      'is too short a beginning',
      `give at least ${SHORTEST_PREFIX} characters`,
    );
  return {
    // A range, not LIKE: it uses the index on both databases and takes % and _ as they are.
    condition: `${column} >= ? AND ${column} < ?${known}`,
    values: [number, `${number}\uFFFF`],
    indexes: [index],
  };
}

/** How MariaDB is led to the rows: null on SQLite, which needs no leading; else the number indexes that would not help. */
type AccessPaths = { readonly tooCommon: ReadonlySet<string>; readonly isPrefix: boolean } | null;

/**
 * A beginning that few numbers have is found by them, and the rows sorted; one that many have is found by walking the others' indexes in
 * the order of time. MariaDB does not choose well between the two, so it is told; counting stops where it is clear.
 */
async function accessPaths(database: Database, number: NumberFilter | undefined): Promise<AccessPaths> {
  if (database.dialect === 'sqlite') return null;
  if (number?.match !== 'prefix') return { tooCommon: new Set(), isPrefix: false };
  const columns = number.field === 'any' ? Object.values(NUMBER_COLUMNS) : [NUMBER_COLUMNS[number.field]];
  const clauses = columns.map((column) => numberClause(column, number));
  const counts = clauses.map(
    ({ condition, indexes }, n) =>
      `(SELECT COUNT(*) FROM (SELECT 1 FROM cdrs FORCE INDEX (${indexes.join(', ')}) WHERE ${condition} LIMIT ${SORTED_AT_MOST + 1}) f${n}) AS c${n}`,
  );
  const [row] = await database.report.all(
    `SELECT ${counts.join(', ')}`,
    clauses.flatMap(({ values }) => values),
  );
  const tooCommon = clauses.filter((_, n) => integer(row?.[`c${n}`]) > SORTED_AT_MOST);
  return { tooCommon: new Set(tooCommon.flatMap(({ indexes }) => indexes)), isPrefix: true };
}

/** Indexes of few values, each with a large part of the table: worth their reading only where there is no other. */
const BROAD = ['cdrs_by_direction', 'cdrs_by_role'];

/**
 * The table with the indexes that its filters allow. MariaDB left alone takes the right index by its first column only and reads all
 * newer rows before a page in the middle; told which indexes there are, it begins at the page and still chooses among them.
 */
function cdrsBy(clauses: readonly Clause[], paths: AccessPaths): string {
  if (!paths) return 'cdrs';
  const indexes = new Set(clauses.flatMap((clause) => clause.indexes));
  for (const index of paths.tooCommon) indexes.delete(index);
  for (const index of BROAD) if (indexes.size > 1) indexes.delete(index);
  const byPrefix = paths.isPrefix ? [...indexes].find((index) => index.endsWith('_number')) : undefined;
  if (indexes.size === 0) indexes.add(BY_TIME);
  return `cdrs FORCE INDEX (${byPrefix ?? [...indexes].join(', ')})`;
}

function where(clauses: readonly Clause[]): string {
  if (clauses.length === 0) return '';
  return ` WHERE ${clauses.map((clause) => clause.condition).join(' AND ')}`;
}

function asShown(stored: StoredCdr, { numbers, costs }: Pick<CdrSearch, 'numbers' | 'costs'>): FoundCdr {
  const cdr = costs === 'shown' ? stored : withoutCost(stored);
  const fromNumber = cdr.isWithheld && numbers !== 'withheld' ? null : cdr.fromNumber;
  if (numbers !== 'masked') return { ...cdr, fromNumber };
  return {
    ...cdr,
    fromNumber: maskedOrNull(fromNumber),
    dialledNumber: maskNumber(cdr.dialledNumber),
    routedNumber: maskedOrNull(cdr.routedNumber),
    rating: cdr.rating && withMaskedPrefixes(cdr.rating),
  };
}

function withoutCost(cdr: StoredCdr): FoundCdr {
  return { ...cdr, costDeckId: null, rating: cdr.rating && { ...cdr.rating, cost: null } };
}

function withMaskedPrefixes(rating: CdrRating): CdrRating {
  return {
    ...rating,
    working: withMaskedPrefix(rating.working),
    cost: rating.cost && { ...rating.cost, working: withMaskedPrefix(rating.cost.working) },
  };
}

/** The prefix that a leg was rated by is the beginning of its number. */
function withMaskedPrefix(working: CdrRating['working']): CdrRating['working'] {
  return typeof working.prefix === 'string' ? { ...working, prefix: maskNumber(working.prefix) } : working;
}

function maskedOrNull(number: string | null): string | null {
  return number === null ? null : maskNumber(number);
}

function limited({ dialect }: Pick<Database, 'dialect'>, statement: string): string {
  if (dialect === 'sqlite') return statement;
  return `SET STATEMENT max_statement_time=${LONGEST_SEARCH_SECONDS} FOR ${statement}`;
}
