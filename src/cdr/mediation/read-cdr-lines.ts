import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { DateTime } from 'luxon';
import { badCell, LineReader, type LineFault } from '../../csv/read-csv-file';
import { InvalidInput } from '../../kernel/app-error';
import { e164 } from '../../kernel/phone-number';
import { CDR_FIELDS, type CdrField, type CdrFileForm } from './cdr-file-form';
import type { ImportedCall } from './imported-call';

/** Read at a time, some 60 lines: what a call may have to wait for. */
const PART_BYTES = 8 * 1024;
const MAX_LINE_CHARACTERS = 16_384;
const MAX_TALK_SECONDS = 366 * 86_400;
const LONGEST_NUMBER = 128;
const LONGEST_UNIQUE_ID = 255;

/** A line of a file: the leg it tells of, or what is wrong with it. `ends`: nothing after it can be read. */
export type CdrLine =
  | { readonly line: number; readonly call: ImportedCall }
  | { readonly line: number; readonly faults: readonly LineFault[]; readonly ends: boolean };

/** The lines of a file of CDRs, one after the other, in small parts with a turn for the calls between them. Throws only what the stream throws. */
export async function* readCdrLines(
  csv: Readable,
  form: CdrFileForm,
): AsyncGenerator<CdrLine, void, undefined> {
  const parser = parse({
    bom: true,
    info: true,
    delimiter: form.delimiter,
    encoding: form.encoding === 'latin1' ? 'latin1' : 'utf8',
    from_line: form.skipLines + 1,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_LINE_CHARACTERS,
  });
  pipeline(Readable.from(inParts(csv), { objectMode: false }), parser, () => undefined);
  let reader: CdrLineReader | null = null;
  let lastLine = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvItem>) {
      lastLine = info.lines;
      if (!reader) {
        const names = form.hasHeader ? record : record.map((_, index) => String(index + 1));
        reader = new CdrLineReader(form, names);
        const missing = reader.missingColumns(info.lines);
        if (missing.length > 0) {
          yield { line: info.lines, faults: missing, ends: true };
          return;
        }
        if (form.hasHeader) continue;
      }
      yield reader.read(record, info.lines);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number(error.lines ?? lastLine + 1);
    const remedy =
      'close every quote and double quotes inside a quoted field; nothing after this line was read';
    yield {
      line,
      faults: [{ line, field: 'line', problem: `cannot be read as CSV: ${error.code}`, remedy }],
      ends: true,
    };
  }
}

type CsvItem = { readonly record: readonly string[]; readonly info: { readonly lines: number } };

