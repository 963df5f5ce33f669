import { systemClock } from '../kernel/clock';
import type { Log, LogFacts } from '../kernel/log';

/** What the parent process sends first; clock and log do not travel. */
export type StartMessage<Options> = {
  readonly type: 'start';
  readonly options: Options & { readonly logDebug?: boolean };
};

/** What it gets back, once. */
export type StartAnswer<Addresses> =
  | { readonly type: 'ready'; readonly addresses: Addresses }
  | { readonly type: 'failed'; readonly message: string };

/** A server that runs: where it listens and how it ends. */
export type Started<Addresses> = { readonly addresses: Addresses; close(): Promise<void> };

/** A server to run in a process of its own; `part` names it in the log. */
export type ChildServer<Options, Addresses> = {
  readonly part: string;
  readonly start: (options: Options, log: Log) => Promise<Started<Addresses>>;
};

/**
 * Makes this process a server of its parent's: starts with the options of the first message, says where it listens or why it cannot
 * start, writes its log as JSON lines, and ends on SIGTERM or when the parent is gone.
 */
export function runAsChild<Options, Addresses>({ part, start }: ChildServer<Options, Addresses>): void {
  let server: Started<Addresses> | undefined;
  let stopping = false;

  async function begin({ options }: StartMessage<Options>): Promise<StartAnswer<Addresses>> {
    try {
      server = await start(options, jsonLog(part, options.logDebug === true));
      return { type: 'ready', addresses: server.addresses };
    } catch (error) {
      return { type: 'failed', message: error instanceof Error ? error.message : String(error) };
    }
  }

  async function stop(): Promise<void> {
    if (stopping) return;
    stopping = true;
    await server?.close();
    process.exit();
  }

  const answer = (said: StartAnswer<Addresses>): void => {
    if (said.type === 'failed') process.exitCode = 1;
    process.send?.(said);
    // Without a server there is nothing to wait for; what was said still leaves before the channel closes.
    if (said.type === 'failed') process.disconnect?.();
  };

  process.once('message', (message) => {
    if (isStartMessage<Options>(message)) void begin(message).then(answer);
    else answer({ type: 'failed', message: 'first message must be of type start' });
  });
  process.on('disconnect', () => void stop());
  process.on('SIGTERM', () => void stop());
}

function isStartMessage<Options>(message: unknown): message is StartMessage<Options> {
  return typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'start';
}

function jsonLog(part: string, debug: boolean): Log {
  const write = (level: string) => (event: string, facts?: LogFacts) => {
    const time = new Date(systemClock.nowMs()).toISOString();
    process.stdout.write(`${JSON.stringify({ time, level, part, event, ...facts })}\n`);
  };
  return {
    debug: debug ? write('debug') : () => {},
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}
