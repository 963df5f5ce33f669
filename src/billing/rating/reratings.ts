import { AppError, Conflict, InvalidInput } from '../../kernel/app-error';
import type { Clock } from '../../kernel/clock';
import { newId } from '../../kernel/ids';
import type { Log } from '../../kernel/log';
import type { Database } from '../../kernel/unit-of-work';
import { readDeck } from './decks-store';
import { commitLines } from './commit-rerating';
import { rerateCdrs } from './rerate-cdrs';
import {
  insertRerating,
  keepFound,
  moveRerating,
  readRerating,
  type Rerating,
  type RerateWish,
} from './reratings-store';

/** The longest time whose calls are priced anew at once. */
const LONGEST_MS = 400 * 86_400_000;
const LONGEST_REASON = 255;

/**
 * Prices stored calls anew in two steps: a look that changes nothing and gives a delta report, and a commit that posts the differences. Both go on
 * when the asker has been answered.
 */
export class Reratings {
  readonly #parts: { readonly database: Database; readonly clock: Clock; readonly log: Log };
  readonly #running = new Set<Promise<void>>();

  constructor(parts: { readonly database: Database; readonly clock: Clock; readonly log: Log }) {
    this.#parts = parts;
  }

  /** Begins the look. @throws InvalidInput for a time that ends before it begins or is longer than 400 days, or without a reason; NotFound for a deck */
  async begin(wish: RerateWish, reason: string): Promise<Rerating> {
    const { database, clock } = this.#parts;
    if (wish.untilMs <= wish.fromMs || wish.untilMs - wish.fromMs > LONGEST_MS)
      throw new InvalidInput('until', 'does not fit from', 'name a time of at most 400 days');
    if (wish.prefix !== null && !/^[1-9]\d{0,13}$/.test(wish.prefix))
      throw new InvalidInput(
        'prefix',
        `"${wish.prefix.slice(0, 20)}" is none`,
        'write digits without a plus',
      );
    if (reason.trim() === '' || reason.length > LONGEST_REASON)
      throw new InvalidInput(
        'reason',
        'does not fit',
        'say in 1 to 255 characters why calls are priced anew, for the auditor',
      );
    for (const deckId of [wish.deckId, wish.byDeckId])
      if (deckId !== null) await readDeck(database.read, deckId);
    const nowMs = clock.nowMs();
    const id = newId(nowMs);
    await database.write((sql) => insertRerating(sql, { id, wish, reason: reason.trim(), nowMs }));
    this.#start(id, () => this.#look(id, wish));
    return readRerating(database.read, id, nowMs);
  }

  /** Begins to post what the look found, or goes on where it was broken off. @throws NotFound, Conflict while the look goes on, after it failed, or when all is posted */
  async commit(id: string): Promise<Rerating> {
    const { database, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const before = await readRerating(database.read, id, nowMs);
    const wasBrokenOff = before.state === 'failed' && before.settled < before.changed;
    const moved =
      (before.state === 'checked' || wasBrokenOff) &&
      (await database.write((sql) =>
        moveRerating(sql, id, { from: ['checked', 'committing'], state: 'committing', nowMs }),
      ));
    if (!moved)
      throw new Conflict(`the re-rating is ${before.state} and cannot be committed`, {
        id,
        state: before.state,
      });
    this.#start(id, () => this.#post(id));
    return readRerating(database.read, id, nowMs);
  }

  /** Resolves when nothing of this process goes on. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #start(id: string, work: () => Promise<void>): void {
    const { database, clock, log } = this.#parts;
    const running = work()
      .catch(async (error: unknown) => {
        const problem =
          error instanceof AppError ? error.message : 'a fault of the service; its log says more';
        log.error('a re-rating failed', { reratingId: id, error });
        // A commit that failed stays in its state, and can be begun again once it has been silent.
        await database.write((sql) =>
          moveRerating(sql, id, { from: ['checking'], state: 'failed', problem, nowMs: clock.nowMs() }),
        );
      })
      .catch((error: unknown) => log.error('the end of a re-rating was not kept', { reratingId: id, error }))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #look(id: string, wish: RerateWish): Promise<void> {
    const { database, clock } = this.#parts;
    const sum = { lookedAt: 0, changed: 0, withoutPrice: 0 };
    let writing: Promise<void> = Promise.resolve();
    for await (const found of rerateCdrs(database, wish)) {
      const lines = found.changes.map((change, n) => ({ ...change, place: sum.changed + n }));
      sum.lookedAt += found.lookedAt;
      sum.changed += lines.length;
      sum.withoutPrice += found.withoutPrice;
      const part = { lines, ...sum, nowMs: clock.nowMs() };
      // The next step is worked out while this one is written, and never more than that one.
      await writing;
      writing = database.write((sql) => keepFound(sql, id, part));
      writing.catch(() => undefined);
    }
    await writing;
    await database.write((sql) =>
      moveRerating(sql, id, { from: ['checking'], state: 'checked', nowMs: clock.nowMs() }),
    );
  }

  async #post(id: string): Promise<void> {
    const { database, clock } = this.#parts;
    await commitLines(database, { reratingId: id, nowMs: clock.nowMs() }, async (count) => {
      await database.write((sql) =>
        sql.run('UPDATE reratings SET settled = settled + ?, changed_at_ms = ? WHERE id = ?', [
          count,
          clock.nowMs(),
          id,
        ]),
      );
    });
    await database.write((sql) =>
      moveRerating(sql, id, { from: ['committing'], state: 'committed', nowMs: clock.nowMs() }),
    );
  }
}
