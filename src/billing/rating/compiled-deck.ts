import { inBand, inBandNumber } from './in-band';
import { PackedTerms } from './packed-rates';
import { MAX_PREFIX_DIGITS, type Rate, type StoredRate } from './rate';
import { type BandClock, NO_BAND } from './time-bands';

/** The first digits of a number pick a bucket directly; the rest, nine digits at most, fits 32 bits. */
const BUCKET_DIGITS = 5;
const REST_DIGITS = MAX_PREFIX_DIGITS - BUCKET_DIGITS;
const BUCKETS = 10 ** BUCKET_DIGITS;
const REST_RANGE = 10 ** REST_DIGITS;

const NO_SLOT = 0xffff_ffff;

/** A slot's byte: the prefix's length in the low bits, and whether the rate has prices for time bands. */
const LENGTH_BITS = 0x0f;
const HAS_BANDS = 0x80;
const ZERO = '0'.charCodeAt(0);

/**
 * A deck as arrays: all numbers are cut into disjoint intervals, each owned by the longest prefix that covers it. A lookup is one
 * step into the buckets and a short binary search. Each rate has a slot; a rate that is not valid yet names the next to try: the
 * one before it of the same prefix, then the latest of the next shorter prefix. One that has ended leads past its prefix at once.
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

/** What all rates of a deck share. */
type DeckTerms = Pick<StoredRate, 'deckId' | 'currency' | 'chargeDecimals'>;

/**
 * The rates that were asked for, one list for no band and one for each, in chunks of slots: each rate is made once, when its first call comes, and
 * no list is ever copied to grow.
 */
type MadeRates = readonly (Rate | undefined)[][][];

const CHUNK_BITS = 12;
const CHUNK_SLOTS = 2 ** CHUNK_BITS;

type Arrays = {
  /** Where each bucket's intervals begin, counted in intervals. */
  readonly bucketStarts: Int32Array;
  /** Start and slot of an interval beside each other: they are read together. */
  readonly intervals: Uint32Array;
  readonly slotPrefixLengths: Uint8Array;
  readonly slotEffectiveFromMs: Float64Array;
  /** 0: no end. Not there while no rate of the deck has one. */
  readonly slotEffectiveUntilMs: Float64Array | null;
  readonly slotNext: Uint32Array;
  readonly slotVersions: Uint32Array;
};

/**
 * Builds a compiled deck from its rates in the order of prefix, effective date and version, a part at a time, so that calls go
 * on between the parts. Nothing of it is copied or walked whole when it is told how many rates will come.
 */
export class DeckCompiler {
  readonly #bucketStarts = new Int32Array(BUCKETS + 1);
  #filledBuckets = 0;
  readonly #expectedRates: number;
  // Of different lengths, so that room is made for one in one part and for another in the next.
  #intervals = new Uint32Array(2_000);
  #intervalCount = 0;
  #lastPoint = -1;
  #prefixLengths = new Uint8Array(2_000);
  #effectiveFromMs = new Float64Array(3_000);
  #effectiveUntilMs: Float64Array | null = null;
  #next = new Uint32Array(4_000);
  #versions = new Uint32Array(5_000);
  #slots = 0;
  #deckTerms: DeckTerms | undefined = undefined;
  readonly #terms = new PackedTerms();
  readonly #clock: BandClock | null;
  readonly #made: MadeRates;
  #lastPrefix = '';
  /** Prefixes that cover the present point, outermost first, each with its latest rate. */
  readonly #open: { slot: number; readonly end: number }[] = [];

  /** @param expectedRates how many will be added, if known; more may come @param clock the deck's time bands */
  constructor(expectedRates = 0, clock: BandClock | null = null) {
    this.#expectedRates = expectedRates;
    this.#clock = clock;
    this.#made = Array.from({ length: 1 + (clock?.names.length ?? 0) }, () => []);
  }

  /** Takes the next rate. */
  add(rate: StoredRate): void {
    const slot = this.#slots++;
    if (slot === 0 || rate.prefix !== this.#lastPrefix) this.#beginPrefix(rate.prefix, slot);
    else this.#addToPrefix(slot);
    this.#prefixLengths = roomFor(this.#prefixLengths, slot, this.#expectedRates);
    this.#effectiveFromMs = roomFor(this.#effectiveFromMs, slot, this.#expectedRates);
    this.#versions = roomFor(this.#versions, slot, this.#expectedRates);
    this.#prefixLengths[slot] = rate.prefix.length | (rate.bandPrices === null ? 0 : HAS_BANDS);
    this.#effectiveFromMs[slot] = rate.effectiveFromMs;
    if (rate.effectiveUntilMs !== null) this.#effectiveUntilMs ??= new Float64Array(3_500);
    if (this.#effectiveUntilMs) {
      this.#effectiveUntilMs = roomFor(this.#effectiveUntilMs, slot, this.#expectedRates);
      this.#effectiveUntilMs[slot] = rate.effectiveUntilMs ?? 0;
    }
    this.#versions[slot] = rate.rateVersion;
    this.#deckTerms ??= {
      deckId: rate.deckId,
      currency: rate.currency,
      chargeDecimals: rate.chargeDecimals,
    };
    this.#terms.push(rate);
  }

