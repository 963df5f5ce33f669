import { COMPARED_SECONDS, talkCostMicros, type TrunkCost } from './trunk-cost';

/** Routes that are kept for each interval of numbers: the cheapest. */
export const ROUTES_KEPT = 6;
/** Trunks that one table compares. */
export const MAX_ROUTED_TRUNKS = 255;
/** Longest prefix of a deck, as in billing/rating. */
const MAX_PREFIX_DIGITS = 14;
/** The first digits of a number pick a bucket directly; the rest fits 32 bits. */
const BUCKET_DIGITS = 5;
const REST_DIGITS = MAX_PREFIX_DIGITS - BUCKET_DIGITS;
/** A number that ends is less than one that goes on with 0: so a number never lies within a prefix that is longer than itself. */
const BASE = 11;
const BUCKETS = BASE ** BUCKET_DIGITS;
const REST_RANGE = BASE ** REST_DIGITS;
const ZERO = '0'.charCodeAt(0);
/**
 * A place in a list: the trunk in the upper eight bits, then one bit that says whether the route costs the same as the one before it, then
 * the route's number. So a look-up reads one line of memory and no other.
 */
const TRUNK_SHIFT = 24;
const SAME_COST = 1 << 23;
const ROUTE_MASK = SAME_COST - 1;
/** A place that holds no route. */
const NO_ROUTE = 0xffff_ffff;
/** Rates that one part of the building takes in: what a call may have to wait for. */
const RATES_PER_PART = 500;

/** What a trunk takes for numbers of a prefix: digits without a plus. */
export type RouteRate = { readonly prefix: string; readonly cost: TrunkCost };

/** A route by its number in the table: which trunk, at what cost. */
export type Route = { readonly trunk: number; readonly cost: TrunkCost; readonly comparedMicros: number };

/**
 * The cheapest routes of many trunks for every number, as arrays: all numbers are cut into disjoint intervals, each with its routes in the
 * order of what a call of three minutes costs. A look-up is one step into the buckets and a short binary search; nothing is allocated.
 */
export class RouteTable {
  readonly #bucketStarts: Int32Array;
  /** Where each interval begins within its bucket. */
  readonly #starts: Uint32Array;
  /** The routes of each interval, ROUTES_KEPT places each. */
  readonly #lists: Uint32Array;
  readonly #routes: readonly Route[];
  /** Of the routes that are being picked: which run of equal ones each belongs to. */
  readonly #runs = new Uint8Array(ROUTES_KEPT);

  constructor(parts: {
    bucketStarts: Int32Array;
    starts: Uint32Array;
    lists: Uint32Array;
    routes: readonly Route[];
  }) {
    this.#bucketStarts = parts.bucketStarts;
    this.#starts = parts.starts;
    this.#lists = parts.lists;
    this.#routes = parts.routes;
  }

  get intervalCount(): number {
    return this.#starts.length;
  }

  /** Bytes of the arrays that a look-up searches. */
  get indexBytes(): number {
    return this.#bucketStarts.byteLength + this.#starts.byteLength + this.#lists.byteLength;
  }

  /** The route under a number that `pick` gave. */
  route(number: number): Route {
    return this.#routes[number] as Route;
  }

  /**
   * Writes the numbers of the routes for `digits` (without a plus) into `into`, the cheapest first, and gives how many they are, ROUTES_KEPT
   * at most. Trunks that `usable` has 0 for are passed over. Routes that cost the same stand in an order drawn by `lot` (0 to 1), heavier
   * trunks more often first.
   */
  pick(
    digits: string,
    by: { readonly usable: Uint8Array; readonly weights: Uint8Array; readonly lot: number },
    into: Uint32Array,
  ): number {
    const interval = this.#intervalOf(digits);
    if (interval < 0) return 0;
    const runs = this.#runs;
    let count = 0;
    let run = 0;
    let tied = false;
    const end = (interval + 1) * ROUTES_KEPT;
    for (let place = interval * ROUTES_KEPT; place < end; place++) {
      const entry = this.#lists[place] as number;
      if (entry === NO_ROUTE) break;
      if ((entry & SAME_COST) === 0) run++;
      if (by.usable[entry >>> TRUNK_SHIFT] === 0) continue;
      if (count > 0 && runs[count - 1] === run) tied = true;
      runs[count] = run;
      into[count++] = entry & ROUTE_MASK;
    }
    if (tied) this.#drawTies(into, count, by.weights, by.lot);
    return count;
  }

