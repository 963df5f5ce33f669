import { InvalidInput } from '../kernel/app-error';
import { maskNumber } from '../kernel/phone-number';
import type { Database, SqlValue } from '../kernel/unit-of-work';
import type { CallResult, ClosedLeg } from './cdr';
import { CDR_COLUMNS, findCdr, type StoredCdr, toStoredCdr } from './cdrs-store';

/** Rows one page may have. */
export const MAX_CDRS_PER_PAGE = 200;

/** Shorter beginnings of a number would go through most of the table. */
const SHORTEST_PREFIX = 3;

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
  readonly number?: NumberFilter;
  readonly roomId?: string;
  readonly roomSessionId?: string;
  readonly direction?: ClosedLeg['direction'];
  readonly result?: CallResult;
};

/** The last row of a page; the next page begins behind it. */
export type CdrPosition = { readonly startedAtMs: number; readonly cdrId: string };

export type CdrSearch = {
  readonly filter: CdrFilter;
  readonly after: CdrPosition | null;
  readonly limit: number;
  /** `masked` for readers whose role does not show them whole numbers. */
  readonly numbers: 'full' | 'masked';
};

/** A leg as the reader may see it: with its charge, its working and the ledger transaction, numbers whole or masked. */
export type FoundCdr = Omit<StoredCdr, 'routedNumber'> & { readonly routedNumber: string | null };

export type CdrsPage = { readonly cdrs: readonly FoundCdr[]; readonly next: CdrPosition | null };

/** One page of legs, the newest first. @throws InvalidInput for a limit or filter out of bounds */
export async function searchCdrs(database: Database, search: CdrSearch): Promise<CdrsPage> {
  if (!Number.isInteger(search.limit) || search.limit < 1 || search.limit > MAX_CDRS_PER_PAGE)
    throw new InvalidInput('limit', `is ${search.limit}`, `ask for 1 to ${MAX_CDRS_PER_PAGE}`);
  const { statement, values } = searchStatement(search);
  const rows = await database.read.all(statement, values);
  const found: readonly FoundCdr[] = rows.slice(0, search.limit).map(toStoredCdr);
  const last = rows.length > search.limit ? found.at(-1) : undefined;
  return {
    cdrs: search.numbers === 'masked' ? found.map(withMaskedNumbers) : found,
    next: last ? { startedAtMs: last.startedAtMs, cdrId: last.cdrId } : null,
  };
}

/** All legs that fit, the newest first, read a page at a time: for exports. Legs that start meanwhile do not join. @throws InvalidInput */
export async function* allCdrs(
  database: Database,
  search: Pick<CdrSearch, 'filter' | 'numbers'>,
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
  numbers: CdrSearch['numbers'],
): Promise<FoundCdr | null> {
  const cdr = await findCdr(database.read, cdrId);
  return cdr && numbers === 'masked' ? withMaskedNumbers(cdr) : cdr;
}

type Clause = { readonly condition: string; readonly values: readonly SqlValue[] };

const NUMBER_COLUMNS = {
  from: ['from_number'],
  dialled: ['dialled_number'],
  routed: ['routed_number'],
  any: ['from_number', 'dialled_number', 'routed_number'],
} as const satisfies Record<NumberField, readonly string[]>;

function searchStatement(search: CdrSearch): {
  readonly statement: string;
  readonly values: readonly SqlValue[];
} {
  const { number } = search.filter;
  const common = commonClauses(search);
  const parts = number
    ? NUMBER_COLUMNS[number.field].map((column) => [...common, numberClause(column, number)])
    : [common];
  // Each part walks its own index in order and stops at the limit; an OR over three columns would sort all hits.
  const selects = parts.map(
    (clauses, index) =>
      `SELECT * FROM (SELECT ${CDR_COLUMNS} FROM cdrs${where(clauses)} ORDER BY started_at_ms DESC, id DESC LIMIT ?) part${index}`,
  );
  return {
    statement: `${selects.join(' UNION ')} ORDER BY started_at_ms DESC, id DESC LIMIT ?`,
    values: [
      ...parts.flatMap((clauses) => [...clauses.flatMap((clause) => clause.values), search.limit + 1]),
      search.limit + 1,
    ],
  };
}

function commonClauses({ filter, after }: CdrSearch): readonly Clause[] {
  const clauses: Clause[] = [];
  const narrow = (condition: string, ...values: SqlValue[]) => clauses.push({ condition, values });
  if (filter.fromMs !== undefined) narrow('started_at_ms >= ?', filter.fromMs);
  if (filter.toMs !== undefined) narrow('started_at_ms < ?', filter.toMs);
  if (filter.payerAccountId !== undefined) narrow('payer_account_id = ?', filter.payerAccountId);
  if (filter.roomId !== undefined) narrow('room_id = ?', filter.roomId);
  if (filter.roomSessionId !== undefined) narrow('room_session_id = ?', filter.roomSessionId);
  if (filter.direction !== undefined) narrow('direction = ?', filter.direction);
  if (filter.result !== undefined) narrow('result = ?', filter.result);
  if (after)
    narrow(
      '(started_at_ms < ? OR (started_at_ms = ? AND id < ?))',
      after.startedAtMs,
      after.startedAtMs,
      after.cdrId,
    );
  return clauses;
}

function numberClause(column: string, { match, number }: NumberFilter): Clause {
  if (match === 'exact') return { condition: `${column} = ?`, values: [number] };
  if (number.length < SHORTEST_PREFIX)
    throw new InvalidInput(
      'number',
      'is too short a beginning',
      `give at least ${SHORTEST_PREFIX} characters`,
    );
  // A range, not LIKE: it uses the index on both databases and takes % and _ as they are.
  return { condition: `${column} >= ? AND ${column} < ?`, values: [number, `${number}\uFFFF`] };
}

function where(clauses: readonly Clause[]): string {
  if (clauses.length === 0) return '';
  return ` WHERE ${clauses.map((clause) => clause.condition).join(' AND ')}`;
}

function withMaskedNumbers(cdr: FoundCdr): FoundCdr {
  return {
    ...cdr,
    fromNumber: maskedOrNull(cdr.fromNumber),
    dialledNumber: maskNumber(cdr.dialledNumber),
    routedNumber: maskedOrNull(cdr.routedNumber),
  };
}

function maskedOrNull(number: string | null): string | null {
  return number === null ? null : maskNumber(number);
}
