/** Whom failures are counted for. */
export type GuessKind = 'caller' | 'room' | 'trunk';
export const GUESS_KINDS = ['caller', 'room', 'trunk'] as const satisfies readonly GuessKind[];

/** How the failures of one kind of subject are answered. */
export type GuessLimit = {
  /** Failures are counted this long from the first; then counting begins anew. */
  readonly windowMs: number;
  /** Failures that cost no delay. */
  readonly freeFailures: number;
  /** The delay after the free failures; it doubles with every further `failuresPerDoubling`, up to `maxDelayMs`. */
  readonly firstDelayMs: number;
  readonly failuresPerDoubling: number;
  readonly maxDelayMs: number;
  /** The failure that begins a lockout, and how long that lasts. */
  readonly lockedAtFailures: number;
  readonly lockMs: number;
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Room: twenty failures a window keep the chance of a guess below 10^-4 a day for 6-digit PINs, however many telephones guess. Its
 * failures cost no delay: an unknown room has no counter, so a delay that grows would tell which Room IDs exist.
 * Caller: the three tries of one call are free, so that a slip of the finger costs nothing. Trunk: carries many honest callers.
 */
export const GUESS_LIMITS: Readonly<Record<GuessKind, GuessLimit>> = {
  caller: {
    windowMs: DAY_MS,
    freeFailures: 3,
    firstDelayMs: 1_000,
    failuresPerDoubling: 1,
    maxDelayMs: 16_000,
    lockedAtFailures: 10,
    lockMs: HOUR_MS,
  },
  room: {
    windowMs: DAY_MS,
    freeFailures: 20,
    firstDelayMs: 0,
    failuresPerDoubling: 1,
    maxDelayMs: 0,
    lockedAtFailures: 20,
    lockMs: DAY_MS,
  },
  trunk: {
    windowMs: HOUR_MS,
    freeFailures: 200,
    firstDelayMs: 500,
    failuresPerDoubling: 100,
    maxDelayMs: 4_000,
    lockedAtFailures: 1_000,
    lockMs: 15 * MINUTE_MS,
  },
};

/** What is remembered of one subject. */
export type GuessCount = {
  readonly failures: number;
  readonly sinceMs: number;
  readonly lockedUntilMs: number | null;
};

/** The counters that a try meets; a Room ID that names no room has none. */
export type GuessCounts = {
  readonly caller: GuessCount;
  readonly room: GuessCount | null;
  readonly trunk: GuessCount;
};

/** One pair of Room ID and PIN. */
export type GuessTry = {
  /** Whether the pair opens a room. */
  readonly right: boolean;
  /** Whether this number has opened this room before, told by a trunk whose caller ID can be trusted. */
  readonly knownToRoom: boolean;
};

export type JudgedTry = {
  readonly next: GuessCounts;
  /** How long the answer is kept back, right or wrong. */
  readonly delayMs: number;
  /** Whether the caller gets in; a pair that is right is not enough during a lockout. */
  readonly admitted: boolean;
  /** Whether the try met a lockout. */
  readonly locked: boolean;
  /** Lockouts that begin with this try. */
  readonly newLockouts: readonly GuessKind[];
};

export function noFailures(nowMs: number): GuessCount {
  return { failures: 0, sinceMs: nowMs, lockedUntilMs: null };
}

/** When a counter has nothing more to say: its lockout, or else its window, has run out. */
export function countEndsAtMs(kind: GuessKind, count: GuessCount): number {
  return count.lockedUntilMs ?? count.sinceMs + GUESS_LIMITS[kind].windowMs;
}

/** How long the answer to a try is kept back after this many failures. */
export function delayAfterMs(kind: GuessKind, failures: number): number {
  const { freeFailures, firstDelayMs, failuresPerDoubling, maxDelayMs } = GUESS_LIMITS[kind];
  if (failures < freeFailures) return 0;
  return Math.min(
    firstDelayMs * 2 ** Math.floor((failures - freeFailures) / failuresPerDoubling),
    maxDelayMs,
  );
}

/**
 * Judges one try by the failures before it:
 * - a locked-out caller gets in nowhere, and his tries count no more: he cannot lock a room;
 * - a locked-out trunk leaves its callers the first try: whoever has a failure of his own is refused;
 * - a locked-out room opens to numbers that opened it before and have not failed beyond the free failures; a right pair from any
 *   other number counts like a wrong one, so that nothing shows that it was right;
 * - every other wrong pair counts for the caller, the trunk and, where there is one, the room.
 */
export function judgeTry(counts: GuessCounts, event: GuessTry, nowMs: number): JudgedTry {
  const caller = begunAnew('caller', counts.caller, nowMs);
  const trunk = begunAnew('trunk', counts.trunk, nowMs);
  const room = counts.room && begunAnew('room', counts.room, nowMs);
  const delayMs = Math.max(delayAfterMs('caller', caller.failures), delayAfterMs('trunk', trunk.failures));

  if (isLocked(caller) || (isLocked(trunk) && caller.failures > 0))
    return { next: { caller, room, trunk }, delayMs, admitted: false, locked: true, newLockouts: [] };

  const excepted = event.knownToRoom && caller.failures < GUESS_LIMITS.caller.freeFailures;
  const shut = room !== null && isLocked(room) && !excepted;
  if (event.right && !shut)
    return { next: { caller, room, trunk }, delayMs, admitted: true, locked: false, newLockouts: [] };

  const next = {
    caller: oneMore('caller', caller, nowMs),
    room: room && oneMore('room', room, nowMs),
    trunk: oneMore('trunk', trunk, nowMs),
  };
  const before = { caller, room, trunk };
  const newLockouts = GUESS_KINDS.filter(
    (kind) => (next[kind]?.lockedUntilMs ?? null) !== null && before[kind]?.lockedUntilMs === null,
  );
  return { next, delayMs, admitted: false, locked: shut, newLockouts };
}

function begunAnew(kind: GuessKind, count: GuessCount, nowMs: number): GuessCount {
  return nowMs < countEndsAtMs(kind, count) ? count : noFailures(nowMs);
}

function isLocked(count: GuessCount): boolean {
  return count.lockedUntilMs !== null;
}

/** A lockout is not made longer by what is tried during it, so it runs out by itself. */
function oneMore(kind: GuessKind, count: GuessCount, nowMs: number): GuessCount {
  if (isLocked(count)) return count;
  const failures = count.failures + 1;
  const { lockedAtFailures, lockMs } = GUESS_LIMITS[kind];
  // A window begins with its first failure, not with the look that found nothing.
  const sinceMs = count.failures === 0 ? nowMs : count.sinceMs;
  return { failures, sinceMs, lockedUntilMs: failures >= lockedAtFailures ? nowMs + lockMs : null };
}