  finish(deckId: string, version: number): CompiledDeck {
    this.#closeUntil(Number.POSITIVE_INFINITY);
    this.#bucketStarts.fill(this.#intervalCount, this.#filledBuckets);
    const arrays: Arrays = {
      bucketStarts: this.#bucketStarts,
      intervals: this.#intervals.subarray(0, this.#intervalCount * 2),
      slotPrefixLengths: this.#prefixLengths.subarray(0, this.#slots),
      slotEffectiveFromMs: this.#effectiveFromMs.subarray(0, this.#slots),
      slotEffectiveUntilMs: this.#effectiveUntilMs?.subarray(0, this.#slots) ?? null,
      slotNext: this.#next.subarray(0, this.#slots),
      slotVersions: this.#versions.subarray(0, this.#slots),
    };
    const tables: Tables = {
      arrays,
      deckTerms: this.#deckTerms,
      terms: this.#terms,
      made: this.#made,
      clock: this.#clock,
    };
    return {
      deckId,
      version,
      rateCount: this.#slots,
      indexBytes: Object.values(arrays).reduce((sum, array) => sum + (array?.byteLength ?? 0), 0),
      find: (digits, atMs) => findIn(tables, digits, atMs),
    };
  }

  #beginPrefix(prefix: string, slot: number): void {
    if (prefix < this.#lastPrefix) throw new Error(`prefix ${prefix} came after ${this.#lastPrefix}`);
    this.#lastPrefix = prefix;
    const start = Number(prefix.padEnd(MAX_PREFIX_DIGITS, '0'));
    this.#closeUntil(start);
    this.#setNext(slot, this.#open.at(-1)?.slot ?? NO_SLOT);
    this.#beginInterval(start, slot);
    this.#open.push({ slot, end: start + 10 ** (MAX_PREFIX_DIGITS - prefix.length) });
  }

  /** A later rate of the prefix that began last: no longer prefix lies between, so its interval is still the last. */
  #addToPrefix(slot: number): void {
    this.#setNext(slot, slot - 1);
    this.#intervals[this.#intervalCount * 2 - 1] = slot;
    const open = this.#open.at(-1);
    if (open) open.slot = slot;
  }

  #setNext(slot: number, next: number): void {
    this.#next = roomFor(this.#next, slot, this.#expectedRates);
    this.#next[slot] = next;
  }

  /** Ends the prefixes that do not reach `point`; behind each, the one around it goes on. */
  #closeUntil(point: number): void {
    for (let last = this.#open.at(-1); last && last.end <= point; last = this.#open.at(-1)) {
      this.#open.pop();
      if (last.end < REST_RANGE * BUCKETS) this.#beginInterval(last.end, this.#open.at(-1)?.slot ?? NO_SLOT);
    }
  }

  #beginInterval(point: number, slot: number): void {
    // An inner prefix that begins with its outer one, or two that end together: the later word counts.
    if (point !== this.#lastPoint) {
      const bucket = Math.floor(point / REST_RANGE);
      this.#bucketStarts.fill(this.#intervalCount, this.#filledBuckets, bucket + 1);
      this.#filledBuckets = bucket + 1;
      this.#intervals = roomFor(this.#intervals, this.#intervalCount * 2 + 1, this.#expectedRates * 2);
      this.#intervals[this.#intervalCount * 2] = point % REST_RANGE;
      this.#intervalCount++;
      this.#lastPoint = point;
    }
    this.#intervals[this.#intervalCount * 2 - 1] = slot;
  }
}

type Tables = {
  readonly arrays: Arrays;
  readonly deckTerms: DeckTerms | undefined;
  readonly terms: PackedTerms;
  readonly made: MadeRates;
  readonly clock: BandClock | null;
};

