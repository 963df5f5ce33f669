import type { Log } from '../kernel/log';
import { type LegCommands, LegGone } from './leg-commands';

/**
 * Keys pressed on one leg: told, passed on, or kept for the application that asks for them. FreeSWITCH tells and passes on no key while
 * the variable `sensitive_dtmf` is `true`, as it is from the beginning.
 */
export class LegKeys {
  #onDigit: ((digit: string) => void) | null = null;
  #passedOn = false;
  /** Applications under way that take the keys for themselves. */
  #collecting = 0;
  #shown = false;
  #turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly commands: LegCommands,
    private readonly log: Log,
  ) {
    commands.endpoint.on('dtmf', ({ dtmf }: { dtmf?: string }) => {
      if (this.#collecting === 0 && dtmf) this.#onDigit?.(dtmf);
    });
  }

  /** Tells every key from now on that no application takes. A second call replaces the handler. */
  onDigit(handler: (digit: string) => void): void {
    this.#onDigit = handler;
    this.#show().catch((error: unknown) => this.#complain(error));
  }

  /** Whether keys go on to a bridged leg. @throws LegGone */
  passOn(passedOn: boolean): Promise<void> {
    this.#passedOn = passedOn;
    return this.#show();
  }

  /** The leg this one was bridged with has gone. */
  passOnNoLonger(): void {
    this.passOn(false).catch((error: unknown) => this.#complain(error));
  }

  /** Keys are for what `run` does, and shown to nobody else meanwhile. */
  async taking<T>(run: () => Promise<T>): Promise<T> {
    this.#collecting += 1;
    try {
      await this.#show();
      return await run();
    } finally {
      this.#collecting -= 1;
      await this.#show();
    }
  }

  /** Sets the variable when it is not as it should be; one at a time, so that the last wish is what holds. */
  #show(): Promise<void> {
    const turn = this.#turn
      .catch(() => undefined)
      .then(async () => {
        const shown = this.#collecting === 0 && (this.#passedOn || this.#onDigit !== null);
        if (shown === this.#shown) return;
        await this.commands.set('sensitive_dtmf', shown ? 'false' : 'true');
        this.#shown = shown;
      });
    this.#turn = turn;
    turn.catch(() => undefined);
    return turn;
  }

  #complain(error: unknown): void {
    if (!(error instanceof LegGone))
      this.log.warn('keys are not told as they should be', { leg: this.commands.endpoint.uuid, error });
  }
}
