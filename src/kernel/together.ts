/** Pieces of work that one round takes. */
const MAX_TOGETHER = 100;
/** Pieces that may wait; a node that is so far behind refuses rather than let calls ring for minutes. */
const MAX_WAITING = 5_000;

type Waiting<Wish, Result> = {
  readonly wish: Wish;
  readonly done: (result: Result) => void;
  readonly failed: (error: unknown) => void;
};

/**
 * Does what is asked for while it is busy together in the next round: under load a round has many pieces and each costs a fraction, without
 * load a piece never waits. When a round of several fails, each piece is done alone.
 */
export class Together<Wish, Result> {
  #waiting: Waiting<Wish, Result>[] = [];
  #isBusy = false;

  constructor(
    private readonly work: (wishes: readonly Wish[]) => Promise<readonly Result[]>,
    /** Whether a wish may share a round with those before it. */
    private readonly fits: (wish: Wish, before: readonly Wish[]) => boolean,
  ) {}

  /** @throws Error when too many wait; whatever the work throws */
  ask(wish: Wish): Promise<Result> {
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(new Error(`${MAX_WAITING} wait already`));
    return new Promise((done, failed) => {
      this.#waiting.push({ wish, done, failed });
      if (!this.#isBusy) void this.#workUntilNothingWaits();
    });
  }

  async #workUntilNothingWaits(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) await this.#round(this.#next());
    this.#isBusy = false;
  }

  #next(): readonly Waiting<Wish, Result>[] {
    const round: Waiting<Wish, Result>[] = [];
    const wishes: Wish[] = [];
    while (round.length < MAX_TOGETHER) {
      const first = this.#waiting[0];
      if (!first || (wishes.length > 0 && !this.fits(first.wish, wishes))) break;
      this.#waiting.shift();
      round.push(first);
      wishes.push(first.wish);
    }
    return round;
  }

  async #round(round: readonly Waiting<Wish, Result>[]): Promise<void> {
    try {
      const results = await this.work(round.map(({ wish }) => wish));
      for (const [n, { done }] of round.entries()) done(results[n] as Result);
    } catch (error) {
      if (round.length === 1) round[0]?.failed(error);
      else for (const one of round) await this.#round([one]);
    }
  }
}
