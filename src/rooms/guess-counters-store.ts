import { newId } from '../kernel/ids';
import { type Database, DuplicateKey, integer, integerOrNull, type Sql, text } from '../kernel/unit-of-work';
import {
  countEndsAtMs,
  GUESS_KINDS,
  type GuessCount,
  type GuessCounts,
  type GuessKind,
  type JudgedTry,
  judgeTry,
  noFailures,
} from './guess-limits';
import type { Room } from './room';

const DAY_MS = 86_400_000;
/** A number that opened a room is known to it this long. */
const KNOWN_MS = 90 * DAY_MS;
/** How exactly the last entry of a known number is remembered: more would write at every entry. */
const KNOWN_AGAIN_MS = DAY_MS;
/** Alerts are kept for a year, then nobody asks any more. */
const ALERTS_KEPT_MS = 366 * DAY_MS;

/** Who tried, at what, and whether the pair was right. */
export type PinTry = {
  /** As the caller said it; null when withheld. */
  readonly callerNumber: string | null;
  readonly trunk: { readonly id: string; readonly trustsCallerId: boolean };
  /** The room that the typed Room ID names; null when it names none. */
  readonly room: Pick<Room, 'id' | 'ownerAccountId'> | null;
  /** The account that a typed account PIN names, where that was asked for; it is guarded by the limits of a room. */
  readonly accountId?: string | null;
  readonly right: boolean;
};

/**
 * Counts one try and says whether it opens the room. Look and count are one transaction under the counters' row locks, for right
 * and wrong pairs alike: however many tries come at once, a right one has no way past the wrong ones before it.
 */
export async function takeTry(database: Database, pinTry: PinTry, nowMs: number): Promise<JudgedTry> {
  const subjects = subjectsOf(pinTry);
  const known = await knownSinceMs(database.read, pinTry, nowMs);
  await makeMissing(database, subjects, nowMs);
  const judged = await database.write(async (sql) => {
    const before = await lockCounts(sql, subjects, nowMs);
    const result = judgeTry(before, { right: pinTry.right, knownToRoom: known !== null }, nowMs);
    for (const kind of GUESS_KINDS)
      if (result.next[kind] !== before[kind]) await storeCount(sql, kind, subjects[kind], result.next[kind]);
    for (const kind of result.newLockouts) await raiseAlert(sql, kind, pinTry, nowMs);
    return result;
  });
  if (judged.admitted && nowMs - (known ?? 0) >= KNOWN_AGAIN_MS)
    await rememberCaller(database, pinTry, nowMs);
  return judged;
}

/** Forgets all guesses at a room and whom it knows: its Room ID and PINs are new. */
export async function forgetGuessesAtRoom(sql: Sql, roomId: string): Promise<void> {
  await sql.run('DELETE FROM guess_counters WHERE subject = ?', [roomSubject(roomId)]);
  await sql.run('DELETE FROM room_known_callers WHERE room_id = ?', [roomId]);
}

/** Removes counters that have run out, callers not seen for long and old alerts; gives the number of rows. */
export async function forgetOldGuesses(database: Database, nowMs: number): Promise<number> {
  return database.write(async (sql) => {
    const counters = await sql.run('DELETE FROM guess_counters WHERE ends_at_ms <= ?', [nowMs]);
    const callers = await sql.run('DELETE FROM room_known_callers WHERE entered_at_ms <= ?', [
      nowMs - KNOWN_MS,
    ]);
    const alerts = await sql.run('DELETE FROM alerts WHERE raised_at_ms <= ?', [nowMs - ALERTS_KEPT_MS]);
    return counters + callers + alerts;
  });
}

type Subjects = { readonly caller: string; readonly room: string | null; readonly trunk: string };

/**
 * A number that the trunk does not vouch for is counted as that trunk's alone: whoever shows a foreign number elsewhere cannot lock
 * out its owner. Withheld numbers of a trunk cannot be told apart and share one counter.
 */
function subjectsOf({ callerNumber, trunk, room, accountId = null }: PinTry): Subjects {
  const caller =
    callerNumber !== null && trunk.trustsCallerId
      ? `caller:${callerNumber}`
      : `caller:${callerNumber ?? ''}@${trunk.id}`;
  const guarded = room ? roomSubject(room.id) : accountId && `account:${accountId}`;
  return { caller, room: guarded, trunk: `trunk:${trunk.id}` };
}

function roomSubject(roomId: string): string {
  return `room:${roomId}`;
}

