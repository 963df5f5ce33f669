import {
  delayAfterMs,
  GUESS_LIMITS,
  type GuessCounts,
  type GuessKind,
  type GuessTry,
  type JudgedTry,
  judgeTry,
  noFailures,
} from './guess-limits';
import { PIN_DIGITS } from './rooms-store';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const startMs = Date.UTC(2026, 0, 15);

const wrong: GuessTry = { right: false, knownToRoom: false };
const right: GuessTry = { right: true, knownToRoom: false };

const fresh = (nowMs: number): GuessCounts => ({
  caller: noFailures(nowMs),
  room: noFailures(nowMs),
  trunk: noFailures(nowMs),
});

/** The counters after this many failures of each kind at `startMs`. */
const after = (failures: Partial<Record<GuessKind, number>>): GuessCounts => {
  const count = (kind: GuessKind) => {
    const { lockedAtFailures, lockMs } = GUESS_LIMITS[kind];
    const number = failures[kind] ?? 0;
    const lockedUntilMs = number >= lockedAtFailures ? startMs + lockMs : null;
    return { failures: number, sinceMs: startMs, lockedUntilMs };
  };
  return { caller: count('caller'), room: count('room'), trunk: count('trunk') };
};

describe('the delay of an answer', () => {
  it('is none for the three tries of a first call, then 1, 2, 4, 8 and 16 seconds', () => {
    const seconds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((failures) => delayAfterMs('caller', failures) / 1000);
    expect(seconds).toEqual([0, 0, 0, 1, 2, 4, 8, 16, 16, 16]);
  });

  it('grows on a trunk from half a second after 200 failures to 4 seconds after 500', () => {
    const seconds = [199, 200, 299, 300, 400, 500, 999].map(
      (failures) => delayAfterMs('trunk', failures) / 1000,
    );
    expect(seconds).toEqual([0, 0.5, 0.5, 1, 2, 4, 4]);
  });

  it('is the longer one of caller and trunk, for a right pair as for a wrong one', () => {
    const counts = after({ caller: 4, trunk: 200 });
    expect(judgeTry(counts, wrong, startMs).delayMs).toBe(2 * SECOND_MS);
    expect(judgeTry(counts, right, startMs).delayMs).toBe(2 * SECOND_MS);
    expect(judgeTry(after({ caller: 0, trunk: 200 }), wrong, startMs).delayMs).toBe(500);
  });

  it('tells no existing room from an unknown one', () => {
    for (const room of [0, 5, 19, 20]) {
      const existing = after({ caller: 5, room });
      expect(judgeTry(existing, wrong, startMs).delayMs).toBe(
        judgeTry({ ...existing, room: null }, wrong, startMs).delayMs,
      );
    }
  });
});

describe('a wrong pair', () => {
  it('is counted for caller, room and trunk', () => {
    const { next, admitted } = judgeTry(fresh(startMs), wrong, startMs);
    expect(admitted).toBe(false);
    expect([next.caller.failures, next.room?.failures, next.trunk.failures]).toEqual([1, 1, 1]);
  });

  it('with an unknown Room ID is counted for caller and trunk alike', () => {
    const { next } = judgeTry({ ...fresh(startMs), room: null }, wrong, startMs);
    expect([next.caller.failures, next.room, next.trunk.failures]).toEqual([1, null, 1]);
  });

  it('is forgotten a day after the first of its caller', () => {
    const counts = after({ caller: 9 });
    expect(judgeTry(counts, wrong, startMs + DAY_MS - 1).newLockouts).toEqual(['caller']);
    expect(judgeTry(counts, wrong, startMs + DAY_MS).next.caller).toEqual({
      failures: 1,
      sinceMs: startMs + DAY_MS,
      lockedUntilMs: null,
    });
  });
});

