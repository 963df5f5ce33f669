/** Wrong keys one address may show in a minute; after that it waits, with a right key too. */
const MAX_WRONG = 30;
const WINDOW_MS = 60_000;
/** Addresses remembered; when there are more, all are forgotten: better than remembering without bound. */
const MAX_ADDRESSES = 100_000;

/** Counts wrong keys by address, so that keys cannot be guessed at speed. Requests with right keys count nothing. */
export class WrongKeys {
  readonly #byAddress = new Map<string, { count: number; untilMs: number }>();

  /** Milliseconds that this address has to wait; 0 when it may ask. */
  waitMs(address: string, nowMs: number): number {
    const found = this.#byAddress.get(address);
    return found && found.untilMs > nowMs && found.count >= MAX_WRONG ? found.untilMs - nowMs : 0;
  }

  /** Notes a wrong key. */
  add(address: string, nowMs: number): void {
    if (this.#byAddress.size >= MAX_ADDRESSES) this.#byAddress.clear();
    const found = this.#byAddress.get(address);
    if (found && found.untilMs > nowMs) found.count++;
    else this.#byAddress.set(address, { count: 1, untilMs: nowMs + WINDOW_MS });
  }
}
