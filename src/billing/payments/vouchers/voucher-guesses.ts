/** Wrong codes of one account, or of one telephone or API key. */
export type GuessCount = {
  readonly failures: number;
  readonly lastFailureAtMs: number;
  readonly lockedUntilMs: number;
};

export const NO_GUESSES: GuessCount = { failures: 0, lastFailureAtMs: 0, lockedUntilMs: 0 };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A week without a wrong code, and all are forgotten. */
const FORGOTTEN_AFTER_MS = 7 * DAY_MS;

/** Wrong codes that cost nothing: people read them from cards. */
const FREE_FAILURES = 4;
/** After these the lock begins at a minute and each further wrong code makes it four times as long, up to a day. */
const FIRST_LOCK_MS = MINUTE_MS;
const GROWTH = 4;

export function isLockedOut(count: GuessCount, nowMs: number): boolean {
  return nowMs < count.lockedUntilMs;
}

/** The count after one more wrong code. Pure. */
export function afterWrongCode(count: GuessCount, nowMs: number): GuessCount {
  const isForgotten = nowMs - count.lastFailureAtMs >= FORGOTTEN_AFTER_MS;
  const failures = isForgotten ? 1 : count.failures + 1;
  const beyond = failures - FREE_FAILURES;
  const lockMs = beyond <= 0 ? 0 : Math.min(DAY_MS, FIRST_LOCK_MS * GROWTH ** (beyond - 1));
  return { failures, lastFailureAtMs: nowMs, lockedUntilMs: nowMs + lockMs };
}
