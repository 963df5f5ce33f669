import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';

/** A child that dies is started again after this, doubled at each death that follows within STEADY_MS. */
const FIRST_RESTART_MS = 200;
const LONGEST_RESTART_MS = 10_000;
const STEADY_MS = 30_000;
/** A child that has not stopped by then is killed. */
const STOP_LIMIT_MS = 8_000;

/** The child said why it cannot start, or ended before it was ready. */
export class ChildFailed extends Error {
  constructor(name: string, reason: string) {
    super(`${name} did not start: ${reason}`);
    this.name = 'ChildFailed';
  }
}

/** What a child answers to { type: 'start', options }. */
type Answer<Addresses> = { type: 'ready'; addresses: Addresses } | { type: 'failed'; message: string };

/**
 * A server process of ours: started, watched, and started again with the same addresses when it dies. It stops by itself when this
 * process is gone, because its channel to it closes.
 */
export class ChildServer<Addresses extends object> {
  #child: ChildProcess | null = null;
  #stopped = false;
  #restartMs = FIRST_RESTART_MS;
  #restart: Timer | null = null;

  constructor(
    private readonly options: {
      readonly name: string;
      /** Compiled module of the process. */
      readonly module: string;
      /** Options of the first start. */
      readonly start: object;
      /** Options of a restart: the ports that were picked the first time must not change under those who use them. */
      readonly restart: (addresses: Addresses) => object;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  /** Starts the process and gives its addresses. @throws ChildFailed */
  async start(): Promise<Addresses> {
    const addresses = await this.#spawn(this.options.start);
    this.#watch(this.options.restart(addresses));
    return addresses;
  }

  /** Process id, for those who measure or kill it; null while it is down. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Asks the process to end and waits until it has. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#restart?.cancel();
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const impatience = this.options.clock.after(STOP_LIMIT_MS, () => child.kill('SIGKILL'));
    child.kill('SIGTERM');
    await ended;
    impatience.cancel();
  }

  #spawn(options: object): Promise<Addresses> {
    const { name, module, log } = this.options;
    // A group of its own: Ctrl-C in a terminal must reach us alone, since live calls need their servers while we drain.
    const child = fork(module, [], { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child = child;
    forwardLines(child, name, log);
    return new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new ChildFailed(name, error.message)));
      child.once('exit', (code) => reject(new ChildFailed(name, `it ended with code ${code}`)));
      child.once('message', (answer: Answer<Addresses>) => {
        if (answer.type === 'ready') resolve(answer.addresses);
        else reject(new ChildFailed(name, answer.message));
      });
      child.send({ type: 'start', options });
    });
  }

  #watch(options: object): void {
    const { name, clock, log } = this.options;
    const startedAtMs = clock.monotonicMs();
    this.#child?.once('exit', (code, signal) => {
      if (this.#stopped) return;
      this.#restartMs =
        clock.monotonicMs() - startedAtMs > STEADY_MS
          ? FIRST_RESTART_MS
          : Math.min(this.#restartMs * 2, LONGEST_RESTART_MS);
      log.error('a server process died and is started again', {
        name,
        code,
        signal,
        afterMs: this.#restartMs,
      });
      this.#restart = clock.after(this.#restartMs, () => this.#startAgain(options));
    });
  }

  #startAgain(options: object): void {
    this.#spawn(options).then(
      () => this.#watch(options),
      (error: unknown) => {
        this.options.log.error('a server process could not be started again', {
          name: this.options.name,
          error,
        });
        if (this.#stopped) return;
        this.#restart = this.options.clock.after(LONGEST_RESTART_MS, () => this.#startAgain(options));
      },
    );
  }
}

/** The child's log lines become ours, with its name. */
function forwardLines(child: ChildProcess, name: string, log: Log): void {
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { level, event, facts } = parseLine(line);
      log[level](event, { part: name, ...facts });
    });
  if (child.stderr)
    createInterface({ input: child.stderr }).on('line', (line) => log.error(line, { part: name }));
}

function parseLine(line: string): { level: keyof Log; event: string; facts: Record<string, unknown> } {
  try {
    const { level, event, time: _, part: __, ...facts } = JSON.parse(line) as Record<string, unknown>;
    if (
      typeof event === 'string' &&
      (level === 'debug' || level === 'info' || level === 'warn' || level === 'error')
    )
      return { level, event, facts };
  } catch {
    // Not a line of our log: shown as it is.
  }
  return { level: 'info', event: line, facts: {} };
}
