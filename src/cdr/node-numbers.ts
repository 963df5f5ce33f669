/** Numbers of one node: all up to `upTo` were given out; those in `inUse` belong to legs that need not be in the database yet. */
export type NumbersInUse = { readonly upTo: number; readonly inUse: ReadonlySet<number> };

/**
 * Gives each leg of a node its place in an unbroken sequence. A number whose leg never began goes to the next leg, so that a number
 * without a CDR always means a CDR that was lost.
 */
export class NodeNumbers {
  #next: number;
  readonly #returned: number[] = [];
  readonly #inUse: Set<number>;

  constructor(next: number, legs: readonly { readonly nodeSequence: number }[]) {
    this.#next = next;
    this.#inUse = new Set(legs.map(({ nodeSequence }) => nodeSequence));
  }

  /** The lowest number that no leg has. */
  take(): number {
    const number = this.#returned.shift() ?? this.#next++;
    this.#inUse.add(number);
    return number;
  }

  /** The leg never began: the number waits, still in use, for the next one. */
  giveBack(number: number): void {
    this.#returned.push(number);
    this.#returned.sort((a, b) => a - b);
  }

  /** The leg of this number is in the database. */
  settle(number: number): void {
    this.#inUse.delete(number);
  }

  get inUse(): NumbersInUse {
    return { upTo: this.#next - 1, inUse: new Set(this.#inUse) };
  }
}
