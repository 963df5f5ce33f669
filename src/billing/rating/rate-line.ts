import { badCell, type CellFault, LineReader, withoutGuard } from '../../csv/read-csv-file';
import { InvalidInput } from '../../kernel/app-error';
import { CellValues } from './cell-values';
import { checkPrefix, prefixesOf } from './prefix-lists';
import type { BandPrices, PriceMicros, RateLine } from './rate';
import { OWN_FORM, type RateField, type RateFileForm } from './rate-file-form';

const LONGEST_DESTINATION = 100;

export type LineDefaults = {
  /** For lines that name no beginning. */
  readonly effectiveFromMs: number;
  /** Column of each band's price, as the header says it. */
  readonly bandColumns: Readonly<Record<string, string>>;
};

/** The cell under a column of the file; empty when the file has no such column. */
export type Cells = (column: string) => string;

/** Reads lines of one file, each field by its own rule and by the file's form. */
export class RateLineReader {
  readonly #form: RateFileForm;
  readonly #defaults: LineDefaults;
  readonly #values: CellValues;
  readonly #bands: readonly (readonly [band: string, column: string])[];

  constructor(form: RateFileForm, defaults: LineDefaults) {
    this.#form = form;
    this.#defaults = defaults;
    this.#values = new CellValues(form);
    this.#bands = Object.entries(defaults.bandColumns);
  }