describe('a right pair', () => {
  it('opens and counts nothing', () => {
    const counts = after({ caller: 9, room: 19, trunk: 999 });
    expect(judgeTry(counts, right, startMs)).toMatchObject({ admitted: true, next: counts, newLockouts: [] });
  });

  it('is refused to a locked-out caller, and opens when the hour is over', () => {
    const counts = after({ caller: 10 });
    expect(judgeTry(counts, right, startMs + HOUR_MS - 1)).toMatchObject({ admitted: false, locked: true });
    expect(judgeTry(counts, right, startMs + HOUR_MS)).toMatchObject({ admitted: true, delayMs: 0 });
  });

  it('opens from another number whatever the guesser’s number and the trunk have earned', () => {
    expect(judgeTry(after({ caller: 0, trunk: 1_000 }), right, startMs)).toMatchObject({ admitted: true });
  });
});

describe('a lockout', () => {
  it.each([
    ['caller', 10],
    ['room', 20],
    ['trunk', 1_000],
  ] as const)(
    'of a %s begins with failure %d, once, and is not made longer by more of them',
    (kind, limit) => {
      const first = judgeTry(after({ [kind]: limit - 1 }), wrong, startMs);
      expect(first.newLockouts).toEqual([kind]);
      const second = judgeTry({ ...first.next }, wrong, startMs + SECOND_MS);
      expect(second.newLockouts).toEqual([]);
      expect(second.next[kind]).toEqual(first.next[kind]);
    },
  );

  it('of a caller keeps his tries from counting for room and trunk', () => {
    const counts = after({ caller: 10, room: 5, trunk: 5 });
    expect(judgeTry(counts, wrong, startMs).next).toEqual(counts);
  });

  it('of a trunk refuses for 15 minutes who has failed himself', () => {
    const counts = after({ caller: 1, trunk: 1_000 });
    expect(judgeTry(counts, right, startMs + 15 * MINUTE_MS - 1).admitted).toBe(false);
    expect(judgeTry(counts, right, startMs + 15 * MINUTE_MS).admitted).toBe(true);
  });

  it('of a room refuses a new number’s right pair for a day and counts it like a wrong one', () => {
    const counts = after({ room: 20 });
    const refused = judgeTry(counts, right, startMs + DAY_MS - 1);
    expect(refused).toEqual(judgeTry(counts, wrong, startMs + DAY_MS - 1));
    expect(refused).toMatchObject({ admitted: false, locked: true, next: { caller: { failures: 1 } } });
    expect(judgeTry(counts, right, startMs + DAY_MS).admitted).toBe(true);
  });

  it('of a room stays open to a number that opened it before, unless that number guesses', () => {
    const known: GuessTry = { right: true, knownToRoom: true };
    expect(judgeTry(after({ room: 20, caller: 2 }), known, startMs).admitted).toBe(true);
    expect(judgeTry(after({ room: 20, caller: 3 }), known, startMs).admitted).toBe(false);
  });
});

describe('guessing at one room with any number of telephones', () => {
  const { windowMs, lockMs, lockedAtFailures } = GUESS_LIMITS.room;
  /** A counter begins anew no sooner than this after it began, so a day meets this many counters at most. */
  const countersADay = Math.ceil(DAY_MS / Math.min(windowMs, lockMs)) + 1;
  const triesADay = countersADay * lockedAtFailures;

  it('succeeds on a day with a chance below one in ten thousand, with 6-digit PINs and two of them', () => {
    // The first digit of a drawn PIN is not zero.
    const pins = 9 * 10 ** (PIN_DIGITS - 1);
    expect(PIN_DIGITS).toBe(6);
    expect(triesADay).toBe(40);
    expect((triesADay * 2) / (pins - triesADay)).toBeLessThan(1e-4);
  });

  it('is compared 40 times at most in any 24 hours, by a new telephone every ten seconds for five days', () => {
    let room = noFailures(startMs);
    const comparedAtMs: number[] = [];
    for (let nowMs = startMs; nowMs < startMs + 5 * DAY_MS; nowMs += 10 * SECOND_MS) {
      const judged: JudgedTry = judgeTry({ ...fresh(nowMs), room }, wrong, nowMs);
      if (!judged.locked) comparedAtMs.push(nowMs);
      room = judged.next.room ?? room;
    }
    const mostInADay = Math.max(
      ...comparedAtMs.map((from) => comparedAtMs.filter((at) => at >= from && at < from + DAY_MS).length),
    );
    expect(mostInADay).toBeLessThanOrEqual(triesADay);
    expect(comparedAtMs.length).toBe(5 * lockedAtFailures);
  });
});
