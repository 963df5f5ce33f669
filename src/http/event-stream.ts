import type { Response } from 'express';
import type { Clock } from '../kernel/clock';

/** Comment lines keep proxies from closing a quiet stream. */
const KEEP_ALIVE_MS = 15_000;
/** A reader that leaves this much unread is cut off: it can come back and take a new snapshot. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** Server-sent events to a bounded number of readers at once. */
export class EventStreams {
  #open = 0;

  constructor(
    private readonly clock: Clock,
    private readonly most: number,
  ) {}

  /**
   * Begins a stream; `onOpen` sends what there is, watches what changes, and gives how to stop watching. Beyond the most readers the answer
   * is 503 with Retry-After.
   */
  serve(
    { res }: { readonly res: Response },
    onOpen: (send: (event: string, data: unknown) => void) => () => void,
  ): void {
    if (this.#open >= this.most) {
      res.status(503).setHeader('Retry-After', '30');
      res.end();
      return;
    }
    this.#open++;
    res.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      Connection: 'keep-alive',
    });
    const stop = onOpen((event, data) => {
      if (res.writableLength > MAX_UNREAD_BYTES) res.destroy();
      else res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    });
    const beat = this.clock.every(KEEP_ALIVE_MS, () => res.write(': still here\n\n'));
    res.once('close', () => {
      this.#open--;
      stop();
      beat.cancel();
    });
  }
}