  #intervalOf(digits: string): number {
    const bucket = digitsAt(digits, 0, BUCKET_DIGITS);
    const rest = digitsAt(digits, BUCKET_DIGITS, REST_DIGITS);
    let low = this.#bucketStarts[bucket] as number;
    let high = this.#bucketStarts[bucket + 1] as number;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] as number) <= rest) low = middle + 1;
      else high = middle;
    }
    // Before the first interval of the bucket the last one of an earlier bucket goes on.
    return low - 1;
  }

  /** Orders each run of equal routes by weighted lot: what is left of one draw serves the next. */
  #drawTies(into: Uint32Array, count: number, weights: Uint8Array, lot: number): void {
    const runs = this.#runs;
    const weightAt = (place: number) => weights[this.route(into[place] as number).trunk] as number;
    let left = lot;
    for (let first = 0; first < count - 1; first++) {
      let total = 0;
      let end = first;
      while (end < count && runs[end] === runs[first]) total += weightAt(end++);
      if (end - first < 2) continue;
      let mark = left * total;
      let drawn = first;
      while (drawn < end - 1 && mark >= weightAt(drawn)) mark -= weightAt(drawn++);
      left = Math.min(mark / weightAt(drawn), 1 - Number.EPSILON);
      const route = into[drawn] as number;
      into.copyWithin(first + 1, first, drawn);
      into[first] = route;
    }
  }
}

/** The rates of a trunk that are valid now, one a prefix, in the order of the prefixes as texts, a page at a time. */
export type RoutePages = AsyncIterable<readonly RouteRate[]>;

/**
 * Builds the table, with turns for the calls in between. A trunk's number is the place of its deck in `decks`.
 * @throws RangeError for too many decks or prices, a prefix that is none or comes out of order
 */
