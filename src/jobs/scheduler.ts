import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import { retryDelayMs } from './job-runner';
import { nextDueMs, type Schedule } from './schedule';
import { endTurn, registerSchedule, renewTurn, type ScheduleState, takeTurn } from './schedules-store';

/** How often a node looks for schedules that are due: the finest step of a cron expression is a minute. */
const LOOK_EVERY_MS = 20_000;

/** A node that dies in a turn leaves it to another after this; while it lives it renews three times as often. */
const TURN_LEASE_MS = 60_000;

/**
 * Takes the turns of all schedules, each by one node at a time. A turn that was missed because no node lived is taken up when one lives again,
 * once for all that were missed; one that failed is tried again, later each time.
 */
export class Scheduler {
  #looking: Timer | null = null;
  #round: Promise<void> | null = null;
  #lookAgain = false;
  #stopped = false;

  constructor(
    private readonly parts: {
      readonly database: Database;
      readonly schedules: readonly Schedule[];
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  /** Makes every schedule known to the database and begins to look for what is due. @throws InvalidInput for an expression that is none */
  async start(): Promise<void> {
    const { database, schedules, clock } = this.parts;
    for (const schedule of schedules) nextDueMs(schedule.cron, clock.nowMs());
    await database.write(async (sql) => {
      for (const schedule of schedules) await registerSchedule(sql, schedule, clock.nowMs());
    });
    this.#looking = clock.every(LOOK_EVERY_MS, () => this.nudge());
    this.nudge();
  }

  /** Looks for due schedules now, or once more when a look goes on. */
  nudge(): void {
    if (this.#stopped) return;
    this.#lookAgain = true;
    this.#round ??= this.#lookWhileAsked().finally(() => {
      this.#round = null;
    });
  }

  /** Resolves when nothing that was due is still being done by this node. */
  async idle(): Promise<void> {
    await this.#round;
  }

  /** Tells the turn that goes on to leave off, and resolves when it has. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#looking?.cancel();
    await this.idle();
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#lookAgain) {
      this.#lookAgain = false;
      await this.#lookAtAll();
    }
  }

  async #lookAtAll(): Promise<void> {
    for (const schedule of this.parts.schedules) {
      if (this.#stopped) return;
      try {
        await this.#takeTurnOf(schedule);
      } catch (error) {
        // The database is away; the next look tries again.
        this.parts.log.error('schedule could not be looked at', { schedule: schedule.name, error });
      }
    }
  }

  async #takeTurnOf(schedule: Schedule): Promise<void> {
    const { database, clock } = this.parts;
    const nowMs = clock.nowMs();
    const wanted = { name: schedule.name, nowMs, untilMs: nowMs + TURN_LEASE_MS };
    const turn = await database.write((sql) => takeTurn(sql, wanted));
    if (!turn) return;
    let mine = true;
    const renewing = clock.every(TURN_LEASE_MS / 3, () => {
      database
        .write((sql) => renewTurn(sql, turn, clock.nowMs() + TURN_LEASE_MS))
        .then((renewed) => {
          mine = renewed;
        })
        // The lease runs on; the next renewal tries again, and the end of the turn finds out whose it is.
        .catch(() => undefined);
    });
    try {
      await this.#run(schedule, turn, () => mine && !this.#stopped);
    } finally {
      renewing.cancel();
    }
  }

  async #run(schedule: Schedule, turn: ScheduleState, goesOn: () => boolean): Promise<void> {
    const { database, clock, log } = this.parts;
    const facts = { schedule: schedule.name, dueAtMs: turn.dueAtMs };
    try {
      const { dueAtMs, leaseToken } = turn;
      const result = await schedule.run({ dueAtMs, leaseToken, nowMs: clock.nowMs(), goesOn });
      const nowMs = clock.nowMs();
      // Cut short by a stop it stays due, and is taken up again by whoever looks next.
      const nextMs = this.#stopped ? turn.dueAtMs : nextDueMs(schedule.cron, nowMs);
      const end = { result: JSON.stringify(result ?? null), dueAtMs: nextMs, nowMs };
      const kept = await database.write((sql) => endTurn(sql, turn, end));
      if (kept) log.debug('schedule done', { ...facts, result });
      else log.warn('turn of a schedule was lost before its end', facts);
    } catch (error) {
      const nowMs = clock.nowMs();
      const tryAtMs = nowMs + retryDelayMs(turn.failures + 1);
      log.error('schedule failed', { ...facts, failures: turn.failures + 1, error });
      await database.write((sql) => endTurn(sql, turn, { error: String(error), tryAtMs, nowMs }));
    }
  }
}
