import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { PackedRates } from './packed-rates';
import { OPTIONAL_COLUMNS, parseRateLine, RATE_COLUMNS, type RateColumn } from './rate-line';
import type { RateLine } from './stage-rates';

/** A file larger than this is no rate deck: a million lines of a hundred bytes fit twice. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Read and checked at a time, some 60 lines: what a call may have to wait for. */
const PART_BYTES = 4 * 1024;

const MAX_LINE_CHARACTERS = 4_096;
const MAX_LINES = 1_000_000;

/** Faults that a report lists; the rest is counted. */
const MAX_LISTED_FAULTS = 100;

const LINES_PER_PROGRESS = 5_000;

/** One fault of the file: where, what and what would be right. Line 1 is the header. */
export type LineFault = {
  readonly line: number;
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;
};

export type RateFile = {
  readonly rates: PackedRates;
  /** At most 100. */
  readonly faults: readonly LineFault[];
  readonly faultCount: number;
};

export type RateFileOptions = {
  /** For lines with an empty effective_from. */
  readonly effectiveFromMs: number;
  readonly onLines: (count: number) => void;
};

/** Reads a whole deck file (CSV, UTF-8, commas, header first) and gives its rates and all its faults; throws only what the stream throws. */
export async function readRateFile(csv: Readable, options: RateFileOptions): Promise<RateFile> {
  const reader = new RateFileReader(options);
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: MAX_LINE_CHARACTERS,
  });
  // The parser's own iteration throws whatever broke the pipe.
  pipeline(Readable.from(inParts(csv), { objectMode: false }), parser, () => undefined);
  try {
    for await (const item of parser as AsyncIterable<CsvItem>) if (!reader.take(item)) break;
  } catch (error) {
    if (error instanceof CsvError) reader.unreadable(error);
    else if (error instanceof FileTooLarge) reader.tooLarge();
    else throw error;
  }
  return reader.finish();
}

type CsvItem = { readonly record: readonly string[]; readonly info: { readonly lines: number } };

class FileTooLarge extends Error {}

/** The file in small parts, with a turn for the calls between them. */
async function* inParts(csv: Readable): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0;
  for await (const chunk of csv as AsyncIterable<Buffer | string>) {
    const whole = Buffer.from(chunk);
    bytes += whole.length;
    if (bytes > MAX_FILE_BYTES) throw new FileTooLarge();
    for (let from = 0; from < whole.length; from += PART_BYTES) {
      yield whole.subarray(from, from + PART_BYTES);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

class RateFileReader {
  readonly #options: RateFileOptions;
  #columns: ReadonlyMap<RateColumn, number> | null = null;
  #headerRead = false;
  #width = 0;
  #lines = 0;
  readonly #rates = new PackedRates();
  readonly #faults: LineFault[] = [];
  #faultCount = 0;

  constructor(options: RateFileOptions) {
    this.#options = options;
  }

  /** False when reading on makes no sense. */
  take({ record, info }: CsvItem): boolean {
    if (!this.#headerRead) {
      this.#headerRead = true;
      this.#columns = this.#readHeader(record, info.lines);
      return this.#columns !== null;
    }
    this.#lines++;
    if (this.#lines % LINES_PER_PROGRESS === 0) this.#options.onLines(this.#lines);
    if (this.#lines > MAX_LINES) {
      this.#fault({
        line: info.lines,
        field: 'file',
        problem: `has more than ${MAX_LINES} rates`,
        remedy: 'split it into several decks',
      });
      return false;
    }
    this.#readRate(record, info.lines);
    return true;
  }

  unreadable(error: CsvError): void {
    const line = Number(error.lines ?? this.#lines + 1);
    this.#fault({
      line,
      field: 'line',
      problem: `cannot be read as CSV: ${error.message}`,
      remedy: 'close every quote and double quotes inside a quoted field; nothing after this line was read',
    });
  }

  tooLarge(): void {
    this.#fault({
      line: this.#lines + 1,
      field: 'file',
      problem: `is larger than ${MAX_FILE_BYTES} bytes`,
      remedy: 'split it into several decks',
    });
  }

  finish(): RateFile {
    this.#options.onLines(this.#lines);
    if (this.#rates.length === 0 && this.#faultCount === 0)
      this.#fault({
        line: 1,
        field: 'file',
        problem: 'has no rates',
        remedy: `give a header line (${RATE_COLUMNS.join(',')}) and a line per prefix`,
      });
    return { rates: this.#rates, faults: this.#faults, faultCount: this.#faultCount };
  }

  #readHeader(record: readonly string[], line: number): ReadonlyMap<RateColumn, number> | null {
    const columns = new Map<RateColumn, number>();
    const remedy = `the header names the columns ${RATE_COLUMNS.join(',')}`;
    const before = this.#faultCount;
    record.forEach((name, index) => {
      const column = RATE_COLUMNS.find((known) => known === name.toLowerCase());
      const field = name.slice(0, 60) || `column ${index + 1}`;
      if (!column) this.#fault({ line, field, problem: 'is no column of a rate deck', remedy });
      else if (columns.has(column)) this.#fault({ line, field, problem: 'stands twice', remedy });
      else columns.set(column, index);
    });
    for (const column of RATE_COLUMNS)
      if (!columns.has(column) && !OPTIONAL_COLUMNS.includes(column))
        this.#fault({ line, field: column, problem: 'the column is missing', remedy });
    this.#width = record.length;
    return this.#faultCount === before ? columns : null;
  }

  #readRate(record: readonly string[], line: number): void {
    if (record.length !== this.#width) {
      this.#fault({
        line,
        field: 'line',
        problem: `has ${record.length} fields, the header ${this.#width}`,
        remedy: 'put fields that contain a comma in quotes',
      });
      return;
    }
    const cell = (column: RateColumn) => record[this.#columns?.get(column) ?? -1] ?? '';
    const read = parseRateLine(cell, { effectiveFromMs: this.#options.effectiveFromMs });
    if ('faults' in read) for (const fault of read.faults) this.#fault({ line, ...fault });
    else this.#keep(read.rate, line);
  }

  #keep(rate: RateLine, line: number): void {
    const first = this.#rates.add(rate, line);
    if (first === null) return;
    this.#fault({
      line,
      field: 'prefix',
      problem: `${rate.prefix} has a price from the same moment on line ${first}`,
      remedy: 'keep one of the two lines, or give them different effective_from',
    });
  }

  #fault(fault: LineFault): void {
    this.#faultCount++;
    if (this.#faults.length < MAX_LISTED_FAULTS) this.#faults.push(fault);
  }
}
