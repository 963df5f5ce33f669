import type { Clock, Timer } from '../../kernel/clock';

/** Slots times tick is the longest wait served in one turn; longer ones go round again. */
const slotCount = 1_024;
const tickMs = 20;

/** A timer on the wheel; cancelling it is two pointer moves, however many there are. */
export interface WheelTimer extends Timer {
  /** Frees the timer; after it fired or was cancelled this does nothing. */
  cancel(): void;
}

class Entry implements WheelTimer {
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;
  turns = 0;
  slot = -1;
  constructor(
    private readonly wheel: TimerWheel,
    readonly fire: () => void,
  ) {}
  cancel(): void {
    if (this.slot !== -1) this.wheel.remove(this);
  }
}

/**
 * Many short timers on one clock timer: a SIP server holds three or more per transaction, nearly all of which are cancelled.
 * A timer fires up to one tick late, never early. The clock is asked for nothing while the wheel is empty.
 */
export class TimerWheel {
  private readonly slots = Array.from<Entry | undefined>({ length: slotCount });
  private count = 0;
  private position = 0;
  private positionAtMs: number;
  private running: Timer | undefined = undefined;

  constructor(
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {
    this.positionAtMs = clock.monotonicMs();
  }

  /** Number of timers that have neither fired nor been cancelled. */
  get size(): number {
    return this.count;
  }

  after(delayMs: number, fire: () => void): WheelTimer {
    const nowMs = this.clock.monotonicMs();
    if (this.count === 0) this.positionAtMs = nowMs;
    const ticks = Math.max(1, Math.ceil((nowMs - this.positionAtMs + delayMs) / tickMs));
    const entry = new Entry(this, fire);
    entry.turns = Math.floor((ticks - 1) / slotCount);
    this.insert(entry, (this.position + ticks) % slotCount);
    this.running ??= this.clock.after(tickMs, () => this.advance());
    return entry;
  }

  /** Drops all timers. */
  close(): void {
    this.running?.cancel();
    this.running = undefined;
    this.slots.fill(undefined);
    this.count = 0;
  }

  remove(entry: Entry): void {
    if (entry.previous === undefined) this.slots[entry.slot] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
    entry.slot = -1;
    this.count--;
  }

  private insert(entry: Entry, slot: number): void {
    const head = this.slots[slot];
    entry.slot = slot;
    entry.next = head;
    if (head !== undefined) head.previous = entry;
    this.slots[slot] = entry;
    this.count++;
  }

  private advance(): void {
    this.running = undefined;
    const nowMs = this.clock.monotonicMs();
    while (this.positionAtMs + tickMs <= nowMs && this.count > 0) {
      this.positionAtMs += tickMs;
      this.position = (this.position + 1) % slotCount;
      this.fireSlot(this.position);
    }
    if (this.count > 0)
      this.running ??= this.clock.after(Math.max(1, this.positionAtMs + tickMs - nowMs), () =>
        this.advance(),
      );
  }

  private fireSlot(slot: number): void {
    const due: Entry[] = [];
    for (let entry = this.slots[slot]; entry !== undefined; entry = entry.next) {
      if (entry.turns > 0) entry.turns--;
      else due.push(entry);
    }
    for (const entry of due) {
      // An earlier one of this slot may have cancelled it.
      if (entry.slot === -1) continue;
      this.remove(entry);
      try {
        entry.fire();
      } catch (error) {
        this.onError(error);
      }
    }
  }
}
