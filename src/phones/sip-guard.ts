/** Failed tries of one subject: a network address, or a username. */
export type FailureCount = {
  readonly failures: number;
  /** How often it was blocked before; each block is longer. */
  readonly blocks: number;
  readonly sinceMs: number;
  readonly blockedUntilMs: number | null;
};

export const NO_FAILURES: FailureCount = { failures: 0, blocks: 0, sinceMs: 0, blockedUntilMs: null };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Failures are counted this long from the first; blocks are remembered for a day after the last one. */
export const FAILURE_WINDOW_MS = 10 * MINUTE_MS;
const BLOCKS_REMEMBERED_MS = DAY_MS;

/** Failures in one window that begin a block. A telephone with a wrong password tries twice each minute or so. */
const MAX_FAILURES = 8;

/** The first block; each further one is twice as long, up to a day. */
const FIRST_BLOCK_MS = MINUTE_MS;
const LONGEST_BLOCK_MS = DAY_MS;

/** From an address at which the owner has been, a telephone may fail this often in a window, and is never blocked. */
const MAX_KNOWN_FAILURES = 40;

/** Whether a try of this subject is looked at. */
export function isBlocked(count: FailureCount, nowMs: number): boolean {
  return count.blockedUntilMs !== null && nowMs < count.blockedUntilMs;
}

/** The count after one more failed try; `began` says that a block begins with it. */
export function afterFailure(count: FailureCount, nowMs: number): { next: FailureCount; began: boolean } {
  const isOver = nowMs - count.sinceMs >= FAILURE_WINDOW_MS;
  const failures = isOver ? 1 : count.failures + 1;
  const sinceMs = isOver ? nowMs : count.sinceMs;
  if (failures < MAX_FAILURES || isBlocked(count, nowMs))
    return { next: { ...count, failures, sinceMs }, began: false };
  const isForgotten = nowMs - (count.blockedUntilMs ?? 0) > BLOCKS_REMEMBERED_MS;
  const blocks = isForgotten ? 1 : count.blocks + 1;
  const blockMs = Math.min(LONGEST_BLOCK_MS, FIRST_BLOCK_MS * 2 ** (blocks - 1));
  return { next: { failures: 0, sinceMs: nowMs, blocks, blockedUntilMs: nowMs + blockMs }, began: true };
}

/** When the count says nothing more and may be forgotten. */
export function endOfCount(count: FailureCount): number {
  return Math.max(count.sinceMs + FAILURE_WINDOW_MS, (count.blockedUntilMs ?? 0) + BLOCKS_REMEMBERED_MS);
}

/** What is known of who tries. */
export type TryFacts = {
  readonly source: FailureCount;
  readonly username: FailureCount;
  /** Failures of this username from this address, when its owner has used it there; null when he has not. */
  readonly ownersPlace: FailureCount | null;
};

/**
 * Whether a try is looked at. Blocks of an address or of a username stop everybody but the owner at an address that he has used before, so that
 * nobody can lock him out by guessing at his name, or from behind the same router; even there guesses are limited.
 */
export function isTryAllowed({ source, username, ownersPlace }: TryFacts, nowMs: number): boolean {
  if (ownersPlace) {
    const isOver = nowMs - ownersPlace.sinceMs >= FAILURE_WINDOW_MS;
    if (isOver || ownersPlace.failures < MAX_KNOWN_FAILURES) return true;
  }
  return !isBlocked(source, nowMs) && !isBlocked(username, nowMs);
}
