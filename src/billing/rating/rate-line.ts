import { InvalidAmount, parseMicros } from '../../kernel/money';
import { MAX_PREFIX_DIGITS, type PriceMicros } from './rate';
import type { RateLine } from './stage-rates';

/** The columns of a deck file, in any order; all but the last must be there. */
export const RATE_COLUMNS = [
  'prefix',
  'destination',
  'price_per_minute',
  'connect_fee',
  'first_increment',
  'next_increment',
  'minimum_seconds',
  'effective_from',
  'minimum_charge',
] as const;

export type RateColumn = (typeof RATE_COLUMNS)[number];

export const OPTIONAL_COLUMNS: readonly RateColumn[] = ['minimum_charge'];

const LONGEST_DESTINATION = 100;
const LONGEST_INCREMENT_SECONDS = 86_400;

/** A million units a minute: above it a decimal point was surely lost. */
const HIGHEST_PRICE_MICROS = 1_000_000_000_000n;

/** What is wrong with one cell and what would be right. */
export type FieldError = { readonly field: RateColumn; readonly problem: string; readonly remedy: string };

class BadField extends Error {
  constructor(readonly fault: FieldError) {
    super(fault.problem);
  }
}

/** Reads one line's cells, each field by its own rule; gives the rate, or every fault of the line. */
export function parseRateLine(
  cell: (column: RateColumn) => string,
  defaults: { readonly effectiveFromMs: number },
): { readonly rate: RateLine } | { readonly faults: readonly FieldError[] } {
  const faults: FieldError[] = [];
  const read = <T>(field: RateColumn, parse: (text: string, field: RateColumn) => T): T | undefined => {
    try {
      return parse(cell(field), field);
    } catch (error) {
      if (!(error instanceof BadField)) throw error;
      faults.push(error.fault);
      return undefined;
    }
  };
  const rate = {
    prefix: read('prefix', prefix),
    destination: read('destination', destination),
    pricePerMinuteMicros: read('price_per_minute', price),
    connectFeeMicros: read('connect_fee', priceOrZero),
    firstIncrementSeconds: read('first_increment', increment),
    nextIncrementSeconds: read('next_increment', increment),
    minimumSeconds: read('minimum_seconds', secondsOrZero),
    effectiveFromMs: read('effective_from', (text, field) =>
      text === '' ? defaults.effectiveFromMs : moment(text, field),
    ),
    minimumChargeMicros: read('minimum_charge', priceOrZero),
  };
  return faults.length === 0 ? { rate: rate as RateLine } : { faults };
}

function prefix(text: string, field: RateColumn): string {
  if (!/^[1-9]\d*$/.test(text))
    throw bad(
      field,
      text,
      'write digits only, country code first, without plus or leading zeros, for example 3247',
    );
  if (text.length > MAX_PREFIX_DIGITS) throw bad(field, text, `use at most ${MAX_PREFIX_DIGITS} digits`);
  return text;
}

function destination(text: string, field: RateColumn): string {
  if (text === '') throw bad(field, text, 'name the place or network, for example Belgium mobile');
  if (text.length > LONGEST_DESTINATION || /\p{Cc}/u.test(text))
    throw bad(field, text.slice(0, 40), `use at most ${LONGEST_DESTINATION} printable characters`);
  return text;
}

function price(text: string, field: RateColumn): PriceMicros {
  const micros = amount(text, field);
  if (micros < 0n) throw bad(field, text, 'give zero or more: a negative price would pay the caller');
  if (micros > HIGHEST_PRICE_MICROS) throw bad(field, text, 'give at most 1000000 per minute');
  return Number(micros);
}

function amount(text: string, field: RateColumn): bigint {
  try {
    return parseMicros(text);
  } catch (error) {
    if (error instanceof InvalidAmount)
      throw bad(field, text, 'write digits with at most six decimals and a point, for example 0.0125');
    throw error;
  }
}

function priceOrZero(text: string, field: RateColumn): PriceMicros {
  return text === '' ? 0 : price(text, field);
}

function increment(text: string, field: RateColumn): number {
  const value = seconds(text, field);
  if (value < 1) throw bad(field, text, 'give at least 1 second: talk is charged in blocks');
  return value;
}

function secondsOrZero(text: string, field: RateColumn): number {
  return text === '' ? 0 : seconds(text, field);
}

function seconds(text: string, field: RateColumn): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > LONGEST_INCREMENT_SECONDS)
    throw bad(field, text, `give whole seconds, at most ${LONGEST_INCREMENT_SECONDS}`);
  return Number(text);
}

/** A date is its first moment in UTC. */
function moment(text: string, field: RateColumn): number {
  const form = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2})?Z)?$/.exec(text);
  const atMs = form ? Date.parse(text) : Number.NaN;
  // Date.parse makes 2 March of 30 February.
  if (Number.isNaN(atMs) || new Date(atMs).toISOString().slice(0, 10) !== form?.[1])
    throw bad(field, text, 'write a date or a moment in UTC, for example 2026-07-01 or 2026-07-01T12:00Z');
  return atMs;
}

function bad(field: RateColumn, text: string, remedy: string): BadField {
  return new BadField({
    field,
    problem: text === '' ? 'is empty' : `"${text.slice(0, 60)}" does not fit`,
    remedy,
  });
}
