import { MAX_PREFIX_DIGITS, type Rate } from './rate';

/** The first digits of a number pick a bucket directly; the rest, nine digits at most, fits 32 bits. */
const BUCKET_DIGITS = 5;
const REST_DIGITS = MAX_PREFIX_DIGITS - BUCKET_DIGITS;
const BUCKETS = 10 ** BUCKET_DIGITS;
const REST_RANGE = 10 ** REST_DIGITS;

const NO_NODE = -1;
const ZERO = '0'.charCodeAt(0);

/**
 * A deck as arrays: all numbers are cut into disjoint intervals, each owned by the longest prefix that covers it. A lookup is one
 * step into the buckets and a short binary search. A prefix is a node; it has its rates by effective date, and its next shorter
 * prefix for the time before the first of them.
 */
export type CompiledDeck = {
  readonly deckId: string;
  readonly version: number;
  readonly rateCount: number;
  /** Bytes of the arrays that a lookup searches; the rates themselves are beside them. */
  readonly indexBytes: number;
  /** The rate of the longest prefix of `digits` valid at `atMs`, or null. Digits only: the plus is cut off before. */
  find(digits: string, atMs: number): Rate | null;
};

/** A rate without its prefix. A destination's many prefixes share one, so that a large deck is few objects and quick to collect. */
type Terms = Omit<Rate, 'prefix'>;

/** The rates that were asked for, by slot: each is made once, when its first call comes. */
type MadeRates = (Rate | undefined)[];

type Arrays = {
  readonly bucketStarts: Int32Array;
  readonly intervalStarts: Uint32Array;
  readonly intervalNodes: Int32Array;
  readonly nodePrefixLengths: Uint8Array;
  readonly nodeParents: Int32Array;
  readonly nodeFirstSlots: Int32Array;
  readonly slotEffectiveFromMs: Float64Array;
  readonly slotTerms: Int32Array;
};

/**
 * Builds a compiled deck from its rates in the order of prefix, effective date and version, a part at a time, so that calls go
 * on between the parts.
 */
export class DeckCompiler {
  readonly #bucketStarts = new Int32Array(BUCKETS + 1);
  #filledBuckets = 0;
  #intervalStarts = new Uint32Array(1024);
  #intervalNodes = new Int32Array(1024);
  #intervals = 0;
  #lastPoint = -1;
  #prefixLengths = new Uint8Array(1024);
  #parents = new Int32Array(1024);
  #firstSlots = new Int32Array(1024);
  #nodes = 0;
  #effectiveFromMs = new Float64Array(1024);
  #slotTerms = new Int32Array(1024);
  #slots = 0;
  readonly #terms: Terms[] = [];
  readonly #termsIndexByText = new Map<string, number>();
  #lastPrefix = '';
  /** Prefixes that cover the present point, outermost first. */
  readonly #open: { readonly node: number; readonly end: number }[] = [];

  /** Takes the next rate. */
  add(rate: Rate): void {
    if (this.#nodes === 0 || rate.prefix !== this.#lastPrefix) this.#beginNode(rate.prefix);
    this.#effectiveFromMs = roomFor(this.#effectiveFromMs, this.#slots);
    this.#effectiveFromMs[this.#slots] = rate.effectiveFromMs;
    this.#slotTerms = roomFor(this.#slotTerms, this.#slots);
    this.#slotTerms[this.#slots] = this.#indexOfTerms(rate);
    this.#slots++;
  }

  finish(deckId: string, version: number): CompiledDeck {
    this.#closeUntil(Number.POSITIVE_INFINITY);
    this.#bucketStarts.fill(this.#intervals, this.#filledBuckets);
    this.#firstSlots = roomFor(this.#firstSlots, this.#nodes);
    this.#firstSlots[this.#nodes] = this.#slots;
    const arrays: Arrays = {
      bucketStarts: this.#bucketStarts,
      intervalStarts: this.#intervalStarts.slice(0, this.#intervals),
      intervalNodes: this.#intervalNodes.slice(0, this.#intervals),
      nodePrefixLengths: this.#prefixLengths.slice(0, this.#nodes),
      nodeParents: this.#parents.slice(0, this.#nodes),
      nodeFirstSlots: this.#firstSlots.slice(0, this.#nodes + 1),
      slotEffectiveFromMs: this.#effectiveFromMs.slice(0, this.#slots),
      slotTerms: this.#slotTerms.slice(0, this.#slots),
    };
    const terms = this.#terms;
    const made: MadeRates = Array.from({ length: this.#slots });
    return {
      deckId,
      version,
      rateCount: this.#slots,
      indexBytes: Object.values(arrays).reduce((sum, array) => sum + array.byteLength, 0),
      find: (digits, atMs) => findIn({ arrays, terms, made }, digits, atMs),
    };
  }

  #indexOfTerms(rate: Rate): number {
    const terms = withPrefix(rate, '');
    const asText = Object.values(terms).join('\n');
    const known = this.#termsIndexByText.get(asText);
    if (known !== undefined) return known;
    this.#termsIndexByText.set(asText, this.#terms.length);
    return this.#terms.push(terms) - 1;
  }

  #beginNode(prefix: string): void {
    if (prefix < this.#lastPrefix) throw new Error(`prefix ${prefix} came after ${this.#lastPrefix}`);
    this.#lastPrefix = prefix;
    const start = Number(prefix.padEnd(MAX_PREFIX_DIGITS, '0'));
    this.#closeUntil(start);
    const node = this.#nodes++;
    this.#prefixLengths = roomFor(this.#prefixLengths, node);
    this.#parents = roomFor(this.#parents, node);
    this.#firstSlots = roomFor(this.#firstSlots, node);
    this.#prefixLengths[node] = prefix.length;
    this.#parents[node] = this.#open.at(-1)?.node ?? NO_NODE;
    this.#firstSlots[node] = this.#slots;
    this.#beginInterval(start, node);
    this.#open.push({ node, end: start + 10 ** (MAX_PREFIX_DIGITS - prefix.length) });
  }

  /** Ends the prefixes that do not reach `point`; behind each, the one around it goes on. */
  #closeUntil(point: number): void {
    for (let last = this.#open.at(-1); last && last.end <= point; last = this.#open.at(-1)) {
      this.#open.pop();
      if (last.end < REST_RANGE * BUCKETS) this.#beginInterval(last.end, this.#open.at(-1)?.node ?? NO_NODE);
    }
  }

  #beginInterval(point: number, node: number): void {
    // An inner prefix that begins with its outer one, or two that end together: the later word counts.
    if (point === this.#lastPoint) {
      this.#intervalNodes[this.#intervals - 1] = node;
      return;
    }
    const bucket = Math.floor(point / REST_RANGE);
    this.#bucketStarts.fill(this.#intervals, this.#filledBuckets, bucket + 1);
    this.#filledBuckets = bucket + 1;
    this.#intervalStarts = roomFor(this.#intervalStarts, this.#intervals);
    this.#intervalNodes = roomFor(this.#intervalNodes, this.#intervals);
    this.#intervalStarts[this.#intervals] = point % REST_RANGE;
    this.#intervalNodes[this.#intervals] = node;
    this.#intervals++;
    this.#lastPoint = point;
  }
}

