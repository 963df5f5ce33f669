import type { Clock } from '../../kernel/clock';
import { randomShare } from '../../kernel/ids';
import { type CostDecks, type PricedTrunk, RouteBook } from '../../trunks/route-book';
import type { OutwardTrunk } from '../../trunks/trunk';

/** How old the table may be before it is looked whether a deck has changed. */
const LOOK_AGAIN_MS = 1_000;

/** What trunks cost for a number, from a table of all their decks that is built anew when one of them changes. */
export class TrunkPrices {
  readonly #book: RouteBook;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** The trunks that are in the table, with their decks. */
  #known = '';
  #refreshing: Promise<void> | null = null;

  constructor(
    decks: CostDecks,
    private readonly clock: Clock,
  ) {
    this.#book = new RouteBook(decks);
  }

  /** The trunks that come into question for a number (its digits), with what they cost. The table is at most a second old. */
  async priced(digits: string, trunks: readonly OutwardTrunk[]): Promise<readonly PricedTrunk[]> {
    const nowMs = this.clock.monotonicMs();
    const known = trunks.map(({ id, outward }) => `${id} ${outward.costDeckId}`).join();
    if (known !== this.#known || nowMs - this.#lookedAtMs > LOOK_AGAIN_MS) {
      this.#lookedAtMs = nowMs;
      await this.#refresh(known, trunks);
    }
    return this.#book.priced(digits, trunks, randomShare());
  }

  /** Whoever comes with trunks that are not in the table yet waits for one that has them; a table in the making may be of those before. */
  async #refresh(known: string, trunks: readonly OutwardTrunk[]): Promise<void> {
    while (this.#refreshing) {
      await this.#refreshing;
      if (this.#known === known) return;
    }
    this.#refreshing = this.#book
      .refresh(trunks, this.clock.nowMs())
      .then(() => {
        this.#known = known;
      })
      .finally(() => {
        this.#refreshing = null;
      });
    await this.#refreshing;
  }
}
