import type { EventHeader } from './switch-events';

/** What a leg has come to: it hears another leg, or nobody and waits for commands. */
export type Settled = 'joined' | 'parked';

/**
 * Tells when the media server has joined legs or set them apart. Its replies come before that, and a command that meets a leg in between
 * can end it.
 */
export class BridgeWatch {
  readonly #waiting = new Set<{ legId: string; state: Settled; tell: () => void }>();

  /** Takes CHANNEL_BRIDGE and CHANNEL_PARK events; others do nothing. */
  take(header: EventHeader): void {
    const bridged = header('Event-Name') === 'CHANNEL_BRIDGE';
    if (!bridged && header('Event-Name') !== 'CHANNEL_PARK') return;
    const ids = bridged
      ? [header('Bridge-A-Unique-ID'), header('Bridge-B-Unique-ID')]
      : [header('Unique-ID')];
    const state: Settled = bridged ? 'joined' : 'parked';
    for (const waiting of this.#waiting) {
      if (waiting.state !== state || !ids.includes(waiting.legId)) continue;
      this.#waiting.delete(waiting);
      waiting.tell();
    }
  }

  /**
   * Runs `command` and waits for `legId` to come to `state` after it was begun. Whoever calls limits the time: nothing ends this when the
   * leg never settles.
   */
  async after(legId: string, state: Settled, command: () => Promise<void>): Promise<void> {
    const waiting = { legId, state, tell: (): void => undefined };
    const settled = new Promise<void>((resolve) => {
      waiting.tell = resolve;
    });
    this.#waiting.add(waiting);
    try {
      await command();
      await settled;
    } finally {
      this.#waiting.delete(waiting);
    }
  }
}
