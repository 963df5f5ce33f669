import type { Clock, Timer } from '../../kernel/clock';

/** Calls with a tick when a machine wants one; one moment at a time. */
export class MachineTimer {
  #timer: Timer | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly tick: () => void,
  ) {}

  /** From now on this is the moment; null: none. */
  set(dueAtMs: number | null): void {
    this.#timer?.cancel();
    this.#timer =
      dueAtMs === null
        ? null
        : this.clock.after(Math.max(0, dueAtMs - this.clock.nowMs()), () => this.tick());
  }
}
