import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import type { NumbersInUse } from './node-numbers';
import { asRanges, countWithin, missingRanges, type NumberRange, piecesOf } from './sequence-gaps';
import {
  alarmGaps,
  checkedThrough,
  countNumbers,
  notedGaps,
  presentNumbers,
  storeCheckedThrough,
} from './sequence-gaps-store';

/** A gap is alarmed by the second check that sees it, at most 45 s after it came about. */
const CHECK_EVERY_MS = 20_000;
/** How long a number must have been missing before it is alarmed: a commit may still be on its way. */
const GRACE_MS = 15_000;
/** Numbers below the mark that every check looks at again, since a CDR can also be lost after it was written. */
const LOOKED_AT_AGAIN = 10_000;
/** Numbers that are compared at once. */
const PIECE = 5_000;
/** Missing numbers that are remembered between two checks; more wait for the next one. */
const MAX_MISSING_AT_ONCE = 20_000;

/**
 * Watches a node's own sequence for numbers without a CDR. A node judges its own numbers alone, since only it knows which of its legs
 * are still going on.
 */
export class GapWatch {
  #timer: Timer | null = null;
  #checking: Promise<void> | null = null;
  #missingSinceMs = new Map<number, number>();

  constructor(
    private readonly options: {
      readonly database: Database;
      readonly nodeId: string;
      readonly numbers: () => NumbersInUse;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  start(): void {
    this.#timer = this.options.clock.every(CHECK_EVERY_MS, () => void this.check());
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#checking;
  }

  /** Looks once; never throws. A database that is away is looked at again the next time. */
  check(): Promise<void> {
    this.#checking ??= this.#look()
      .catch((error: unknown) => this.options.log.warn('the sequence of CDRs was not checked', { error }))
      .finally(() => {
        this.#checking = null;
      });
    return this.#checking;
  }

  async #look(): Promise<void> {
    const { database, nodeId, clock, log } = this.options;
    // Asked before the database is: a leg written meanwhile is then in the database, and none is in neither.
    const { upTo, inUse } = this.options.numbers();
    const nowMs = clock.nowMs();
    const mark = await checkedThrough(database.read, nodeId);
    const range = { first: Math.max(1, Math.min(mark + 1, upTo - LOOKED_AT_AGAIN + 1)), last: upTo };
    const missing = await this.#missing(range, inUse);
    const since = new Map(missing.map((number) => [number, this.#missingSinceMs.get(number) ?? nowMs]));
    const due = missing.filter((number) => nowMs - (since.get(number) ?? nowMs) >= GRACE_MS);
    if (due.length > 0) {
      const ranges = asRanges(due);
      await alarmGaps(database, nodeId, ranges, nowMs);
      log.error('CDRs are missing', { nodeId, count: due.length, first: due[0], last: due.at(-1) });
    }
    for (const number of due) since.delete(number);
    this.#missingSinceMs = since;
    let unsettled = upTo + 1;
    for (const numbers of [inUse, since.keys()])
      for (const number of numbers) unsettled = Math.min(unsettled, number);
    if (unsettled - 1 > mark) await storeCheckedThrough(database, nodeId, unsettled - 1);
  }

  /** Numbers of a range that should have a CDR and have none, in rising order. */
  async #missing(range: NumberRange, inUse: ReadonlySet<number>): Promise<readonly number[]> {
    const missing: number[] = [];
    for (const piece of piecesOf(range, PIECE)) {
      if (missing.length >= MAX_MISSING_AT_ONCE) break;
      for (const { first, last } of await this.#missingOf(piece, inUse))
        for (let number = first; number <= last; number++) missing.push(number);
    }
    return missing;
  }

  async #missingOf(piece: NumberRange, inUse: ReadonlySet<number>): Promise<readonly NumberRange[]> {
    const { database, nodeId } = this.options;
    const noted = await notedGaps(database.read, nodeId, piece);
    const excused = [...inUse].filter((number) => number >= piece.first && number <= piece.last).length;
    const expected = piece.last - piece.first + 1 - excused - countWithin(noted, piece);
    // Counting is all that a whole sequence costs.
    if ((await countNumbers(database.read, nodeId, piece)) === expected) return [];
    const present = await presentNumbers(database.read, nodeId, piece);
    return missingRanges(piece, { present, excused: inUse, noted });
  }
}
