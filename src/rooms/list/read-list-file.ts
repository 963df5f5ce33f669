import { isUtf8 } from 'node:buffer';
import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { E164 } from '../../kernel/phone-number';
import { type ListWish, MAX_LIST_ENTRIES } from './list-entry';
import {
  type CellFault,
  columnOf,
  LIST_COLUMN_NAMES,
  type ListColumn,
  NEEDED_COLUMNS,
  parseListLine,
} from './list-line';

/** Largest list file: its most entries with 400 bytes each. */
export const MAX_LIST_FILE_BYTES = 2_000_000;
/** Read and checked at a time, some 60 lines: what a call may have to wait for. */
const PART_BYTES = 4 * 1024;
const MAX_LINE_CHARACTERS = 4_096;
/** Faults that a report lists; the rest is counted. */
export const MAX_LISTED_FAULTS = 100;

/** One fault of the file: where, what and what would be right. Line 1 is the header. */
export type LineFault = CellFault & { readonly line: number };

export type ListFile = {
  /** What the lines without fault say, no number twice. */
  readonly wishes: readonly ListWish[];
  /** Lines below the header. */
  readonly lineCount: number;
  readonly faults: readonly LineFault[];
  readonly faultCount: number;
  /** The file as a whole cannot be read: importing "the rest" would import by accident. */
  readonly broken: boolean;
};

/**
 * Reads a list file (CSV in UTF-8, comma or semicolon, header first) and gives its entries and all its faults. `country` (ISO
 * 3166-1) is where numbers without a country code are.
 */
export async function readListFile(bytes: Buffer, country?: string): Promise<ListFile> {
  const reader = new ListFileReader(country);
  if (!isUtf8(bytes)) {
    reader.breaks(1, 'file', 'is not in UTF-8', 'save it as "CSV UTF-8"');
    return reader.finish();
  }
  const parser = parse({
    bom: true,
    delimiter: delimiterOf(bytes),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: MAX_LINE_CHARACTERS,
  });
  // The parser's own iteration throws whatever broke the pipe.
  pipeline(Readable.from(inParts(bytes), { objectMode: false }), parser, () => undefined);
  try {
    for await (const item of parser as AsyncIterable<CsvItem>) if (!reader.take(item)) break;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const remedy =
      'close every quote and double quotes inside a quoted field; nothing after this line was read';
    reader.breaks(Number(error.lines ?? 1), 'line', `cannot be read as CSV: ${error.code}`, remedy);
  }
  return reader.finish();
}

type CsvItem = { readonly record: readonly string[]; readonly info: { readonly lines: number } };

/** Spreadsheets write semicolons where the comma is the decimal sign: the header says which it is. */
function delimiterOf(bytes: Buffer): ',' | ';' {
  const header =
    bytes
      .subarray(0, MAX_LINE_CHARACTERS)
      .toString('utf8')
      .split(/[\r\n]/, 1)[0] ?? '';
  return header.split(';').length > header.split(',').length ? ';' : ',';
}

/** The file in small parts, with a turn for the calls between them. */
async function* inParts(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  for (let from = 0; from < bytes.length; from += PART_BYTES) {
    yield bytes.subarray(from, from + PART_BYTES);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

class ListFileReader {
  readonly #country: string | undefined;
  #columns: ReadonlyMap<ListColumn, number> | null = null;
  #headerRead = false;
  #width = 0;
  #lineCount = 0;
  #broken = false;
  readonly #lineOf = new Map<E164, number>();
  readonly #wishes: ListWish[] = [];
  readonly #faults: LineFault[] = [];
  #faultCount = 0;

  constructor(country: string | undefined) {
    this.#country = country;
  }

  /** False when reading on makes no sense. */
  take({ record, info }: CsvItem): boolean {
    if (!this.#headerRead) {
      this.#headerRead = true;
      this.#columns = this.#readHeader(record, info.lines);
      return !this.#broken;
    }
    this.#lineCount++;
    if (this.#lineCount > MAX_LIST_ENTRIES) {
      this.breaks(
        info.lines,
        'file',
        `has more than ${MAX_LIST_ENTRIES} lines`,
        'a room’s list can have no more; split it over several rooms',
      );
      return false;
    }
    this.#readLine(record, info.lines);
    return true;
  }

  /** A fault after which nothing of the file can be trusted. */
  breaks(line: number, field: string, problem: string, remedy: string): void {
    this.#broken = true;
    this.#fault({ line, field, problem, remedy });
  }

  finish(): ListFile {
    if (!this.#headerRead && !this.#broken)
      this.breaks(
        1,
        'file',
        'is empty',
        `give a header line (${LIST_COLUMN_NAMES.join(',')}) and a line per number`,
      );
    return {
      wishes: this.#wishes,
      lineCount: this.#lineCount,
      faults: this.#faults,
      faultCount: this.#faultCount,
      broken: this.#broken,
    };
  }

  #readHeader(record: readonly string[], line: number): ReadonlyMap<ListColumn, number> {
    const columns = new Map<ListColumn, number>();
    const remedy = `the header names the columns ${LIST_COLUMN_NAMES.join(',')}`;
    record.forEach((name, index) => {
      const column = columnOf(name);
      const field = name.slice(0, 60) || `column ${index + 1}`;
      if (!column) this.breaks(line, field, 'is no column of a number list', remedy);
      else if (columns.has(column)) this.breaks(line, field, 'stands twice', remedy);
      else columns.set(column, index);
    });
    for (const column of NEEDED_COLUMNS)
      if (!columns.has(column)) this.breaks(line, column, 'the column is missing', remedy);
    this.#width = record.length;
    return columns;
  }

  #readLine(record: readonly string[], line: number): void {
    if (record.length !== this.#width) {
      const problem = `has ${record.length} fields, the header ${this.#width}`;
      this.#fault({
        line,
        field: 'line',
        problem,
        remedy: 'put fields that contain the separator in quotes',
      });
      return;
    }
    const cell = (column: ListColumn) => record[this.#columns?.get(column) ?? -1] ?? '';
    const read = parseListLine(cell, this.#country);
    if ('faults' in read) for (const fault of read.faults) this.#fault({ line, ...fault });
    else this.#keep(read.wish, line);
  }

  #keep(wish: ListWish, line: number): void {
    const first = this.#lineOf.get(wish.number);
    if (first === undefined) {
      this.#lineOf.set(wish.number, line);
      this.#wishes.push(wish);
      return;
    }
    const remedy = 'keep one of the two lines';
    this.#fault({ line, field: 'number', problem: `stands on line ${first} already`, remedy });
  }

  #fault(fault: LineFault): void {
    this.#faultCount++;
    if (this.#faults.length < MAX_LISTED_FAULTS) this.#faults.push(fault);
  }
}