function findIn(tables: Tables, digits: string, atMs: number): Rate | null {
  const { slotPrefixLengths, slotEffectiveFromMs, slotEffectiveUntilMs, slotNext } = tables.arrays;
  let slot = slotCovering(tables.arrays, digits);
  while (slot !== NO_SLOT) {
    const prefixLength = (slotPrefixLengths[slot] as number) & LENGTH_BITS;
    // A number shorter than the prefix lies in its interval without beginning with it.
    if ((slotEffectiveFromMs[slot] as number) <= atMs && prefixLength <= digits.length) {
      const endMs = slotEffectiveUntilMs === null ? 0 : (slotEffectiveUntilMs[slot] as number);
      if (endMs === 0 || endMs > atMs) return rateAt(tables, slot, digits.slice(0, prefixLength), atMs);
      slot = outerSlot(tables.arrays, slot);
    } else slot = slotNext[slot] as number;
  }
  return null;
}

/** The latest rate of the next shorter prefix: what an ended rate took the place of does not come back. */
function outerSlot({ slotNext, slotPrefixLengths }: Arrays, slot: number): number {
  let outer = slot;
  const lengthOf = (one: number) => (slotPrefixLengths[one] as number) & LENGTH_BITS;
  const length = lengthOf(slot);
  while (outer !== NO_SLOT && lengthOf(outer) === length) outer = slotNext[outer] as number;
  return outer;
}

function rateAt(tables: Tables, slot: number, prefix: string, atMs: number): Rate {
  const { made } = tables;
  // Most rates have one price at all hours, and need not ask what hour it is.
  const hasBands = ((tables.arrays.slotPrefixLengths[slot] as number) & HAS_BANDS) !== 0;
  const clock = hasBands ? tables.clock : null;
  if (clock?.splitsCalls) return inBand(storedAt(tables, slot, prefix), clock, atMs);
  const band = clock === null ? NO_BAND : clock.bandAt(atMs);
  const ofBand = made[band + 1] as (Rate | undefined)[][];
  const chunk = (ofBand[slot >>> CHUNK_BITS] ??= emptyChunk());
  return (chunk[slot & (CHUNK_SLOTS - 1)] ??= inBandNumber(storedAt(tables, slot, prefix), clock, band));
}

function emptyChunk(): (Rate | undefined)[] {
  return Array.from({ length: CHUNK_SLOTS }, () => undefined);
}

/** Field by field: spreading an object takes several times as long as the lookup. */
function storedAt({ arrays, deckTerms, terms }: Tables, slot: number, prefix: string): StoredRate {
  const { deckId, currency, chargeDecimals } = deckTerms as DeckTerms;
  const line = terms.lineAt(slot, prefix);
  return {
    deckId,
    rateVersion: arrays.slotVersions[slot] as number,
    currency,
    prefix,
    destination: line.destination,
    effectiveFromMs: line.effectiveFromMs,
    effectiveUntilMs: line.effectiveUntilMs,
    pricePerMinuteMicros: line.pricePerMinuteMicros,
    bandPrices: line.bandPrices,
    connectFeeMicros: line.connectFeeMicros,
    firstIncrementSeconds: line.firstIncrementSeconds,
    nextIncrementSeconds: line.nextIncrementSeconds,
    minimumSeconds: line.minimumSeconds,
    graceSeconds: line.graceSeconds,
    minimumChargeMicros: line.minimumChargeMicros,
    maximumChargeMicros: line.maximumChargeMicros,
    chargeDecimals,
  };
}

function slotCovering({ bucketStarts, intervals }: Arrays, digits: string): number {
  const bucket = digitsAt(digits, 0, BUCKET_DIGITS);
  const rest = digitsAt(digits, BUCKET_DIGITS, REST_DIGITS);
  let low = bucketStarts[bucket] as number;
  let high = bucketStarts[bucket + 1] as number;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((intervals[middle * 2] as number) <= rest) low = middle + 1;
    else high = middle;
  }
  // Before the first interval of the bucket the last one of an earlier bucket goes on.
  return low === 0 ? NO_SLOT : (intervals[low * 2 - 1] as number);
}

/** `count` digits from `from` on as a number, zeros where the text ends. */
function digitsAt(digits: string, from: number, count: number): number {
  const end = Math.min(from + count, digits.length);
  let value = 0;
  for (let index = from; index < end; index++) value = value * 10 + (digits.charCodeAt(index) - ZERO);
  return value * (POWERS_OF_TEN[Math.min(count, from + count - end)] as number);
}

const POWERS_OF_TEN = Array.from({ length: REST_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

type GrowingArray = Uint32Array | Uint8Array | Float64Array;

/** The array, or a longer copy when `index` lies behind its end: as long as expected, else twice as long. */
function roomFor<T extends GrowingArray>(array: T, index: number, expected: number): T {
  if (index < array.length) return array;
  const length = index < expected ? expected : array.length * 2;
  const longer = new (array.constructor as new (length: number) => T)(length);
  longer.set(array);
  return longer;
}
