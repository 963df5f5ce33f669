import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import type { Database } from '../../kernel/unit-of-work';
import { claimDueDialOuts, type DueDialOut } from './schedules-store';

/** How often starts are looked for: how late a meeting's first call may be. */
const WATCH_EVERY_MS = 5_000;

/**
 * Watches for meetings that begin by calling their list and hands each to `onDue` once, whichever process sees it first, also
 * one that came up to ten minutes after the start. One that fails is logged and not handed over again.
 */
export function startScheduleWatch(parts: {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly onDue: (due: DueDialOut) => Promise<void>;
}): { stop(): Promise<void> } {
  let looking: Promise<void> | null = null;
  const look = () => {
    // One look at a time: on a slow database they would pile up.
    looking ??= lookOnce(parts).finally(() => {
      looking = null;
    });
  };
  const timer = parts.clock.every(WATCH_EVERY_MS, look);
  look();
  return {
    stop: async () => {
      timer.cancel();
      await looking;
    },
  };
}

async function lookOnce(parts: Parameters<typeof startScheduleWatch>[0]): Promise<void> {
  try {
    // Handed over, not waited for: a dial-out may take minutes, and the next start comes meanwhile.
    for (const due of await claimDueDialOuts(parts.database, parts.clock.nowMs())) void handOver(parts, due);
  } catch (error) {
    parts.log.warn('schedules could not be looked at', { error });
  }
}

async function handOver(
  { onDue, log }: Parameters<typeof startScheduleWatch>[0],
  due: DueDialOut,
): Promise<void> {
  try {
    await onDue(due);
  } catch (error) {
    log.error('a scheduled dial-out failed', { ...due, error });
  }
}