type Tables = { readonly arrays: Arrays; readonly terms: readonly Terms[]; readonly made: MadeRates };

function findIn({ arrays, terms, made }: Tables, digits: string, atMs: number): Rate | null {
  let node = nodeCovering(arrays, digits);
  while (node !== NO_NODE) {
    const prefixLength = arrays.nodePrefixLengths[node] as number;
    // A number shorter than the prefix lies in its interval without beginning with it.
    if (prefixLength <= digits.length) {
      const first = arrays.nodeFirstSlots[node] as number;
      for (let slot = (arrays.nodeFirstSlots[node + 1] as number) - 1; slot >= first; slot--) {
        if ((arrays.slotEffectiveFromMs[slot] as number) > atMs) continue;
        return (made[slot] ??= withPrefix(
          terms[arrays.slotTerms[slot] as number] as Terms,
          digits.slice(0, prefixLength),
        ));
      }
    }
    node = arrays.nodeParents[node] as number;
  }
  return null;
}

/** Field by field: spreading an object takes several times as long as the lookup. */
function withPrefix(terms: Terms, prefix: string): Rate {
  return {
    deckId: terms.deckId,
    rateVersion: terms.rateVersion,
    currency: terms.currency,
    prefix,
    destination: terms.destination,
    effectiveFromMs: terms.effectiveFromMs,
    pricePerMinuteMicros: terms.pricePerMinuteMicros,
    connectFeeMicros: terms.connectFeeMicros,
    firstIncrementSeconds: terms.firstIncrementSeconds,
    nextIncrementSeconds: terms.nextIncrementSeconds,
    minimumSeconds: terms.minimumSeconds,
    minimumChargeMicros: terms.minimumChargeMicros,
    chargeDecimals: terms.chargeDecimals,
  };
}

function nodeCovering(arrays: Arrays, digits: string): number {
  const bucket = digitsAt(digits, 0, BUCKET_DIGITS);
  const rest = digitsAt(digits, BUCKET_DIGITS, REST_DIGITS);
  const { intervalStarts } = arrays;
  let low = arrays.bucketStarts[bucket] as number;
  let high = arrays.bucketStarts[bucket + 1] as number;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((intervalStarts[middle] as number) <= rest) low = middle + 1;
    else high = middle;
  }
  // Before the first interval of the bucket the last one of an earlier bucket goes on.
  return low === 0 ? NO_NODE : (arrays.intervalNodes[low - 1] as number);
}

/** `count` digits from `from` on as a number, zeros where the text ends. */
function digitsAt(digits: string, from: number, count: number): number {
  let value = 0;
  for (let index = from; index < from + count; index++)
    value = value * 10 + (index < digits.length ? digits.charCodeAt(index) - ZERO : 0);
  return value;
}

type GrowingArray = Int32Array | Uint32Array | Uint8Array | Float64Array;

/** The array, or a copy twice as long when `index` lies behind its end. */
function roomFor<T extends GrowingArray>(array: T, index: number): T {
  if (index < array.length) return array;
  const longer = new (array.constructor as new (length: number) => T)(array.length * 2);
  longer.set(array);
  return longer;
}