async function* inParts(csv: Readable): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of csv as AsyncIterable<Buffer | string>) {
    const whole = Buffer.from(chunk);
    for (let from = 0; from < whole.length; from += PART_BYTES) {
      yield whole.subarray(from, from + PART_BYTES);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

class CdrLineReader {
  readonly #form: CdrFileForm;
  readonly #places: ReadonlyMap<string, number>;
  readonly #width: number;

  constructor(form: CdrFileForm, names: readonly string[]) {
    this.#form = form;
    this.#places = new Map(names.map((name, index) => [name.trim().toLowerCase(), index]));
    this.#width = names.length;
  }

  missingColumns(line: number): readonly LineFault[] {
    return CDR_FIELDS.flatMap((field) => {
      const column = this.#form.columns[field];
      if (column === undefined || this.#places.has(column.toLowerCase())) return [];
      return [
        { line, field: column, problem: 'the column is missing', remedy: 'correct the form, or the file' },
      ];
    });
  }

  read(record: readonly string[], line: number): CdrLine {
    if (record.length !== this.#width) {
      const problem = `has ${record.length} fields, the header ${this.#width}`;
      const remedy = 'put fields that contain the separator in quotes';
      return { line, faults: [{ line, field: 'line', problem, remedy }], ends: false };
    }
    const reader = new LineReader<string>(
      (column) => record[this.#places.get(column.toLowerCase()) ?? -1]?.trim() ?? '',
    );
    const call = this.#call(reader);
    if (reader.faults.length > 0 || !call)
      return { line, faults: reader.faults.map((fault) => ({ line, ...fault })), ends: false };
    return { line, call };
  }

  #call(reader: LineReader<string>): ImportedCall | null {
    const { columns, defaults, source } = this.#form;
    const read = <T>(
      field: CdrField,
      parseCell: (text: string, column: string) => T,
      absent: T,
    ): T | undefined => {
      const column = columns[field];
      return column === undefined ? absent : reader.read(column, parseCell);
    };
    const number = read('to', (text, column) => this.#number(text, column), null);
    const startedAtMs = read('startedAt', (text, column) => this.#moment(text, column), 0);
    const optionalMoment = (text: string, column: string) =>
      text === '' ? null : this.#moment(text, column);
    const answered = read('answeredAt', optionalMoment, null);
    const ended = read('endedAt', optionalMoment, null);
    const talkMs = read('talkSeconds', (text, column) => this.#milliseconds(text, column), null);
    const durationMs = read('durationSeconds', (text, column) => this.#milliseconds(text, column), null);
    const uniqueId = read('uniqueId', idOrNull, null);
    const payerAccountId = read('account', (text) => text || defaults.account || '', defaults.account ?? '');
    const direction = read(
      'direction',
      (text, column) => directionOf(text, column, defaults.direction),
      defaults.direction,
    );
    const fromNumber = read('from', (text) => text.slice(0, LONGEST_NUMBER) || null, null);
    const dialledNumber = read('to', (text) => text.slice(0, LONGEST_NUMBER), '');
    if (reader.faults.length > 0) return null;
    return (
      reader.try(() => {
        if (!payerAccountId) throw badCell(columns.account ?? 'account', '', 'name the account that pays');
        const times = timesOf(
          {
            startedAtMs: startedAtMs as number,
            answeredAtMs: answered ?? null,
            endedAtMs: ended ?? null,
            talkMs: talkMs ?? null,
            durationMs: durationMs ?? null,
          },
          columns.talkSeconds ?? columns.endedAt ?? 'endedAt',
        );
        return {
          source,
          uniqueId: uniqueId ?? null,
          payerAccountId,
          direction: direction as ImportedCall['direction'],
          fromNumber: fromNumber ?? null,
          dialledNumber: dialledNumber ?? '',
          number: number as ImportedCall['number'],
          costDeckId: defaults.costDeckId ?? null,
          ...times,
        };
      }) ?? null
    );
  }

  #number(text: string, column: string): ImportedCall['number'] {
    const { internationalPrefix: before } = this.#form;
    const plain = text.replaceAll(/[\s().-]/g, '').replace(/^\+/, '');
    const digits = before !== '' && plain.startsWith(before) ? plain.slice(before.length) : plain;
    if (!/^[1-9]\d{5,14}$/.test(digits))
      throw badCell(column, text, 'write the number with its country code, for example +3222223344');
    return e164(`+${digits}`, column);
  }

  #moment(text: string, column: string): number {
    const { timeFormat, timeZone } = this.#form;
    if (timeFormat === 'unix' || timeFormat === 'unix-ms') {
      if (!/^\d{9,14}(\.\d{1,6})?$/.test(text)) throw badCell(column, text, `write it as ${timeFormat}`);
      return Math.round(timeFormat === 'unix' ? Number(text) * 1_000 : Number(text));
    }
    const moment =
      timeFormat === 'ISO'
        ? DateTime.fromISO(text, { zone: timeZone })
        : DateTime.fromFormat(text, timeFormat, { zone: timeZone, locale: 'en' });
    if (!moment.isValid)
      throw badCell(
        column,
        text,
        timeFormat === 'ISO' ? 'write it like 2026-11-25T13:45:00Z' : `write it as ${timeFormat}`,
      );
    return moment.toMillis();
  }

  #milliseconds(text: string, column: string): number | null {
    if (text === '') return null;
    const plain = text.replace(this.#form.decimal, '.');
    const ms = /^\d{1,9}(\.\d{1,9})?$/.test(plain) ? Math.round(Number(plain) * 1_000) : Number.NaN;
    if (!(ms <= MAX_TALK_SECONDS * 1_000)) throw badCell(column, text, 'give seconds, at most a year');
    return ms;
  }
}

/** @throws InvalidInput for times that contradict each other */
function timesOf(
  told: {
    readonly startedAtMs: number;
    readonly answeredAtMs: number | null;
    readonly endedAtMs: number | null;
    readonly talkMs: number | null;
    readonly durationMs: number | null;
  },
  field: string,
): Pick<ImportedCall, 'startedAtMs' | 'answeredAtMs' | 'endedAtMs'> {
  const { startedAtMs, talkMs, durationMs } = told;
  const endedAtMs = told.endedAtMs ?? (durationMs === null ? null : startedAtMs + durationMs);
  if (talkMs === 0 || (talkMs === null && told.answeredAtMs === null))
    return inOrder({ startedAtMs, answeredAtMs: null, endedAtMs: endedAtMs ?? startedAtMs }, field);
  if (talkMs === null)
    return inOrder(
      { startedAtMs, answeredAtMs: told.answeredAtMs, endedAtMs: endedAtMs ?? Number.NaN },
      field,
    );
  // Talk that ends with the leg began that much before; without an end, ringing is not known and taken for none.
  const answeredAtMs =
    told.answeredAtMs ?? (endedAtMs === null ? startedAtMs : Math.max(startedAtMs, endedAtMs - talkMs));
  return inOrder({ startedAtMs, answeredAtMs, endedAtMs: answeredAtMs + talkMs }, field);
}

function inOrder(
  times: Pick<ImportedCall, 'startedAtMs' | 'answeredAtMs' | 'endedAtMs'>,
  field: string,
): Pick<ImportedCall, 'startedAtMs' | 'answeredAtMs' | 'endedAtMs'> {
  const { startedAtMs, answeredAtMs, endedAtMs } = times;
  const begins = answeredAtMs ?? startedAtMs;
  if (!(startedAtMs <= begins && begins <= endedAtMs))
    throw new InvalidInput(
      field,
      'begin, answer and end are not in this order',
      'correct the times, or the form',
    );
  if (endedAtMs - begins > MAX_TALK_SECONDS * 1_000)
    throw new InvalidInput(field, 'is more than a year of talk', 'correct the times, or the form');
  return times;
}

function idOrNull(text: string, column: string): string | null {
  if (text.length > LONGEST_UNIQUE_ID)
    throw badCell(column, text, `use at most ${LONGEST_UNIQUE_ID} characters`);
  return text === '' ? null : text;
}

function directionOf(text: string, column: string, absent: 'inbound' | 'outbound'): 'inbound' | 'outbound' {
  const word = text.toLowerCase();
  if (word === '') return absent;
  if (['in', 'inbound', 'incoming', 'mt'].includes(word)) return 'inbound';
  if (['out', 'outbound', 'outgoing', 'mo'].includes(word)) return 'outbound';
  throw badCell(column, text, 'write inbound or outbound');
}
