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
  #known = '';

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
      this.#known = known;
      this.#lookedAtMs = nowMs;
      await this.#book.refresh(trunks, this.clock.nowMs());
    }
    return this.#book.priced(digits, trunks, randomShare());
  }
}
