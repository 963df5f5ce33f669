import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import type { HungUpLeg } from '../kernel/hung-up-leg';
import { legOfCall, type SwitchLeg } from './switch-leg';
import { storeListening, storeSwitchLeg } from './switch-legs-store';

/** How often the connection to the media server is looked at: less than it takes to lose and find it again. */
const LOOK_EVERY_MS = 500;
/** How often what was told is stored, and the window of listening is moved on. */
const STORE_EVERY_MS = 5_000;
/** Legs that may wait for the database; beyond it they are dropped, and the window of listening ends. */
const MAX_WAITING_LEGS = 50_000;

/**
 * Keeps what the media server tells of ended legs, and since when nothing it told was missed. A leg that ended while we did not listen
 * (service down, connection lost, database away too long) is then known not to be missing for a reason of its own.
 */
export class SwitchListener {
  #waiting: SwitchLeg[] = [];
  #fromMs: number | null = null;
  #storing: Promise<void> | null = null;
  #timers: Timer[] = [];

  constructor(
    private readonly options: {
      readonly database: Database;
      readonly nodeId: string;
      /** Whether the media server's events reach us now. */
      readonly isConnected: () => boolean;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  start(): void {
    const { clock } = this.options;
    this.#timers.push(clock.every(LOOK_EVERY_MS, () => this.#look()));
    this.#timers.push(clock.every(STORE_EVERY_MS, () => void this.store()));
  }

  /** Takes what the media server told; it is stored soon. */
  told(facts: HungUpLeg): void {
    const leg = legOfCall(facts);
    if (!leg) return;
    if (this.#waiting.length >= MAX_WAITING_LEGS) {
      if (this.#fromMs !== null)
        this.options.log.error('the database is away too long: ends told by the media server are dropped');
      this.#fromMs = null;
      return;
    }
    this.#waiting.push(leg);
  }

  /** Stores all that was told, then says up to when nothing was missed. Never throws; what the database refuses waits. */
  store(): Promise<void> {
    this.#storing ??= this.#storeAll()
      .catch((error: unknown) =>
        this.options.log.warn('what the media server told is not stored yet', { error }),
      )
      .finally(() => {
        this.#storing = null;
      });
    return this.#storing;
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    await this.#storing;
    await this.store();
  }

  #look(): void {
    if (!this.options.isConnected()) this.#fromMs = null;
    else if (this.#waiting.length < MAX_WAITING_LEGS) this.#fromMs ??= this.options.clock.nowMs();
  }

  async #storeAll(): Promise<void> {
    const { database, nodeId, clock } = this.options;
    const untilMs = clock.nowMs();
    for (let leg = this.#waiting[0]; leg; leg = this.#waiting[0]) {
      await storeSwitchLeg(database, nodeId, leg);
      this.#waiting.shift();
    }
    const fromMs = this.#fromMs;
    if (fromMs !== null && this.options.isConnected())
      await storeListening(database, nodeId, { fromMs, untilMs });
  }
}
