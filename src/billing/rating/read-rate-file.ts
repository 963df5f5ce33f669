import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { LineFault } from '../../csv/read-csv-file';
import { MAX_LISTED_FAULTS } from '../../csv/read-csv-file';
import { PackedRates } from './packed-rates';
import type { RateLine } from './rate';
import {
  BAND_COLUMN,
  OPTIONAL_FIELDS,
  OWN_FORM,
  RATE_FIELDS,
  type RateField,
  type RateFileForm,
} from './rate-file-form';
import { RateLineReader } from './rate-line';

export type { LineFault } from '../../csv/read-csv-file';

/** A file larger than this is no rate deck: a million lines of a hundred bytes fit twice. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Read and checked at a time, some 60 lines: what a call may have to wait for. */
const PART_BYTES = 4 * 1024;

const MAX_LINE_CHARACTERS = 16_384;
const MAX_RATES = 1_000_000;

const LINES_PER_PROGRESS = 5_000;

export type RateFile = {
  readonly rates: PackedRates;
  readonly lineCount: number;
  /** At most 100. */
  readonly faults: readonly LineFault[];
  readonly faultCount: number;
};

export type RateFileOptions = {
  /** How the carrier writes; left out, our own form. */
  readonly form?: RateFileForm;
  /** For lines that name no beginning. */
  readonly effectiveFromMs: number;
  /** The deck's time bands. */
  readonly bands?: readonly string[];
  readonly onLines: (count: number) => void;
};

/** Reads a whole deck file and gives its rates and all its faults; throws only what the stream throws. */
export async function readRateFile(csv: Readable, options: RateFileOptions): Promise<RateFile> {
  const form = options.form ?? OWN_FORM;
  const reader = new RateFileReader(form, options);
  const parser = parse({
    bom: true,
    info: true,
    delimiter: form.delimiter,
    encoding: form.encoding === 'latin1' ? 'latin1' : 'utf8',
    from_line: form.skipLines + 1,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: form.delimiter !== '\t',
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
  readonly #form: RateFileForm;
  readonly #options: RateFileOptions;
  /** Columns by their names in small letters. */
  #places: ReadonlyMap<string, number> = new Map();
  #lineReader: RateLineReader | null = null;
  #width = 0;
  #lines = 0;
  readonly #rates = new PackedRates();
  readonly #faults: LineFault[] = [];
  #faultCount = 0;

  constructor(form: RateFileForm, options: RateFileOptions) {
    this.#form = form;
    this.#options = options;
  }

  /** False when reading on makes no sense. */
  take({ record, info }: CsvItem): boolean {
    if (!this.#lineReader) {
      const names = this.#form.hasHeader ? record : record.map((_, index) => String(index + 1));
      if (!this.#readHeader(names, info.lines)) return false;
      if (this.#form.hasHeader) return true;
    }
    this.#lines++;
    if (this.#lines % LINES_PER_PROGRESS === 0) this.#options.onLines(this.#lines);
    this.#readRates(record, info.lines);
    if (this.#rates.length <= MAX_RATES) return true;
    const problem = `has more than ${MAX_RATES} rates`;
    this.#fault({ line: info.lines, field: 'file', problem, remedy: 'split it into several decks' });
    return false;
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
        remedy: `give a header line (${Object.values(this.#form.columns).join(',')}) and a line per prefix`,
      });
    return {
      rates: this.#rates,
      lineCount: this.#lines,
      faults: this.#faults,
      faultCount: this.#faultCount,
    };
  }

  #readHeader(names: readonly string[], line: number): boolean {
    const before = this.#faultCount;
    const isOwn = this.#form === OWN_FORM;
    const bandColumns = isOwn ? ownBandColumns(names) : this.#form.bandPrices;
    const wanted = [...Object.values(this.#form.columns), ...Object.values(bandColumns)];
    const remedy = `the header names the columns ${wanted.join(',')}`;
    const places = new Map<string, number>();
    names.forEach((name, index) => {
      const key = name.trim().toLowerCase();
      const isWanted = wanted.some((column) => column.toLowerCase() === key);
      const field = name.slice(0, 60) || `column ${index + 1}`;
      // Carriers' files have columns that are none of ours.
      if (!isWanted && isOwn) this.#fault({ line, field, problem: 'is no column of a rate deck', remedy });
      if (isWanted && places.has(key)) this.#fault({ line, field, problem: 'stands twice', remedy });
      places.set(key, index);
    });
    for (const column of this.#needed(bandColumns))
      if (!places.has(column.toLowerCase()))
        this.#fault({ line, field: column, problem: 'the column is missing', remedy });
    for (const [band, column] of Object.entries(bandColumns))
      if (!this.#options.bands?.includes(band))
        this.#fault({
          line,
          field: column,
          problem: `the deck has no time band ${band}`,
          remedy: `its bands are: ${this.#options.bands?.join(', ') || 'none yet'}; set them before the import`,
        });
    this.#places = places;
    this.#width = names.length;
    const { effectiveFromMs } = this.#options;
    this.#lineReader = new RateLineReader(this.#form, { effectiveFromMs, bandColumns });
    return this.#faultCount === before;
  }

  #needed(bandColumns: Readonly<Record<string, string>>): readonly string[] {
    const { columns } = this.#form;
    const fields = RATE_FIELDS.filter(
      (field: RateField) => this.#form !== OWN_FORM || !OPTIONAL_FIELDS.includes(field),
    );
    return [...fields.flatMap((field) => columns[field] ?? []), ...Object.values(bandColumns)];
  }

  #readRates(record: readonly string[], line: number): void {
    if (record.length !== this.#width) {
      this.#fault({
        line,
        field: 'line',
        problem: `has ${record.length} fields, the header ${this.#width}`,
        remedy: 'put fields that contain the separator in quotes',
      });
      return;
    }
    const read = (this.#lineReader as RateLineReader).read(
      (column) => record[this.#places.get(column.toLowerCase()) ?? -1]?.trim() ?? '',
    );
    if ('faults' in read) for (const fault of read.faults) this.#fault({ line, ...fault });
    else for (const rate of read.rates) this.#keep(rate, line);
  }

  #keep(rate: RateLine, line: number): void {
    const clash = this.#rates.add(rate, line);
    if (clash === null) return;
    const field = this.#form.columns.prefix ?? this.#form.columns.areaCodes ?? 'prefix';
    this.#fault(
      clash.kind === 'same moment'
        ? {
            line,
            field,
            problem: `${rate.prefix} has a price from the same moment on line ${clash.line}`,
            remedy: 'keep one of the two lines, or let them begin at different moments',
          }
        : {
            line,
            field,
            problem: `the time of ${rate.prefix} overlaps that of line ${clash.line}`,
            remedy: 'let one price end before the other begins',
          },
    );
  }

  #fault(fault: LineFault): void {
    this.#faultCount++;
    if (this.#faults.length < MAX_LISTED_FAULTS) this.#faults.push(fault);
  }
}

/** Columns of our own form that hold the price of a band. */
function ownBandColumns(names: readonly string[]): Readonly<Record<string, string>> {
  const columns = names
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name.startsWith(BAND_COLUMN));
  return Object.fromEntries(columns.map((name) => [name.slice(BAND_COLUMN.length), name]));
}
