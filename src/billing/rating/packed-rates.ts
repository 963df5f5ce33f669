import type { RateLine } from './stage-rates';

/** What calls to a prefix cost from one moment on, without the prefix. */
export type RateTerms = Omit<RateLine, 'prefix'>;

/** Small enough that making room for more rates delays no call. */
const ROWS_PER_CHUNK = 4_096;
const AMOUNTS = 4;
const COUNTS = 4;

type Chunk = { readonly amounts: Float64Array; readonly counts: Uint32Array };

/**
 * Terms by number, as figures in a few arrays: a large deck would otherwise be a million objects, and calls would wait while the
 * garbage collector walks them.
 */
export class PackedTerms {
  readonly #chunks: Chunk[] = [];
  readonly #destinations: string[] = [];
  readonly #destinationNumbers = new Map<string, number>();
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
    const count = row * COUNTS;
    counts[count] = terms.firstIncrementSeconds;
    counts[count + 1] = terms.nextIncrementSeconds;
    counts[count + 2] = terms.minimumSeconds;
    counts[count + 3] = this.#numberOf(terms.destination);
  }

  /** The terms kept under this number, with the prefix they are for. */
  lineAt(index: number, prefix: string): RateLine {
    const { amounts, counts } = this.#chunks[Math.floor(index / ROWS_PER_CHUNK)] as Chunk;
    const amount = (index % ROWS_PER_CHUNK) * AMOUNTS;
    const count = (index % ROWS_PER_CHUNK) * COUNTS;
    return {
      prefix,
      destination: this.#destinations[counts[count + 3] as number] as string,
      effectiveFromMs: amounts[amount] as number,
      pricePerMinuteMicros: amounts[amount + 1] as number,
      connectFeeMicros: amounts[amount + 2] as number,
      firstIncrementSeconds: counts[count] as number,
      nextIncrementSeconds: counts[count + 1] as number,
      minimumSeconds: counts[count + 2] as number,
      minimumChargeMicros: amounts[amount + 3] as number,
    };
  }

  #chunkFor(index: number): Chunk {
    const number = Math.floor(index / ROWS_PER_CHUNK);
    return (this.#chunks[number] ??= {
      amounts: new Float64Array(ROWS_PER_CHUNK * AMOUNTS),
      counts: new Uint32Array(ROWS_PER_CHUNK * COUNTS),
    });
  }

  #numberOf(destination: string): number {
    const known = this.#destinationNumbers.get(destination);
    if (known !== undefined) return known;
    this.#destinationNumbers.set(destination, this.#destinations.length);
    return this.#destinations.push(destination) - 1;
  }
}

/** The rates of a file in its order, packed; finds at once whether a prefix had a rate for the same moment before. */
export class PackedRates {
  readonly #terms = new PackedTerms();
  readonly #prefixes: string[] = [];
  /** By the end of the prefix, then by prefix and moment: its line. Many small maps, because a large one stops all calls while it grows. */
  readonly #lineOf = new Map<string, Map<string, number>>();

  get length(): number {
    return this.#terms.length;
  }

  /** Keeps the rate of a file's line; gives the earlier line instead when there was one for this prefix and moment. */
  add(rate: RateLine, line: number): number | null {
    const lineOf = this.#mapFor(rate.prefix);
    const key = `${rate.prefix} ${rate.effectiveFromMs}`;
    const first = lineOf.get(key);
    if (first !== undefined) return first;
    lineOf.set(key, line);
    this.#prefixes.push(rate.prefix);
    this.#terms.push(rate);
    return null;
  }

  /** The rates from `from` up to before `to`, unpacked. */
  slice(from: number, to: number): readonly RateLine[] {
    return this.#prefixes.slice(from, to).map((prefix, offset) => this.#terms.lineAt(from + offset, prefix));
  }

  #mapFor(prefix: string): Map<string, number> {
    const end = prefix.slice(-2);
    let map = this.#lineOf.get(end);
    if (!map) {
      map = new Map();
      this.#lineOf.set(end, map);
    }
    return map;
  }
}
