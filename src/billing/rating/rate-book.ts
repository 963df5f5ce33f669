import type { Database } from '../../kernel/unit-of-work';
import { type CompiledDeck, DeckCompiler } from './compiled-deck';
import type { Rate, StoredRate } from './rate';
import {
  type DeckHead,
  countRates,
  findBandClock,
  findStoredRate,
  type RatePosition,
  readRates,
} from './rates-store';

/** Rates read and compiled at a time: what a call may have to wait for. */
const RATES_PER_PART = 100;

/** Decks kept compiled in one process, some 20 MB each at 200,000 rates; the one unused longest makes room. */
const MAX_COMPILED_DECKS = 16;

/** A version asked for this often is compiled; a program that asks for one price and ends is not made to read the whole deck. */
const COMPILED_AFTER_QUESTIONS = 50;

/**
 * The compiled decks of one database. While a deck's newest version is not compiled yet, its prices are asked of the database, so
 * an import never makes a call wait and never prices one by the old version.
 */
export class RateBook {
  readonly #database: Database;
  readonly #compiled = new Map<string, CompiledDeck>();
  readonly #loading = new Map<string, Promise<CompiledDeck>>();

  /** How often the database had to answer, by deck. */
  readonly #questions = new Map<string, { readonly version: number; readonly count: number }>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The rate of the longest prefix of `digits` valid at `atMs` in this version of the deck, or null. */
  async find(head: DeckHead, digits: string, atMs: number): Promise<Rate | null> {
    const compiled = this.#compiled.get(head.deckId);
    if (compiled?.version === head.version) {
      this.#keep(compiled);
      return compiled.find(digits, atMs);
    }
    this.#countQuestion(head);
    return findStoredRate(this.#database.read, head, { digits, atMs });
  }

  /** Compiles this version of the deck, for many ratings in a row; once when asked for by many at the same time. */
  load(head: DeckHead): Promise<CompiledDeck> {
    const compiled = this.#compiled.get(head.deckId);
    if (compiled?.version === head.version) return Promise.resolve(compiled);
    const key = `${head.deckId} ${head.version}`;
    const running = this.#loading.get(key);
    if (running) return running;
    const loading = compile(this.#database, head)
      .then((deck) => {
        this.#keep(deck);
        return deck;
      })
      .finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  /** Begins to compile a version that is asked for again and again. A load that fails leaves the database to answer, and to begin another. */
  #countQuestion(head: DeckHead): void {
    const before = this.#questions.get(head.deckId);
    const count = before?.version === head.version ? before.count + 1 : 1;
    if (count < COMPILED_AFTER_QUESTIONS) {
      this.#questions.set(head.deckId, { version: head.version, count });
      return;
    }
    this.#questions.delete(head.deckId);
    this.load(head).catch(() => undefined);
  }

  #keep(deck: CompiledDeck): void {
    // A load that was overtaken by the next import may end after it.
    if ((this.#compiled.get(deck.deckId)?.version ?? 0) > deck.version) return;
    this.#compiled.delete(deck.deckId);
    this.#compiled.set(deck.deckId, deck);
    if (this.#compiled.size <= MAX_COMPILED_DECKS) return;
    const [unusedLongest] = this.#compiled.keys();
    if (unusedLongest !== undefined) this.#compiled.delete(unusedLongest);
  }
}

/** One book for each database that is open. */
const books = new WeakMap<Database, RateBook>();

export function rateBookOf(database: Database): RateBook {
  const known = books.get(database);
  if (known) return known;
  const book = new RateBook(database);
  books.set(database, book);
  return book;
}

async function compile(database: Database, head: DeckHead): Promise<CompiledDeck> {
  const compiler = new DeckCompiler(
    await countRates(database.report, head),
    await findBandClock(database.report, head),
  );
  let after: RatePosition | null = null;
  for (;;) {
    const part: readonly StoredRate[] = await readRates(database.report, head, {
      after,
      limit: RATES_PER_PART,
    });
    for (const rate of part) compiler.add(rate);
    if (part.length < RATES_PER_PART) return compiler.finish(head.deckId, head.version);
    after = part.at(-1) ?? null;
  }
}
