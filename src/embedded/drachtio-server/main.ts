import { systemClock } from '../../kernel/clock';
import type { Log, LogFacts } from '../../kernel/log';
import {
  type DrachtioServer,
  type DrachtioServerOptions,
  startDrachtioServer,
} from './start-drachtio-server';

/** What the parent process sends first; `options` without clock and log, which do not travel. */
export type StartMessage = {
  readonly type: 'start';
  readonly options: Omit<DrachtioServerOptions, 'clock' | 'log'> & { readonly logDebug?: boolean };
};

/** What it gets back, once. */
export type StartAnswer =
  | {
      readonly type: 'ready';
      readonly addresses: { readonly adminPort: number; readonly sipPorts: DrachtioServer['sipPorts'] };
    }
  | { readonly type: 'failed'; readonly message: string };

let server: DrachtioServer | undefined;
let stopping = false;

function writeLine(level: string, event: string, facts: LogFacts | undefined): void {
  const time = new Date(systemClock.nowMs()).toISOString();
  process.stdout.write(`${JSON.stringify({ time, level, part: 'embedded-sip', event, ...facts })}\n`);
}

function jsonLog(debug: boolean): Log {
  return {
    debug: (event, facts) => {
      if (debug) writeLine('debug', event, facts);
    },
    info: (event, facts) => writeLine('info', event, facts),
    warn: (event, facts) => writeLine('warn', event, facts),
    error: (event, facts) => writeLine('error', event, facts),
  };
}

function isStartMessage(message: unknown): message is StartMessage {
  return typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'start';
}

async function start({ options }: StartMessage): Promise<StartAnswer> {
  try {
    server = await startDrachtioServer({
      ...options,
      clock: systemClock,
      log: jsonLog(options.logDebug === true),
    });
    const { adminPort, sipPorts } = server;
    return { type: 'ready', addresses: { adminPort, sipPorts } };
  } catch (error) {
    return { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await server?.close();
  process.exit(0);
}

process.once('message', (message) => {
  if (!isStartMessage(message)) {
    process.send?.({ type: 'failed', message: 'first message must be of type start' } satisfies StartAnswer);
    return;
  }
  void start(message).then((answer) => process.send?.(answer));
});
process.once('disconnect', () => void stop());
process.once('SIGTERM', () => void stop());
