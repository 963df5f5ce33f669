import { fingerprint, newId, randomSecret } from '../kernel/ids';
import { type Database, integer, type Row, type Sql, text } from '../kernel/unit-of-work';
import { findPerson } from './people-store';
import { isStaff, type Person } from './person';

/** How long a session lasts without a request, and at all: staff sees what belongs to others, so it is asked again sooner. */
const LIMITS = {
  staff: { idleMs: 2 * 3_600_000, absoluteMs: 12 * 3_600_000 },
  customer: { idleMs: 14 * 86_400_000, absoluteMs: 60 * 86_400_000 },
} as const;
/** How long somebody who gave his password may take for the second factor. */
const SECOND_FACTOR_MS = 10 * 60_000;
/** A person's sessions; one more ends the oldest. */
export const MAX_SESSIONS = 30;
/** Requests in quick succession are noted once. */
const NOTED_EVERY_MS = 60_000;
const LONGEST_BROWSER = 200;

export type Stage = 'second-factor' | 'signed-in';

/** One browser that somebody has signed in with. */
export type Session = {
  readonly id: string;
  readonly personId: string;
  readonly stage: Stage;
  readonly address: string;
  readonly browser: string;
  readonly createdAtMs: number;
  readonly seenAtMs: number;
  /** Its last moment, however much it is used. */
  readonly expiresAtMs: number;
};

/** From where somebody signs in. */
export type Visitor = { readonly address: string; readonly browser: string };

const COLUMNS = 'id, person_id, stage, address, browser, created_at_ms, seen_at_ms, expires_at_ms';

/** Begins a session; its secret goes into the cookie and is stored as a fingerprint only. */
export async function beginSession(
  sql: Sql,
  wanted: {
    readonly person: Person;
    readonly stage: Stage;
    readonly visitor: Visitor;
    readonly nowMs: number;
  },
): Promise<{ readonly session: Session; readonly secret: string }> {
  const { person, stage, visitor, nowMs } = wanted;
  const secret = randomSecret(32);
  const session: Session = {
    id: newId(nowMs),
    personId: person.id,
    stage,
    address: visitor.address,
    browser: visitor.browser.slice(0, LONGEST_BROWSER),
    createdAtMs: nowMs,
    seenAtMs: nowMs,
    expiresAtMs: nowMs + (stage === 'second-factor' ? SECOND_FACTOR_MS : limitsOf(person).absoluteMs),
  };
  await sql.run(`INSERT INTO sessions (${COLUMNS}, secret_fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, [
    session.id,
    session.personId,
    session.stage,
    session.address,
    session.browser,
    session.createdAtMs,
    session.seenAtMs,
    session.expiresAtMs,
    fingerprint(secret),
  ]);
  const others = await sql.all('SELECT id FROM sessions WHERE person_id = ? ORDER BY id DESC', [person.id]);
  for (const { id } of others.slice(MAX_SESSIONS))
    await sql.run('DELETE FROM sessions WHERE id = ?', [text(id)]);
  return { session, secret };
}

/** The session of a cookie and its person; null when it has ended, or the person is blocked. */
export async function findSession(
  sql: Sql,
  secret: string,
  nowMs: number,
): Promise<{ readonly session: Session; readonly person: Person } | null> {
  const [row] = await sql.all(
    `SELECT ${COLUMNS} FROM sessions WHERE secret_fingerprint = ? AND expires_at_ms > ?`,
    [fingerprint(secret), nowMs],
  );
  if (!row) return null;
  const session = toSession(row);
  const person = await findPerson(sql, session.personId);
  if (!person || person.state !== 'active') return null;
  return nowMs - session.seenAtMs < limitsOf(person).idleMs ? { session, person } : null;
}

/** Notes that a session was used. */
export async function noteSeen(database: Database, session: Session, nowMs: number): Promise<void> {
  if (nowMs - session.seenAtMs < NOTED_EVERY_MS) return;
  await database.write((sql) =>
    sql.run('UPDATE sessions SET seen_at_ms = ? WHERE id = ?', [nowMs, session.id]),
  );
}

/** The sessions of a person, the newest first. */
export async function sessionsOf(sql: Sql, person: Person, nowMs: number): Promise<readonly Session[]> {
  const rows = await sql.all(
    `SELECT ${COLUMNS} FROM sessions WHERE person_id = ? AND stage = 'signed-in' AND expires_at_ms > ? AND seen_at_ms > ? ORDER BY id DESC`,
    [person.id, nowMs, nowMs - limitsOf(person).idleMs],
  );
  return rows.map(toSession);
}

/** Ends one session of a person; false when he has none of this id. */
export async function endSession(sql: Sql, personId: string, sessionId: string): Promise<boolean> {
  return (await sql.run('DELETE FROM sessions WHERE id = ? AND person_id = ?', [sessionId, personId])) > 0;
}

/** Ends all sessions of a person but one, or all; gives their number. */
export function endSessions(sql: Sql, personId: string, exceptId: string | null): Promise<number> {
  return sql.run('DELETE FROM sessions WHERE person_id = ? AND id <> ?', [personId, exceptId ?? '']);
}

/** Forgets sessions that have ended by themselves. */
export function forgetOldSessions(database: Database, nowMs: number): Promise<number> {
  return database.write((sql) =>
    sql.run('DELETE FROM sessions WHERE expires_at_ms <= ? OR seen_at_ms <= ?', [
      nowMs,
      nowMs - LIMITS.customer.idleMs,
    ]),
  );
}

/**
 * What a page must send with a request that changes something, beside the cookie: a page of somebody else has the cookie sent, and cannot
 * know this.
 */
export function csrfTokenOf(secret: string): string {
  return fingerprint(`csrf ${secret}`);
}

function limitsOf(person: Person): { readonly idleMs: number; readonly absoluteMs: number } {
  return isStaff(person.role) ? LIMITS.staff : LIMITS.customer;
}

function toSession(row: Row): Session {
  return {
    id: text(row.id),
    personId: text(row.person_id),
    stage: text(row.stage) === 'signed-in' ? 'signed-in' : 'second-factor',
    address: text(row.address),
    browser: text(row.browser),
    createdAtMs: integer(row.created_at_ms),
    seenAtMs: integer(row.seen_at_ms),
    expiresAtMs: integer(row.expires_at_ms),
  };
}