export async function buildRouteTable(decks: readonly RoutePages[]): Promise<RouteTable> {
  if (decks.length > MAX_ROUTED_TRUNKS)
    throw new RangeError(`${decks.length} decks are too many for one table`);
  const builder = new Builder(decks.length);
  const heads = decks.map((deck) => new DeckReader(deck));
  for (const head of heads) await head.turnPage();
  for (let taken = 1; ; taken++) {
    const next = lowest(heads);
    const head = heads[next];
    if (!head) return builder.finish();
    builder.add(next, head.point, head.end, head.cost as TrunkCost);
    if (!head.advance()) await head.turnPage();
    if (taken % RATES_PER_PART === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The deck whose next prefix comes first; −1 when all are read. */
function lowest(heads: readonly DeckReader[]): number {
  let found = -1;
  for (let trunk = 0; trunk < heads.length; trunk++) {
    const { point } = heads[trunk] as DeckReader;
    if (point >= 0 && (found < 0 || point < (heads[found] as DeckReader).point)) found = trunk;
  }
  return found;
}

/** The next rate of a deck as an interval of numbers; point −1 behind the last. */
class DeckReader {
  point = -1;
  end = -1;
  cost: TrunkCost | null = null;
  readonly #pages: AsyncIterator<readonly RouteRate[]>;
  #page: readonly RouteRate[] = [];
  #at = 0;

  constructor(deck: RoutePages) {
    this.#pages = deck[Symbol.asyncIterator]();
  }

  /** Goes on within the page; false when it has been read. */
  advance(): boolean {
    const rate = this.#page[this.#at++];
    if (!rate) return false;
    if (!/^\d{1,14}$/.test(rate.prefix)) throw new RangeError(`"${rate.prefix}" is no prefix`);
    const point = pointOf(rate.prefix);
    if (point <= this.point) throw new RangeError(`prefix ${rate.prefix} is out of order`);
    this.point = point;
    this.end = point + BASE ** (MAX_PREFIX_DIGITS - rate.prefix.length);
    this.cost = rate.cost;
    return true;
  }

  async turnPage(): Promise<void> {
    do {
      const page = await this.#pages.next();
      if (page.done) {
        this.point = -1;
        return;
      }
      this.#page = page.value;
      this.#at = 0;
    } while (!this.advance());
  }
}

/** Sweeps over all numbers and writes an interval wherever the cheapest routes change. */
class Builder {
  readonly #open: { route: number; end: number }[][];
  readonly #routes: Route[] = [];
  /** Of each trunk, by its terms: many small maps, because a large one stops all calls while it grows. */
  readonly #numberOf: Map<string, number>[];
  readonly #bucketStarts = new Int32Array(BUCKETS + 1);
  #filledBuckets = 0;
  #starts = new Uint32Array(4_096);
  #lists = new Uint32Array(4_096 * ROUTES_KEPT);
  #count = 0;
  /** Where the sweep is; all rates that begin here are known before it goes on. */
  #point = -1;
  readonly #cheapest = new Uint32Array(ROUTES_KEPT);

  constructor(trunks: number) {
    this.#open = Array.from({ length: trunks }, () => []);
    this.#numberOf = Array.from({ length: trunks }, () => new Map<string, number>());
  }

  add(trunk: number, point: number, end: number, cost: TrunkCost): void {
    this.#sweepTo(point);
    this.#point = point;
    (this.#open[trunk] as { route: number; end: number }[]).push({
      route: this.#numberFor(trunk, cost),
      end,
    });
  }

  finish(): RouteTable {
    this.#sweepTo(Number.POSITIVE_INFINITY);
    this.#bucketStarts.fill(this.#count, this.#filledBuckets);
    return new RouteTable({
      bucketStarts: this.#bucketStarts,
      starts: this.#starts.subarray(0, this.#count),
      lists: this.#lists.subarray(0, this.#count * ROUTES_KEPT),
      routes: this.#routes,
    });
  }

  /** Writes the intervals that begin before `point`: where the sweep stands, and wherever a prefix ends on the way. */
  #sweepTo(point: number): void {
    while (this.#point >= 0 && this.#point < point) {
      this.#write(this.#point);
      let nextEnd = Number.POSITIVE_INFINITY;
      for (const open of this.#open) {
        const inner = open.at(-1);
        if (inner && inner.end < nextEnd) nextEnd = inner.end;
      }
      if (nextEnd > point || nextEnd === Number.POSITIVE_INFINITY) return;
      for (const open of this.#open) while ((open.at(-1)?.end ?? point + 1) <= nextEnd) open.pop();
      this.#point = nextEnd < BUCKETS * REST_RANGE ? nextEnd : -1;
    }
  }

  #write(point: number): void {
    this.#fillCheapest();
    const before = (this.#count - 1) * ROUTES_KEPT;
    if (this.#count > 0 && this.#cheapest.every((route, place) => route === this.#lists[before + place]))
      return;
    if (this.#count === this.#starts.length) this.#grow();
    const bucket = Math.floor(point / REST_RANGE);
    this.#bucketStarts.fill(this.#count, this.#filledBuckets, bucket + 1);
    this.#filledBuckets = bucket + 1;
    this.#starts[this.#count] = point % REST_RANGE;
    this.#lists.set(this.#cheapest, this.#count * ROUTES_KEPT);
    this.#count++;
  }

  /** The cheapest routes of the open prefixes, each trunk by its innermost; equal ones by the order of the trunks. */
  #fillCheapest(): void {
    const cheapest = this.#cheapest.fill(NO_ROUTE);
    let count = 0;
    for (const open of this.#open) {
      const inner = open.at(-1);
      if (!inner) continue;
      const micros = (this.#routes[inner.route] as Route).comparedMicros;
      let place = count;
      while (place > 0 && (this.#routes[cheapest[place - 1] as number] as Route).comparedMicros > micros)
        place--;
      if (place === ROUTES_KEPT) continue;
      cheapest.copyWithin(place + 1, place, ROUTES_KEPT - 1);
      cheapest[place] = inner.route;
      count = Math.min(count + 1, ROUTES_KEPT);
    }
    for (let place = count - 1; place >= 0; place--) {
      const route = this.#routes[cheapest[place] as number] as Route;
      const before = this.#routes[cheapest[place - 1] as number];
      const same = before?.comparedMicros === route.comparedMicros ? SAME_COST : 0;
      cheapest[place] = ((route.trunk << TRUNK_SHIFT) | same | (cheapest[place] as number)) >>> 0;
    }
  }

  /** Prefixes of one destination share a route: a deck of 200,000 lines has a few thousand. */
  #numberFor(trunk: number, cost: TrunkCost): number {
    const numberOf = this.#numberOf[trunk] as Map<string, number>;
    const key = [
      cost.connectFeeMicros,
      cost.pricePerMinuteMicros,
      cost.firstIncrementSeconds,
      cost.nextIncrementSeconds,
      cost.minimumSeconds,
      cost.minimumChargeMicros,
    ].join(' ');
    const known = numberOf.get(key);
    if (known !== undefined) return known;
    if (this.#routes.length === ROUTE_MASK)
      throw new RangeError('the decks have too many prices for one table');
    numberOf.set(key, this.#routes.length);
    const comparedMicros = talkCostMicros(cost, COMPARED_SECONDS);
    return this.#routes.push({ trunk, cost: { ...cost }, comparedMicros }) - 1;
  }

  #grow(): void {
    const starts = new Uint32Array(this.#starts.length * 2);
    starts.set(this.#starts);
    this.#starts = starts;
    const lists = new Uint32Array(this.#lists.length * 2);
    lists.set(this.#lists);
    this.#lists = lists;
  }
}

/** Where a prefix begins among all numbers. */
function pointOf(prefix: string): number {
  return digitsAt(prefix, 0, BUCKET_DIGITS) * REST_RANGE + digitsAt(prefix, BUCKET_DIGITS, REST_DIGITS);
}

/** `count` digits from `from` on as a number to the base 11: 0 where the text has ended, then 1 for the digit 0 and so on. */
function digitsAt(digits: string, from: number, count: number): number {
  const end = Math.min(from + count, digits.length);
  let value = 0;
  for (let index = from; index < end; index++) value = value * BASE + (digits.charCodeAt(index) - ZERO + 1);
  return end === from + count ? value : value * (POWERS[Math.min(count, from + count - end)] as number);
}

const POWERS = Array.from({ length: REST_DIGITS + 1 }, (_, exponent) => BASE ** exponent);
