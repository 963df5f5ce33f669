import { DateTime } from 'luxon';
import { badCell } from '../../csv/read-csv-file';
import { InvalidAmount, parseMicros } from '../../kernel/money';
import type { PriceMicros } from './rate';
import { ISO_DATES } from './rate-file-form';

/** A million units a minute: above it a decimal point was surely lost. */
const HIGHEST_PRICE_MICROS = 1_000_000_000_000n;
const LONGEST_SECONDS = 86_400;
/** Different dates of one file that are kept worked out. */
const DATES_KEPT = 1_000;

/** How amounts and moments are written in a file. */
export type Notation = {
  readonly decimal: '.' | ',';
  readonly thousands: string;
  readonly dateFormat: string;
  readonly timeZone: string;
};

/** Reads amounts and moments of one file. Every method throws InvalidInput that names the field, what stands there and what would be right. */
export class CellValues {
  readonly #notation: Notation;
  readonly #moments = new Map<string, number>();

  constructor(notation: Notation) {
    this.#notation = notation;
  }

  /** An amount of money, not below zero. */
  price(text: string, field: string): PriceMicros {
    const micros = this.#amount(text, field);
    if (micros < 0n) throw badCell(field, text, 'give zero or more: a negative price would pay the caller');
    if (micros > HIGHEST_PRICE_MICROS) throw badCell(field, text, 'give at most 1000000 per minute');
    return Number(micros);
  }

  /** Whole seconds up to a day. */
  seconds(text: string, field: string): number {
    if (!/^\d{1,5}$/.test(text) || Number(text) > LONGEST_SECONDS)
      throw badCell(field, text, `give whole seconds, at most ${LONGEST_SECONDS}`);
    return Number(text);
  }

  /** A moment in ms since 1970 UTC; a date is its first moment. */
  moment(text: string, field: string): number {
    const known = this.#moments.get(text);
    if (known !== undefined) return known;
    const atMs =
      this.#notation.dateFormat === ISO_DATES ? isoMoment(text, field) : this.#formatted(text, field);
    if (this.#moments.size < DATES_KEPT) this.#moments.set(text, atMs);
    return atMs;
  }

  /** The first moment of the day after the one that a moment lies in, by the file's time zone. */
  nextDay(atMs: number): number {
    return DateTime.fromMillis(atMs, { zone: this.#notation.timeZone })
      .startOf('day')
      .plus({ days: 1 })
      .toMillis();
  }

  #amount(text: string, field: string): bigint {
    const { decimal, thousands } = this.#notation;
    const plain = (thousands === '' ? text : text.replaceAll(thousands, '')).replace(decimal, '.');
    try {
      // Carriers write prices with as many zeros as they like.
      return parseMicros(plain.replace(/(\.\d{6})0+$/, '$1'));
    } catch (error) {
      if (!(error instanceof InvalidAmount)) throw error;
      const example = `0${decimal}0125`;
      const sign = decimal === '.' ? 'a point' : 'a comma';
      throw badCell(
        field,
        text,
        `write digits with at most six decimals and ${sign}, for example ${example}`,
      );
    }
  }

  #formatted(text: string, field: string): number {
    const { dateFormat, timeZone } = this.#notation;
    const moment = DateTime.fromFormat(text, dateFormat, { zone: timeZone, locale: 'en' });
    if (!moment.isValid) throw badCell(field, text, `write it as ${dateFormat}`);
    return moment.toMillis();
  }
}

/** A date is its first moment in UTC. */
function isoMoment(text: string, field: string): number {
  const form = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z)?$/.exec(text);
  const atMs = form ? Date.parse(text) : Number.NaN;
  // Date.parse makes 2 March of 30 February.
  if (Number.isNaN(atMs) || new Date(atMs).toISOString().slice(0, 10) !== form?.[1])
    throw badCell(
      field,
      text,
      'write a date or a moment in UTC, for example 2026-07-01 or 2026-07-01T12:00Z',
    );
  return atMs;
}
