import type { Currency } from '../kernel/money';
import type { DeckPrice } from './choose-trunks';
import { buildRouteTable, type RoutePages, ROUTES_KEPT, type RouteTable } from './route-table';
import type { OutwardTrunk } from './trunk';

/** A version of a cost deck as it counts at a moment. */
export type CostDeck = {
  readonly version: number;
  readonly currency: Currency;
  /** The rates that are valid at that moment, in the order of their prefixes. Read once. */
  readonly pages: RoutePages;
  /** When the next of its rates begins, known after the pages were read; null: none waits. */
  readonly nextChangeAtMs: () => number | null;
};

/** Where cost decks come from: null for a deck that is not there. */
export type CostDecks = {
  version(deckId: string): Promise<number | null>;
  open(deckId: string, atMs: number): Promise<CostDeck | null>;
};

/** A trunk for a call, and what its deck says of the number; null: nothing, or it has no deck. */
export type PricedTrunk = { readonly trunk: OutwardTrunk; readonly cost: DeckPrice | null };

type Built = {
  /** Trunks, decks and versions that the table was made of. */
  readonly key: string;
  readonly table: RouteTable;
  /** By their number in the table. */
  readonly trunkIds: readonly string[];
  readonly currencies: readonly Currency[];
  readonly validUntilMs: number;
};

/**
 * The routes of all trunks, compiled, and kept up to date by `refresh`. While a new table is built the old one answers, so an import makes no
 * call wait.
 */
export class RouteBook {
  readonly #decks: CostDecks;
  #built: Built | null = null;
  #building: Promise<void> | null = null;
  readonly #usable = new Uint8Array(256);
  readonly #weights = new Uint8Array(256);
  readonly #picked = new Uint32Array(ROUTES_KEPT);

  constructor(decks: CostDecks) {
    this.#decks = decks;
  }

  /** Builds the table anew when a trunk, a deck's version or a valid rate has changed; many who ask at once wait for one build. */
  refresh(trunks: readonly OutwardTrunk[], nowMs: number): Promise<void> {
    this.#building ??= this.#refresh(trunks, nowMs).finally(() => {
      this.#building = null;
    });
    return this.#building;
  }

  /**
   * The trunks for a number (digits without a plus) among `trunks`, with their prices: the six cheapest of those with a rate, and all without
   * a deck. When no more than six have a deck, all of them, so that each that is left out has a reason. Before the first refresh nobody has
   * a price.
   */
  priced(digits: string, trunks: readonly OutwardTrunk[], lot: number): readonly PricedTrunk[] {
    const built = this.#built;
    const prices = built ? this.#prices(built, digits, trunks, lot) : new Map<string, DeckPrice>();
    const namesAll = (built?.trunkIds.length ?? 0) <= ROUTES_KEPT;
    return trunks
      .map((trunk) => ({ trunk, cost: prices.get(trunk.id) ?? null }))
      .filter(({ trunk, cost }) => namesAll || cost !== null || trunk.outward.costDeckId === null);
  }

  #prices(
    built: Built,
    digits: string,
    trunks: readonly OutwardTrunk[],
    lot: number,
  ): ReadonlyMap<string, DeckPrice> {
    this.#usable.fill(0);
    for (const { id, outward } of trunks) {
      const number = built.trunkIds.indexOf(id);
      if (number < 0) continue;
      this.#usable[number] = 1;
      this.#weights[number] = outward.weight;
    }
    const by = { usable: this.#usable, weights: this.#weights, lot };
    const count = built.table.pick(digits, by, this.#picked);
    const prices = new Map<string, DeckPrice>();
    for (let place = 0; place < count; place++) {
      const { trunk, cost } = built.table.route(this.#picked[place] as number);
      prices.set(built.trunkIds[trunk] as string, { ...cost, currency: built.currencies[trunk] as Currency });
    }
    return prices;
  }

  async #refresh(trunks: readonly OutwardTrunk[], nowMs: number): Promise<void> {
    const wanted: { trunkId: string; deckId: string; version: number }[] = [];
    for (const { id, outward } of trunks) {
      if (outward.costDeckId === null) continue;
      const version = await this.#decks.version(outward.costDeckId);
      if (version !== null) wanted.push({ trunkId: id, deckId: outward.costDeckId, version });
    }
    const key = wanted.map(({ trunkId, deckId, version }) => `${trunkId} ${deckId} ${version}`).join('\n');
    if (this.#built?.key === key && nowMs < this.#built.validUntilMs) return;
    const opened: { trunkId: string; deck: CostDeck }[] = [];
    for (const { trunkId, deckId } of wanted) {
      const deck = await this.#decks.open(deckId, nowMs);
      if (deck) opened.push({ trunkId, deck });
    }
    const table = await buildRouteTable(opened.map(({ deck }) => deck.pages));
    this.#built = {
      key,
      table,
      trunkIds: opened.map(({ trunkId }) => trunkId),
      currencies: opened.map(({ deck }) => deck.currency),
      validUntilMs: Math.min(...opened.map(({ deck }) => deck.nextChangeAtMs() ?? Number.POSITIVE_INFINITY)),
    };
  }
}
