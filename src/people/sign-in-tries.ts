import { AppError } from '../kernel/app-error';
import { fingerprint } from '../kernel/ids';
import { type Database, DuplicateKey, integer, integerOrNull, type Sql } from '../kernel/unit-of-work';

/** How tries at one subject are slowed down: so many are free, then each waits twice as long as the one before. */
export type Slowing = { readonly free: number; readonly longestWaitMs: number };

const FIRST_WAIT_MS = 1_000;
/** A subject that was left alone for so long begins anew. */
const FORGOTTEN_MS = 86_400_000;

/** A mail address and an address that its owner has not signed in from; all addresses together that try one mail address; one address. */
const PAIR: Slowing = { free: 5, longestWaitMs: 900_000 };
const MAIL: Slowing = { free: 10, longestWaitMs: 900_000 };
const ADDRESS: Slowing = { free: 30, longestWaitMs: 900_000 };
/** Where its owner has signed in from before, what others try elsewhere does not count, and a wait is short. */
const KNOWN_PAIR: Slowing = { free: 5, longestWaitMs: 60_000 };

/** One more try now would be a guess too many. */
export class TooManyTries extends AppError {
  readonly code = 'too-many-tries';
  constructor(waitMs: number) {
    const waitSeconds = Math.ceil(waitMs / 1000);
    super(`too many tries; wait ${waitSeconds} s and try again`, { waitSeconds });
  }
}

/** How long after its n-th try in a row a subject waits. */
export function waitAfterMs(tries: number, { free, longestWaitMs }: Slowing): number {
  if (tries < free) return 0;
  return Math.min(longestWaitMs, FIRST_WAIT_MS * 2 ** Math.min(tries - free, 30));
}

/** A try that was counted; given to `takeBackTry` when it was right. */
export type CountedTry = { readonly pair: string; readonly others: readonly string[] };

/**
 * Counts a try before it is looked at, so that those made at once are all counted.
 * @throws TooManyTries, and then nothing is looked at and nothing counted
 */
export async function countTry(
  database: Database,
  tried: {
    readonly mail: string;
    readonly address: string;
    readonly isKnown: boolean;
    readonly nowMs: number;
  },
): Promise<CountedTry> {
  const { mail, address, isKnown, nowMs } = tried;
  const pair = fingerprint(`pair ${mail} ${address}`);
  const slowed: readonly (readonly [string, Slowing])[] = isKnown
    ? [[pair, KNOWN_PAIR]]
    : [
        [pair, PAIR],
        [fingerprint(`mail ${mail}`), MAIL],
        [fingerprint(`address ${address}`), ADDRESS],
      ];
  await countAll(database, slowed, nowMs);
  return { pair, others: slowed.map(([subject]) => subject).filter((subject) => subject !== pair) };
}

/** What one address may ask for that sends mails, makes calls or hashes: sign-ups, resets, invitations taken. */
const REQUESTS: Slowing = { free: 10, longestWaitMs: 3_600_000 };

/** Codes that somebody types who has shown a password: six digits are few, and one may be misread. */
const CODES: Slowing = { free: 5, longestWaitMs: 900_000 };

/** Counts a code of a second factor before it is looked at. @throws TooManyTries */
export async function countCode(database: Database, personId: string, nowMs: number): Promise<CountedTry> {
  const subject = fingerprint(`second-factor ${personId}`);
  await countAll(database, [[subject, CODES]], nowMs);
  return { pair: subject, others: [] };
}

/** Counts a request of an address that costs us or others something, whatever comes of it. @throws TooManyTries */
export async function countRequest(
  database: Database,
  { what, address, nowMs }: { readonly what: string; readonly address: string; readonly nowMs: number },
): Promise<void> {
  await countAll(database, [[fingerprint(`${what} ${address}`), REQUESTS]], nowMs);
}

/** A right password was no guess: what was counted for it is taken back, and who knows it begins anew where he is. */
export async function takeBackTry(sql: Sql, { pair, others }: CountedTry): Promise<void> {
  await sql.run('DELETE FROM sign_in_tries WHERE subject = ?', [pair]);
  for (const subject of others)
    await sql.run(
      'UPDATE sign_in_tries SET tries = tries - 1, wait_until_ms = 0 WHERE subject = ? AND tries > 0',
      [subject],
    );
}

/** Forgets subjects that nobody has tried for a day. */
export async function forgetOldTries(database: Database, nowMs: number): Promise<number> {
  return database.write((sql) =>
    sql.run('DELETE FROM sign_in_tries WHERE last_at_ms < ?', [nowMs - FORGOTTEN_MS]),
  );
}

async function triesSoFar(sql: Sql, subject: string, nowMs: number): Promise<number> {
  // The row is made first: what does not exist cannot be locked.
  try {
    await sql.run(
      'INSERT INTO sign_in_tries (subject, tries, wait_until_ms, last_at_ms) VALUES (?, 0, 0, ?)',
      [subject, nowMs],
    );
    return 0;
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
  }
  const [row] = await sql.all(
    `SELECT tries, wait_until_ms, last_at_ms FROM sign_in_tries WHERE subject = ?${sql.forUpdate}`,
    [subject],
  );
  if (!row || integer(row.last_at_ms) < nowMs - FORGOTTEN_MS) return 0;
  const waitMs = integer(row.wait_until_ms) - nowMs;
  if (waitMs > 0) throw new TooManyTries(waitMs);
  return integer(row.tries);
}

async function countAll(
  database: Database,
  slowed: readonly (readonly [string, Slowing])[],
  nowMs: number,
): Promise<void> {
  // Most of a flood ends here, where it keeps no writer waiting; those that are let through are asked again below.
  await mustNotWait(database.read, slowed, nowMs);
  // In one order, so that two at once do not wait for each other.
  const ordered = slowed.toSorted(([a], [b]) => (a < b ? -1 : 1));
  await database.write(async (sql) => {
    const counts: number[] = [];
    for (const [subject] of ordered) counts.push(await triesSoFar(sql, subject, nowMs));
    for (const [index, [subject, slowing]] of ordered.entries()) {
      const tries = (counts[index] ?? 0) + 1;
      await sql.run(
        'UPDATE sign_in_tries SET tries = ?, wait_until_ms = ?, last_at_ms = ? WHERE subject = ?',
        [tries, nowMs + waitAfterMs(tries, slowing), nowMs, subject],
      );
    }
  });
}

async function mustNotWait(
  sql: Sql,
  slowed: readonly (readonly [string, Slowing])[],
  nowMs: number,
): Promise<void> {
  const [row] = await sql.all(
    `SELECT MAX(wait_until_ms) AS wait_until_ms FROM sign_in_tries WHERE subject IN (${slowed.map(() => '?').join(', ')})`,
    slowed.map(([subject]) => subject),
  );
  const waitMs = (integerOrNull(row?.wait_until_ms) ?? 0) - nowMs;
  if (waitMs > 0) throw new TooManyTries(waitMs);
}
