import type { Clock, Timer } from '../../kernel/clock';
import { type FrameSource, samplesPerFrame } from '../media/audio-frame';
import { encodeG711 } from '../media/g711';

/** For slots on their way to being encoded; nobody keeps it. */
const scratchFrame = new Int16Array(samplesPerFrame);

/** How one step of an application came to its end. */
export type StepEnd = 'done' | 'break' | 'break-all' | 'digit' | 'timeout' | 'hangup' | 'transfer';

/**
 * One application running on a channel. Applications nest: the newest has the audio and the digits, the one below waits and goes
 * on after it. Each step an application waits for ends through here, so hanging up or breaking reaches all of them.
 */
export class Execution implements FrameSource {
  private source: FrameSource | undefined;
  private settle: ((end: StepEnd) => void) | undefined;
  private timer: Timer | undefined;
  private stopped = false;
  private onTop: (() => void) | undefined;
  /** What the application does with a key; true when it took it. */
  onDigit: ((key: string) => boolean) | undefined;

  constructor(
    private readonly clock: Clock,
    readonly application: string,
    readonly data: string,
    readonly uuid: string,
  ) {}

  /** False after the channel was hung up or moved on to something else: every further step ends at once. */
  get alive(): boolean {
    return !this.stopped;
  }

  /** Plays to the end of `source`, at most `limitMs`. */
  play(source: FrameSource, limitMs?: number): Promise<StepEnd> {
    return this.step(limitMs, source);
  }

  /** Waits `ms` in silence; undefined waits until something ends it. */
  wait(ms?: number): Promise<StepEnd> {
    return this.step(ms, undefined);
  }

  /** Ends the step the application waits for now. */
  end(reason: StepEnd): void {
    if (reason === 'hangup' || reason === 'transfer') this.stopped = true;
    this.source = undefined;
    this.timer?.cancel();
    const { settle } = this;
    this.settle = undefined;
    settle?.(reason);
  }

  /** Called by the channel when everything above has ended. */
  becomeTop(): void {
    this.onTop?.();
    this.onTop = undefined;
  }

  /** Resolves when this execution is the newest again. */
  waitForTop(): Promise<void> {
    return new Promise((resolve) => {
      this.onTop = resolve;
    });
  }

  read(into: Int16Array): boolean {
    if (this.source === undefined) return false;
    if (this.source.read(into)) return true;
    this.end('done');
    return false;
  }

  readEncoded(table: Uint8Array, into: Uint8Array, offset: number): boolean {
    const { source } = this;
    if (source?.readEncoded === undefined) {
      if (!this.read(scratchFrame)) return false;
      encodeG711(table, scratchFrame, into, offset);
      return true;
    }
    if (source.readEncoded(table, into, offset)) return true;
    this.end('done');
    return false;
  }

  private step(limitMs: number | undefined, source: FrameSource | undefined): Promise<StepEnd> {
    if (this.stopped) return Promise.resolve('hangup');
    return new Promise((resolve) => {
      this.settle = resolve;
      this.source = source;
      if (limitMs !== undefined) this.timer = this.clock.after(limitMs, () => this.end('timeout'));
    });
  }
}