  /** The rates of a line, one a prefix, or every fault of it. */
  read(cells: Cells): { readonly rates: readonly RateLine[] } | { readonly faults: readonly CellFault[] } {
    const { columns, defaults } = this.#form;
    const line = new LineReader<string>(cells);
    const read = <T>(
      field: RateField,
      parse: (text: string, column: string) => T,
      absent: T,
    ): T | undefined => {
      const column = columns[field];
      return column === undefined ? absent : line.read(column, parse);
    };
    const values = this.#values;
    const optionalPrice = (text: string, column: string) => (text === '' ? 0 : values.price(text, column));
    const secondsOr = (absent: number) => (text: string, column: string) =>
      text === '' ? absent : values.seconds(text, column);
    const prefixes = this.#prefixes(line);
    const [first, next] = this.#increments(line);
    const terms = {
      destination: read('destination', destination, ''),
      effectiveFromMs: read(
        'effectiveFrom',
        (text, column) => (text === '' ? this.#defaults.effectiveFromMs : values.moment(text, column)),
        this.#defaults.effectiveFromMs,
      ),
      effectiveUntilMs: read('effectiveUntil', (text, column) => this.#end(text, column), null),
      pricePerMinuteMicros: read('pricePerMinute', (text, column) => values.price(text, column), 0),
      bandPrices: this.#bandPrices(line),
      connectFeeMicros: read('connectFee', optionalPrice, 0),
      firstIncrementSeconds: first,
      nextIncrementSeconds: next,
      minimumSeconds: read('minimumSeconds', secondsOr(defaults.minimumSeconds), defaults.minimumSeconds),
      graceSeconds: read('graceSeconds', secondsOr(defaults.graceSeconds), defaults.graceSeconds),
      minimumChargeMicros: read('minimumCharge', optionalPrice, 0),
      maximumChargeMicros: read(
        'maximumCharge',
        (text, column) => (text === '' ? null : values.price(text, column)),
        null,
      ),
    };
    if (line.faults.length === 0) line.try(() => this.#checkTogether(terms as Omit<RateLine, 'prefix'>));
    if (line.faults.length > 0) return { faults: line.faults };
    return {
      rates: (prefixes as readonly string[]).map((prefix) => ({
        prefix,
        ...(terms as Omit<RateLine, 'prefix'>),
      })),
    };
  }

  #prefixes(line: LineReader<string>): readonly string[] | undefined {
    const { prefix, countryCode, areaCodes } = this.#form.columns;
    if (prefix !== undefined)
      return line.read(prefix, (text, column) =>
        this.#form === OWN_FORM ? [checkPrefix(text, column)] : prefixesOf(text, column),
      );
    const code = line.read(countryCode as string, (text, column) =>
      checkPrefix(text.replace(/^\+/, ''), column),
    );
    if (areaCodes === undefined) return code === undefined ? undefined : [code];
    return line.read(areaCodes, (text, column) => {
      if (code === undefined) return undefined;
      return text === '' ? [code] : prefixesOf(text, column, code);
    });
  }

  #increments(line: LineReader<string>): readonly [number | undefined, number | undefined] {
    const { columns, defaults } = this.#form;
    if (columns.increments !== undefined) {
      const both = line.read(columns.increments, (text, column) => this.#bothIncrements(text, column));
      return [both?.[0], both?.[1]];
    }
    const read = (column: string | undefined, absent: number | undefined) =>
      column === undefined
        ? absent
        : line.read(column, (text) => (text === '' && absent ? absent : this.#increment(text, column)));
    return [
      read(columns.firstIncrement, defaults.firstIncrementSeconds),
      read(columns.nextIncrement, defaults.nextIncrementSeconds),
    ];
  }

  /** "60/6"; "60" is 60/60. */
  #bothIncrements(text: string, column: string): readonly [number, number] {
    const { firstIncrementSeconds: first, nextIncrementSeconds: next } = this.#form.defaults;
    if (text === '' && first && next) return [first, next];
    const parts = /^(\d{1,5})(?:\s*[/+-]\s*(\d{1,5}))?$/.exec(text);
    if (!parts)
      throw badCell(column, text, 'write the first and the next block in seconds, for example 60/6');
    return [this.#increment(parts[1] ?? '', column), this.#increment(parts[2] ?? parts[1] ?? '', column)];
  }

  #increment(text: string, column: string): number {
    const value = this.#values.seconds(text, column);
    if (value < 1) throw badCell(column, text, 'give at least 1 second: talk is charged in blocks');
    return value;
  }

  #end(text: string, column: string): number | null {
    if (text === '') return null;
    const atMs = this.#values.moment(text, column);
    const isDay = !/\d:\d/.test(text);
    return this.#form.untilIsInclusive && isDay ? this.#values.nextDay(atMs) : atMs;
  }

  #bandPrices(line: LineReader<string>): BandPrices | null | undefined {
    const prices: Record<string, PriceMicros> = {};
    for (const [band, column] of this.#bands) {
      const price = line.read(column, (text) => (text === '' ? null : this.#values.price(text, column)));
      if (price !== null && price !== undefined) prices[band] = price;
    }
    return Object.keys(prices).length === 0 ? null : prices;
  }

  #checkTogether(terms: Omit<RateLine, 'prefix'>): void {
    const { columns } = this.#form;
    const { effectiveFromMs, effectiveUntilMs, minimumChargeMicros, maximumChargeMicros } = terms;
    if (effectiveUntilMs !== null && effectiveUntilMs < effectiveFromMs)
      throw new InvalidInput(
        columns.effectiveUntil ?? 'effectiveUntil',
        'is before the beginning',
        'let the price end after it begins; both at one moment say that the prefix has no price from then on',
      );
    if (maximumChargeMicros !== null && maximumChargeMicros < minimumChargeMicros)
      throw new InvalidInput(
        columns.maximumCharge ?? 'maximumCharge',
        'is below the minimum charge',
        'give the larger of the two as maximum',
      );
  }
}

function destination(cell: string, column: string): string {
  const text = withoutGuard(cell);
  if (text === '') throw badCell(column, text, 'name the place or network, for example Belgium mobile');
  if (text.length > LONGEST_DESTINATION || /\p{Cc}/u.test(text))
    throw badCell(column, text.slice(0, 40), `use at most ${LONGEST_DESTINATION} printable characters`);
  return text;
}