/** Rows are made before they are locked: a lock needs a row, also for the first of many tries at once. */
async function makeMissing(database: Database, subjects: Subjects, nowMs: number): Promise<void> {
  for (;;) {
    const present = await selectCounts(database.read, subjects, '');
    const missing = GUESS_KINDS.flatMap((kind) => {
      const subject = subjects[kind];
      return subject === null || present.has(subject) ? [] : [{ kind, subject }];
    });
    if (missing.length === 0) return;
    try {
      await database.write(async (sql) => {
        for (const { kind, subject } of missing) await insertCount(sql, kind, subject, noFailures(nowMs));
      });
      return;
    } catch (error) {
      // Another try made one of them at the same moment: the next look finds it.
      if (!(error instanceof DuplicateKey)) throw error;
    }
  }
}

async function lockCounts(sql: Sql, subjects: Subjects, nowMs: number): Promise<GuessCounts> {
  const found = await selectCounts(sql, subjects, sql.forUpdate);
  const countOf = async (kind: GuessKind, subject: string) => {
    const count = found.get(subject);
    if (count) return count;
    // Forgotten since it was made: it had run out.
    const fresh = noFailures(nowMs);
    await insertCount(sql, kind, subject, fresh);
    return fresh;
  };
  return {
    caller: await countOf('caller', subjects.caller),
    room: subjects.room === null ? null : await countOf('room', subjects.room),
    trunk: await countOf('trunk', subjects.trunk),
  };
}

async function selectCounts(
  sql: Sql,
  subjects: Subjects,
  forUpdate: string,
): Promise<ReadonlyMap<string, GuessCount>> {
  const rows = await sql.all(
    `SELECT subject, failures, since_ms, locked_until_ms FROM guess_counters WHERE subject IN (?, ?, ?) ORDER BY subject${forUpdate}`,
    // An unknown room asks for a subject that is none, so that it costs what a room costs.
    [subjects.caller, subjects.room ?? '', subjects.trunk],
  );
  return new Map(
    rows.map((row) => [
      text(row.subject),
      {
        failures: integer(row.failures),
        sinceMs: integer(row.since_ms),
        lockedUntilMs: integerOrNull(row.locked_until_ms),
      },
    ]),
  );
}

function insertCount(sql: Sql, kind: GuessKind, subject: string, count: GuessCount): Promise<number> {
  return sql.run(
    'INSERT INTO guess_counters (subject, failures, since_ms, locked_until_ms, ends_at_ms) VALUES (?, ?, ?, ?, ?)',
    [subject, count.failures, count.sinceMs, count.lockedUntilMs, countEndsAtMs(kind, count)],
  );
}

async function storeCount(
  sql: Sql,
  kind: GuessKind,
  subject: string | null,
  count: GuessCount | null,
): Promise<void> {
  if (subject === null || count === null) return;
  await sql.run(
    'UPDATE guess_counters SET failures = ?, since_ms = ?, locked_until_ms = ?, ends_at_ms = ? WHERE subject = ?',
    [count.failures, count.sinceMs, count.lockedUntilMs, countEndsAtMs(kind, count), subject],
  );
}

async function raiseAlert(sql: Sql, kind: GuessKind, pinTry: PinTry, nowMs: number): Promise<void> {
  await sql.run(
    'INSERT INTO alerts (id, kind, owner_account_id, room_id, caller_number, trunk_id, raised_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
    [
      newId(nowMs),
      `guess-lockout-${kind === 'room' && pinTry.accountId ? 'account' : kind}`,
      pinTry.room?.ownerAccountId ?? pinTry.accountId ?? null,
      pinTry.room?.id ?? null,
      pinTry.callerNumber,
      pinTry.trunk.id,
      nowMs,
    ],
  );
}

/** When this caller last opened this room; null when never, or when the trunk does not vouch for his number. */
async function knownSinceMs(
  sql: Sql,
  { callerNumber, trunk, room }: PinTry,
  nowMs: number,
): Promise<number | null> {
  const [row] = await sql.all(
    'SELECT entered_at_ms FROM room_known_callers WHERE room_id = ? AND caller_number = ? AND entered_at_ms > ?',
    [room?.id ?? '', callerNumber ?? '', nowMs - KNOWN_MS],
  );
  return row && trunk.trustsCallerId ? integer(row.entered_at_ms) : null;
}

async function rememberCaller(
  database: Database,
  { callerNumber, trunk, room }: PinTry,
  nowMs: number,
): Promise<void> {
  if (callerNumber === null || room === null || !trunk.trustsCallerId) return;
  try {
    await database.write((sql) =>
      sql.run('INSERT INTO room_known_callers (room_id, caller_number, entered_at_ms) VALUES (?, ?, ?)', [
        room.id,
        callerNumber,
        nowMs,
      ]),
    );
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    await database.write((sql) =>
      sql.run('UPDATE room_known_callers SET entered_at_ms = ? WHERE room_id = ? AND caller_number = ?', [
        nowMs,
        room.id,
        callerNumber,
      ]),
    );
  }
}
