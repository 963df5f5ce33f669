import { type AccountState, ACCOUNT_STATES } from '../accounts/account';
import { accountState } from '../accounts/accounts-store';
import type { Clock, Timer } from '../kernel/clock';
import type { Log } from '../kernel/log';
import { type Database, type Sql, text } from '../kernel/unit-of-work';
import { mayBeEmergency } from '../numbers/understand-dialled';
import type { LiveCall, LiveCalls } from './live-calls';

const LOOK_EVERY_MS = 10_000;

/** Whose calls may not go on: all states that leave an account nothing but calls for help. */
const BLOCKED: readonly AccountState[] = ACCOUNT_STATES.filter(
  (state) => state === 'suspended' || state === 'closed',
);

/**
 * Ends the calls of accounts that are suspended or closed while they go on. A charged call ends by itself with what is held for it; one that costs nothing
 * holds nothing and would go on for ever, so it ends when nothing is held for its account any more. A call that may be one for help is never ended.
 */
export class BlockedAccounts {
  #timer: Timer | null = null;
  #looking: Promise<void> | null = null;

  constructor(
    private readonly parts: {
      readonly database: Database;
      readonly liveCalls: LiveCalls;
      /** Which of some accounts have credit held for calls. */
      readonly holding: (accountIds: readonly string[]) => Promise<ReadonlySet<string>>;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  start(): void {
    this.#timer = this.parts.clock.every(LOOK_EVERY_MS, () => {
      this.#looking ??= this.#endTheirCalls().finally(() => {
        this.#looking = null;
      });
    });
  }

  /** Resolves when no look goes on. */
  async idle(): Promise<void> {
    await this.#looking;
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.idle();
  }

  async #endTheirCalls(): Promise<void> {
    const { database, liveCalls, log } = this.parts;
    try {
      const calls = liveCalls.list().filter(mayBeEnded);
      const blocked = await blockedAmong(database.read, new Set(calls.map(({ accountId }) => accountId)));
      if (blocked.size === 0) return;
      const holding = await this.parts.holding([...blocked]);
      for (const { callId, accountId } of calls)
        if (accountId !== null && blocked.has(accountId) && !holding.has(accountId) && liveCalls.end(callId))
          log.info('a call ends because its account is blocked', { callId, accountId });
    } catch (error) {
      // The database is away; the next look tries again.
      log.warn('blocked accounts could not be looked for', { error });
    }
  }
}

function mayBeEnded({ accountId, dialledNumber }: LiveCall): boolean {
  return accountId !== null && !mayBeEmergency(dialledNumber);
}

async function blockedAmong(sql: Sql, accountIds: ReadonlySet<string | null>): Promise<ReadonlySet<string>> {
  const asked = [...accountIds].filter((id) => id !== null);
  if (asked.length === 0) return new Set();
  const rows = await sql.all(
    `SELECT id, state FROM accounts WHERE id IN (${asked.map(() => '?').join(', ')})`,
    asked,
  );
  return new Set(
    rows.filter(({ state }) => BLOCKED.includes(accountState(text(state)))).map(({ id }) => text(id)),
  );
}
