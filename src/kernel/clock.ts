/** A running timer; `cancel` after it fired does nothing. */
export type Timer = { cancel(): void };

/** Where time comes from. Rules take a time as argument; runners take a Clock; only this file asks the machine. */
export interface Clock {
  /** Milliseconds since 1970 UTC: for records. May step when the machine's clock is set. */
  nowMs(): number;
  /** Milliseconds that never step back: for durations. */
  monotonicMs(): number;
  /** Calls `fire` once, `delayMs` from now. */
  after(delayMs: number, fire: () => void): Timer;
  /** Calls `fire` every `periodMs` until cancelled. A timer does not keep the process alive. */
  every(periodMs: number, fire: () => void): Timer;
}

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const handle = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, fire) {
    const handle = setInterval(fire, periodMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};

/** Resolves `delayMs` later by the given clock. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/** A step took longer than it may. */
export class TimedOut extends Error {
  constructor(
    readonly step: string,
    readonly limitMs: number,
  ) {
    super(`${step} took longer than ${limitMs} ms`);
    this.name = 'TimedOut';
  }
}

/** Gives the promise's result, or rejects with TimedOut after `limitMs`: libraries whose promises may never settle are wrapped in this. */
export async function within<T>(clock: Clock, limitMs: number, step: string, work: Promise<T>): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = clock.after(limitMs, () => reject(new TimedOut(step, limitMs)));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    timer?.cancel();
  }
}
