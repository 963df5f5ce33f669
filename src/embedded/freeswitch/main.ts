import { systemClock } from '../../kernel/clock';
import type { Log, LogFacts } from '../../kernel/log';
import { type FreeswitchSettings, type RunningFreeswitch, startFreeswitch } from './start-freeswitch';

/** What the parent sends first. */
export type StartMessage = { type: 'start'; options: FreeswitchSettings };
/** What the parent gets back. */
export type StartedMessage =
  | { type: 'ready'; addresses: { eventSocketPort: number; sipPort: number } }
  | { type: 'failed'; message: string };

function writeLine(level: string, event: string, facts: LogFacts | undefined): void {
  const time = new Date(systemClock.nowMs()).toISOString();
  process.stdout.write(`${JSON.stringify({ time, level, part: 'embedded-freeswitch', event, ...facts })}\n`);
}

const log: Log = {
  debug: () => {},
  info: (event, facts) => writeLine('info', event, facts),
  warn: (event, facts) => writeLine('warn', event, facts),
  error: (event, facts) => writeLine('error', event, facts),
};

let running: RunningFreeswitch | undefined;
let starting = false;

function tell(message: StartedMessage): void {
  process.send?.(message);
}

async function start(options: FreeswitchSettings): Promise<void> {
  try {
    running = await startFreeswitch({ ...options, clock: systemClock, log });
    const { eventSocketPort, sipPort } = running;
    log.info('media server started', { eventSocketPort, sipPort });
    tell({ type: 'ready', addresses: { eventSocketPort, sipPort } });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.error('media server did not start', { message });
    tell({ type: 'failed', message });
    process.exitCode = 1;
    process.disconnect?.();
  }
}

async function stop(): Promise<void> {
  await running?.close();
  process.exit();
}

process.on('message', (message: StartMessage) => {
  if (message?.type !== 'start' || starting) return;
  starting = true;
  void start(message.options);
});
process.on('disconnect', () => void stop());
process.on('SIGTERM', () => void stop());
