import type { Endpoint } from 'drachtio-fsmrf';
import { type Clock, within } from '../kernel/clock';

/** The media server ended this leg, or was lost; `cause` is FreeSWITCH's hang-up cause. */
export class LegGone extends Error {
  constructor(override readonly cause: string) {
    super(`the leg is gone: ${cause}`);
    this.name = 'LegGone';
  }
}

/** The longest a command that plays nothing may take. */
export const COMMAND_LIMIT_MS = 5_000;

/** Commands to one channel, each of which ends: with its result, with LegGone, or with TimedOut. The libraries do not promise that. */
export class LegCommands {
  readonly #gone: Promise<never>;
  #isGone = false;
  #reject: (error: LegGone) => void = () => undefined;

  constructor(
    readonly endpoint: Endpoint,
    readonly clock: Clock,
  ) {
    this.#gone = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.#gone.catch(() => undefined);
    endpoint.once('destroy', (facts?: { reason?: string }) => this.end(facts?.reason ?? 'CONNECTION_LOST'));
  }

  /** Whatever is waited for, now or later, ends with LegGone. */
  end(cause: string): void {
    this.#isGone = true;
    this.#reject(new LegGone(cause));
  }

  /** Asks for `work` and gives its result; asks for nothing when the channel is gone. @throws LegGone, TimedOut */
  do<T>(step: string, limitMs: number, work: () => Promise<T>): Promise<T> {
    if (this.#isGone) return this.#gone;
    const asked = work();
    // Of a channel that goes meanwhile the library says something else, or nothing; what it says is not waited for.
    asked.catch(() => undefined);
    return within(this.clock, limitMs, step, Promise.race([this.#gone, asked]));
  }

  /** Runs an api command and gives its reply; a refusal comes as an ordinary reply. @throws LegGone, TimedOut */
  readonly api = async (command: string, words: readonly string[]): Promise<string> => {
    const step = `${command} ${words[1] ?? ''}`;
    const reply = await this.do(step, COMMAND_LIMIT_MS, () => this.endpoint.api(command, words));
    return reply.getBody();
  };

  /** Sets a variable of the channel at once, whatever runs on it; '' removes it. @throws LegGone, TimedOut */
  async set(name: string, value: string): Promise<void> {
    await this.api('uuid_setvar', [this.endpoint.uuid, name, ...(value === '' ? [] : [value])]);
  }
}
