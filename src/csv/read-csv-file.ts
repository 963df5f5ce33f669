import { isUtf8 } from 'node:buffer';
import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { AppError, InvalidInput } from '../kernel/app-error';

/** Read and checked at a time, some 60 lines: what a call may have to wait for. */
const PART_BYTES = 4 * 1024;
const MAX_LINE_CHARACTERS = 4_096;
/** Faults that a report lists; the rest is counted. */
export const MAX_LISTED_FAULTS = 100;

/** What is wrong with one cell and what would be right. */
export type CellFault = { readonly field: string; readonly problem: string; readonly remedy: string };

/** One fault of the file: where, what and what would be right. Line 1 is the header. */
export type LineFault = CellFault & { readonly line: number };

/** What the lines of a file are. */
export type CsvForm<Column extends string, Wish> = {
  /** Columns in any order, each with the other names that a header may have, read without case, spaces and underscores. */
  readonly columns: Readonly<Record<Column, readonly string[]>>;
  readonly needed: readonly Column[];
  /** How faults call the file: "a number list". */
  readonly called: string;
  readonly maxLines: number;
  readonly tooManyRemedy: string;
  /** The cell by which two lines say the same thing, and its column. */
  readonly keyOf: (wish: Wish) => string;
  readonly keyColumn: Column;
  /** What a line says, or every fault of it. */
  readonly parseLine: (cell: (column: Column) => string) => { wish: Wish } | { faults: readonly CellFault[] };
};

export type CsvFile<Wish> = {
  /** What the lines without fault say, no key twice. */
  readonly wishes: readonly Wish[];
  /** Lines below the header. */
  readonly lineCount: number;
  readonly faults: readonly LineFault[];
  readonly faultCount: number;
  /** The file as a whole cannot be read: importing "the rest" would import by accident. */
  readonly broken: boolean;
};

/** The file has faults, and nothing of it was imported. */
export class ImportRefused extends AppError {
  readonly code = 'import-refused';
  constructor(
    readonly faults: readonly LineFault[],
    faultCount: number,
  ) {
    super(`nothing was imported: the file has ${faultCount} faults`, { faultCount });
  }
}

/** Reads a file (CSV in UTF-8, comma or semicolon, header first) and gives what its lines say and all its faults. */
export async function readCsvFile<Column extends string, Wish>(
  bytes: Buffer,
  form: CsvForm<Column, Wish>,
): Promise<CsvFile<Wish>> {
  const reader = new CsvFileReader(form);
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

/** Reads the cells of a line one by one, so that all its faults are found: `read` gives a cell's value, or undefined and a fault. */
export class LineReader<Column extends string> {
  readonly faults: CellFault[] = [];
  readonly #cell: (column: Column) => string;

  constructor(cell: (column: Column) => string) {
    this.#cell = cell;
  }

  read<T>(column: Column, parseCell: (text: string, field: Column) => T): T | undefined {
    return this.try(() => parseCell(this.#cell(column), column));
  }

  /** Runs a check of the whole line; what it throws as InvalidInput becomes a fault. */
  try<T>(check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      const { field, problem, remedy } = error.facts;
      this.faults.push({ field: String(field), problem: String(problem), remedy: String(remedy) });
      return undefined;
    }
  }
}

/** The fault of a cell: says what stands there, or that nothing does. */
export function badCell(field: string, text: string, remedy: string): InvalidInput {
  return new InvalidInput(field, text === '' ? 'is empty' : `"${text.slice(0, 60)}" does not fit`, remedy);
}

/** A cell without the apostrophes that keep a spreadsheet from reading it as a formula. */
export function withoutGuard(text: string): string {
  return text.trim().replace(/^'+(?=[=+\-@])/, '');
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

class CsvFileReader<Column extends string, Wish> {
  readonly #form: CsvForm<Column, Wish>;
  readonly #names: readonly Column[];
  #columns: ReadonlyMap<Column, number> | null = null;
  #headerRead = false;
  #width = 0;
  #lineCount = 0;
  #broken = false;
  readonly #lineOf = new Map<string, number>();
  readonly #wishes: Wish[] = [];
  readonly #faults: LineFault[] = [];
  #faultCount = 0;

  constructor(form: CsvForm<Column, Wish>) {
    this.#form = form;
    this.#names = Object.keys(form.columns) as Column[];
  }

  /** False when reading on makes no sense. */
  take({ record, info }: CsvItem): boolean {
    if (!this.#headerRead) {
      this.#headerRead = true;
      this.#columns = this.#readHeader(record, info.lines);
      return !this.#broken;
    }
    this.#lineCount++;
    if (this.#lineCount > this.#form.maxLines) {
      const problem = `has more than ${this.#form.maxLines} lines`;
      this.breaks(info.lines, 'file', problem, this.#form.tooManyRemedy);
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

  finish(): CsvFile<Wish> {
    if (!this.#headerRead && !this.#broken)
      this.breaks(
        1,
        'file',
        'is empty',
        `give a header line (${this.#names.join(',')}) and a line per ${this.#form.keyColumn}`,
      );
    return {
      wishes: this.#wishes,
      lineCount: this.#lineCount,
      faults: this.#faults,
      faultCount: this.#faultCount,
      broken: this.#broken,
    };
  }

  #readHeader(record: readonly string[], line: number): ReadonlyMap<Column, number> {
    const columns = new Map<Column, number>();
    const remedy = `the header names the columns ${this.#names.join(',')}`;
    record.forEach((name, index) => {
      const column = this.#columnOf(name);
      const field = name.slice(0, 60) || `column ${index + 1}`;
      if (!column) this.breaks(line, field, `is no column of ${this.#form.called}`, remedy);
      else if (columns.has(column)) this.breaks(line, field, 'stands twice', remedy);
      else columns.set(column, index);
    });
    for (const column of this.#form.needed)
      if (!columns.has(column)) this.breaks(line, column, 'the column is missing', remedy);
    this.#width = record.length;
    return columns;
  }

  #columnOf(header: string): Column | undefined {
    const plain = header.toLowerCase().replaceAll(/[\s_-]/g, '');
    return this.#names.find(
      (column) => column.replaceAll('_', '') === plain || this.#form.columns[column].includes(plain),
    );
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
    const read = this.#form.parseLine((column) => record[this.#columns?.get(column) ?? -1] ?? '');
    if ('faults' in read) for (const fault of read.faults) this.#fault({ line, ...fault });
    else this.#keep(read.wish, line);
  }

  #keep(wish: Wish, line: number): void {
    const key = this.#form.keyOf(wish);
    const first = this.#lineOf.get(key);
    if (first === undefined) {
      this.#lineOf.set(key, line);
      this.#wishes.push(wish);
      return;
    }
    const problem = `stands on line ${first} already`;
    this.#fault({ line, field: this.#form.keyColumn, problem, remedy: 'keep one of the two lines' });
  }

  #fault(fault: LineFault): void {
    this.#faultCount++;
    if (this.#faults.length < MAX_LISTED_FAULTS) this.#faults.push(fault);
  }
}
