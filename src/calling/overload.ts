import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { mayBeEmergency } from '../numbers/understand-dialled';

/** How often the load is looked at. */
export const LOOK_MS = 100;
/** How far behind the process is when it is too busy, and when it has caught up. Looks in a row make it so: one long pause is no overload. */
const LATE_MS = 200;
const ON_TIME_MS = 50;
const LATE_LOOKS = 3;
/** How long our own part of a call's beginning takes when we are too busy, and when we are no longer. */
const SLOW_MS = 500;
const QUICK_MS = 250;
/** So few calls may be slow for reasons of their own, a media server that does not answer one of them or a machine that is busy with something else: to
 * refuse them would help nobody. */
const FEW_CALLS = 10;
/** Calls whose beginning is in our hands at most, however quick we are. */
export const MOST_IN_HAND = 500;
/** Refused calls are told of in the log this often at most. */
const TELL_MS = 1_000;
/** A beginning is given up by everything that it waits for before this; it is counted no longer, so that none can be counted for ever. */
const FORGOTTEN_MS = 120_000;

/** What is seen of the load at one look. */
export type Load = {
  /** How much later than it should have been this look came. */
  readonly lagMs: number;
  /** Calls whose beginning is in our hands: not those that ring at somebody's. */
  readonly inHand: number;
  /** How long the oldest of them has been; 0 without any. */
  readonly oldestMs: number;
};

export type LoadState = { readonly overloaded: boolean; readonly lateLooks: number };

export const AT_EASE: LoadState = { overloaded: false, lateLooks: 0 };

/**
 * Whether new calls are refused from this look on. Between the marks for too busy and for no longer it stays as it was, so that a load
 * that sits at a mark does not turn us to and fro. Pure.
 */
export function judgeLoad(state: LoadState, { lagMs, inHand, oldestMs }: Load): LoadState {
  const lateLooks = lagMs >= LATE_MS ? state.lateLooks + 1 : 0;
  const isSlow = inHand >= FEW_CALLS && oldestMs >= SLOW_MS;
  const isLate = inHand >= FEW_CALLS && lateLooks >= LATE_LOOKS;
  if (isLate || isSlow) return { overloaded: true, lateLooks };
  const isQuick = inHand < FEW_CALLS || oldestMs < QUICK_MS;
  return { overloaded: state.overloaded && !(isQuick && lagMs < ON_TIME_MS), lateLooks };
}

/** What the overload guard sees, for metrics. */
export type OverloadFigures = {
  readonly inHand: number;
  readonly overloaded: boolean;
};

/**
 * Keeps a node that is offered more calls than it can begin from beginning all of them too late: what is too much is refused before anything is
 * looked up or noted for it. A call that may be one for help is always taken.
 */
export class Overload {
  /** Calls whose beginning is in our hands, the oldest first: id → when it came (monotonic). */
  readonly #inHand = new Map<string, number>();
  #state = AT_EASE;
  #lookedAtMs: number;
  #lagMs = 0;
  #untold = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #looking: Timer | null = null;
  #onRefused: () => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly log: Log,
  ) {
    this.#lookedAtMs = clock.monotonicMs();
  }

  start(): void {
    this.#lookedAtMs = this.clock.monotonicMs();
    this.#looking = this.clock.every(LOOK_MS, () => this.#look());
  }

  stop(): void {
    this.#looking?.cancel();
  }

  /** Tells of each call that is refused. A second call replaces the handler, which must not throw. */
  onRefused(handler: () => void): void {
    this.#onRefused = handler;
  }

  /** Whether a call to this dialled string is taken; one that is not is to be refused as `overloaded`. */
  admits(dialled: string): boolean {
    if (!this.#state.overloaded && this.#inHand.size < MOST_IN_HAND) return true;
    if (mayBeEmergency(dialled)) return true;
    this.#onRefused();
    this.#untold += 1;
    return false;
  }

  /** A call was taken: its beginning is in our hands. */
  begun(callId: string): void {
    this.#inHand.set(callId, this.clock.monotonicMs());
  }

  /** It is answered, refused, over, or rings at somebody's: what it waits for now is not us. Calls that are not in hand do nothing. */
  handedOn(callId: string): void {
    this.#inHand.delete(callId);
  }

  get figures(): OverloadFigures {
    return { inHand: this.#inHand.size, overloaded: this.#state.overloaded };
  }

  #look(): void {
    const nowMs = this.clock.monotonicMs();
    this.#lagMs = Math.max(0, nowMs - this.#lookedAtMs - LOOK_MS);
    this.#lookedAtMs = nowMs;
    const before = this.#state;
    this.#state = judgeLoad(before, {
      lagMs: this.#lagMs,
      inHand: this.#inHand.size,
      oldestMs: this.#oldestMs(nowMs),
    });
    this.#tell(nowMs);
  }

  #oldestMs(nowMs: number): number {
    for (const [callId, sinceMs] of this.#inHand) {
      if (nowMs - sinceMs < FORGOTTEN_MS) return nowMs - sinceMs;
      this.#inHand.delete(callId);
    }
    return 0;
  }

  #tell(nowMs: number): void {
    if (this.#untold === 0 || nowMs - this.#toldAtMs < TELL_MS) return;
    this.log.warn('calls are refused: more come than can be begun in time', {
      refused: this.#untold,
      inHand: this.#inHand.size,
      lagMs: Math.round(this.#lagMs),
    });
    this.#untold = 0;
    this.#toldAtMs = nowMs;
  }
}
