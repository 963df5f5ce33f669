import type { BandPrices, RateLine } from './rate';

/** What calls to a prefix cost from one moment on, without the prefix. */
export type RateTerms = Omit<RateLine, 'prefix'>;

/** Small enough that making room for more rates delays no call. */
const ROWS_PER_CHUNK = 4_096;
const AMOUNTS = 6;
const COUNTS = 6;
/** Stands for null among amounts, none of which is below zero. */
const NONE = -1;

type Chunk = { readonly amounts: Float64Array; readonly counts: Uint32Array };

/**
 * Terms by number, as figures in a few arrays: a large deck would otherwise be a million objects, and calls would wait while the
 * garbage collector walks them.
 */
export class PackedTerms {
  readonly #chunks: Chunk[] = [];
  readonly #destinations = new Numbered<string>();
  readonly #bandPrices = new Numbered<BandPrices | null>();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Keeps the terms under the next number. */
  push(terms: RateTerms): void {
    const { amounts, counts } = this.#chunkFor(this.#length);
    const row = this.#length++ % ROWS_PER_CHUNK;
    const amount = row * AMOUNTS;
    amounts[amount] = terms.effectiveFromMs;
    amounts[amount + 1] = terms.pricePerMinuteMicros;
    amounts[amount + 2] = terms.connectFeeMicros;
    amounts[amount + 3] = terms.minimumChargeMicros;
    amounts[amount + 4] = terms.maximumChargeMicros ?? NONE;
    amounts[amount + 5] = terms.effectiveUntilMs ?? NONE;
    const count = row * COUNTS;
    counts[count] = terms.firstIncrementSeconds;
    counts[count + 1] = terms.nextIncrementSeconds;
    counts[count + 2] = terms.minimumSeconds;
    counts[count + 3] = terms.graceSeconds;
    counts[count + 4] = this.#destinations.numberOf(terms.destination, terms.destination);
    const { bandPrices } = terms;
    counts[count + 5] = this.#bandPrices.numberOf(
      bandPrices === null ? '' : JSON.stringify(bandPrices),
      bandPrices,
    );
  }

  /** The terms kept under this number, with the prefix they are for. */
  lineAt(index: number, prefix: string): RateLine {
    const { amounts, counts } = this.#chunks[Math.floor(index / ROWS_PER_CHUNK)] as Chunk;
    const amount = (index % ROWS_PER_CHUNK) * AMOUNTS;
    const count = (index % ROWS_PER_CHUNK) * COUNTS;
    return {
      prefix,
      destination: this.#destinations.at(counts[count + 4] as number),
      effectiveFromMs: amounts[amount] as number,
      effectiveUntilMs: orNull(amounts[amount + 5] as number),
      pricePerMinuteMicros: amounts[amount + 1] as number,
      bandPrices: this.#bandPrices.at(counts[count + 5] as number),
      connectFeeMicros: amounts[amount + 2] as number,
      firstIncrementSeconds: counts[count] as number,
      nextIncrementSeconds: counts[count + 1] as number,
      minimumSeconds: counts[count + 2] as number,
      graceSeconds: counts[count + 3] as number,
      minimumChargeMicros: amounts[amount + 3] as number,
      maximumChargeMicros: orNull(amounts[amount + 4] as number),
    };
  }

  #chunkFor(index: number): Chunk {
    const number = Math.floor(index / ROWS_PER_CHUNK);
    return (this.#chunks[number] ??= {
      amounts: new Float64Array(ROWS_PER_CHUNK * AMOUNTS),
      counts: new Uint32Array(ROWS_PER_CHUNK * COUNTS),
    });
  }
}

/** Values that many rates share, each kept once. */
class Numbered<T> {
  readonly #values: T[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(key: string, value: T): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#values.length);
    return this.#values.push(value) - 1;
  }

  at(number: number): T {
    return this.#values[number] as T;
  }
}

function orNull(amount: number): number | null {
  return amount === NONE ? null : amount;
}

/** Two lines of a file that contradict each other. */
export type Clash = {
  readonly kind: 'same moment' | 'overlap';
  /** The line that stands before in the file. */
  readonly line: number;
};

type Kept = { readonly index: number; readonly line: number };

/** The rates of a file in its order, packed; finds at once whether an earlier line has a price of a prefix for the same time. */
export class PackedRates {
  readonly #terms = new PackedTerms();
  readonly #prefixes: string[] = [];
  readonly #lines: number[] = [];
  /** By the end of the prefix, then by prefix: its first rate. Many small maps, because a large one stops all calls while it grows. */
  readonly #firstOf = new Map<string, Map<string, number>>();
  /** Further rates of the few prefixes that have several. */
  readonly #moreOf = new Map<string, Kept[]>();

  get length(): number {
    return this.#terms.length;
  }

  /** Keeps the rate of a file's line; gives what it contradicts instead when there is such a line. */
  add(rate: RateLine, line: number): Clash | null {
    const firstOf = this.#mapFor(rate.prefix);
    const first = firstOf.get(rate.prefix);
    if (first === undefined) firstOf.set(rate.prefix, this.length);
    else {
      const more = this.#moreOf.get(rate.prefix) ?? [];
      for (const kept of [{ index: first, line: this.#lines[first] as number }, ...more]) {
        const kind = clashOf(this.#terms.lineAt(kept.index, rate.prefix), rate);
        if (kind) return { kind, line: kept.line };
      }
      this.#moreOf.set(rate.prefix, [...more, { index: this.length, line }]);
    }
    this.#prefixes.push(rate.prefix);
    this.#lines.push(line);
    this.#terms.push(rate);
    return null;
  }

  /** The rates from `from` up to before `to`, unpacked. */
  slice(from: number, to: number): readonly RateLine[] {
    return this.#prefixes.slice(from, to).map((prefix, offset) => this.#terms.lineAt(from + offset, prefix));
  }

  /** All rates of a prefix, in the file's order. */
  of(prefix: string): readonly RateLine[] {
    const first = this.#firstOf.get(prefix.slice(-2))?.get(prefix);
    if (first === undefined) return [];
    return [first, ...(this.#moreOf.get(prefix) ?? []).map(({ index }) => index)].map((index) =>
      this.#terms.lineAt(index, prefix),
    );
  }

  #mapFor(prefix: string): Map<string, number> {
    const end = prefix.slice(-2);
    let map = this.#firstOf.get(end);
    if (!map) {
      map = new Map();
      this.#firstOf.set(end, map);
    }
    return map;
  }
}

/** A rate without an end gives way to the next one; one that is promised until a moment may have no other before that. */
function clashOf(one: RateLine, other: RateLine): Clash['kind'] | null {
  if (one.effectiveFromMs === other.effectiveFromMs) return 'same moment';
  const [earlier, later] = one.effectiveFromMs < other.effectiveFromMs ? [one, other] : [other, one];
  return earlier.effectiveUntilMs !== null && earlier.effectiveUntilMs > later.effectiveFromMs
    ? 'overlap'
    : null;
}
