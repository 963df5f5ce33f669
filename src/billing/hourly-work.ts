import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';

const HOUR_MS = 60 * 60_000;

/** Work that is looked for every hour and changes nothing when there is none: every node may do it. */
export type HourlyTask = { readonly name: string; readonly run: (nowMs: number) => Promise<unknown> };

/** Runs its tasks at the start and every hour, one after the other; one that fails is told in the log and keeps no other from running. */
export class HourlyWork {
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;

  constructor(
    private readonly options: {
      readonly tasks: readonly HourlyTask[];
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  start(): void {
    this.#begin();
    this.#timer = this.options.clock.every(HOUR_MS, () => this.#begin());
  }

  /** Resolves when nothing is being done. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.idle();
  }

  #begin(): void {
    this.#running ??= this.#runAll().finally(() => {
      this.#running = null;
    });
  }

  async #runAll(): Promise<void> {
    const { tasks, clock, log } = this.options;
    for (const { name, run } of tasks)
      try {
        log.info('hourly work', { task: name, done: await run(clock.nowMs()) });
      } catch (error) {
        log.error('hourly work failed', { task: name, error });
      }
  }
}
