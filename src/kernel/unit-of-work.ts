import { AppError } from './app-error';

/** A value that can stand for a `?` in a statement. Micros go in as bigint. */
export type SqlValue = string | number | bigint | null;

/** One row as it came; numbers may arrive as text on MariaDB, so read them through `micros()` and `integer()` below. */
export type Row = Readonly<Record<string, unknown>>;

/** Statements inside one unit of work (or outside, for reads). SQL is the part both SQLite and MariaDB run unchanged. */
export interface Sql {
  /** All rows of a SELECT. */
  all(statement: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
  /** Runs INSERT, UPDATE or DELETE and gives the number of rows it changed. */
  run(statement: string, values?: readonly SqlValue[]): Promise<number>;
  /** ' FOR UPDATE' where the database has row locks, '' where one writer at a time makes it needless. */
  readonly forUpdate: string;
}

/** Where everything durable lives. */
export interface Database {
  readonly dialect: 'sqlite' | 'mariadb';
  /** Short reads outside a unit of work. */
  readonly read: Sql;
  /** Reads that go over many rows: proofs, sums, whole decks. They never keep a call waiting, and come a little later than `read`. */
  readonly report: Sql;
  /**
   * Runs `work` in one transaction and commits it; an exception rolls all of it back. On SQLite one writer at a time; on
   * MariaDB a deadlock or lock time-out (1213, 1205) runs `work` again from the start, so it must have no effect outside `sql`.
   */
  write<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A unique key refused an INSERT: somebody already did this. */
export class DuplicateKey extends Error {
  constructor(readonly statement: string) {
    super('a row with this key exists');
    this.name = 'DuplicateKey';
  }
}

/** A question took longer than it may: answering it would keep the database from calls. */
export class TooSlow extends AppError {
  readonly code = 'too-slow';
  constructor() {
    super('this search would take too long; narrow it, best by a shorter time');
  }
}

/** A BIGINT column as exact micros, whichever way the driver delivered it. @throws TypeError when it is no integer. */
export function micros(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return BigInt(value);
  throw new TypeError(`not an integer amount: ${String(value)}`);
}

/** A BIGINT or INTEGER column as a safe number (times in ms, counts). @throws TypeError when it is none. */
export function integer(value: unknown): number {
  const result = typeof value === 'number' ? value : Number(micros(value));
  if (!Number.isSafeInteger(result)) throw new TypeError(`not a safe integer: ${String(value)}`);
  return result;
}

/** A nullable integer column. */
export function integerOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : integer(value);
}

/** A text column. @throws TypeError when it is not text. */
export function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`not text: ${String(value)}`);
  return value;
}

/** A nullable text column. */
export function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : text(value);
}

/** A pattern for `LOWER(column) LIKE ? ESCAPE '!'` that finds a part of a text, whatever signs are in it. */
export function partOf(words: string): string {
  return `%${words.toLowerCase().replaceAll(/[!%_]/g, (sign) => `!${sign}`)}%`;
}

/** The conditions that are given, as a WHERE; null leaves one out. */
export function whereOf(conditions: readonly (readonly [string, SqlValue])[]): {
  readonly where: string;
  readonly values: readonly SqlValue[];
} {
  const given = conditions.filter(([, value]) => value !== null);
  return {
    where: given.length > 0 ? `WHERE ${given.map(([condition]) => condition).join(' AND ')}` : '',
    values: given.map(([, value]) => value),
  };
}
