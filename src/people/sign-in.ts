import { type Actor, recordDeed } from '../audit/audit-log';
import { AppError, InvalidInput } from '../kernel/app-error';
import { type Database, DuplicateKey, type Sql, text } from '../kernel/unit-of-work';
import { hashPassword, isPassword, isWeak } from './hash-password-argon2';
import { queueMail } from './people-mails';
import { findByMail, passwordHashOf, setPasswordHash } from './people-store';
import { mailOf, type Person } from './person';
import { newPassword, normalisedPassword } from './password-rules';
import { beginSession, endSession, endSessions, type Session, type Stage, type Visitor } from './sessions';
import { countTry, takeBackTry } from './sign-in-tries';

/** Addresses that a person is known at; one more forgets the one that was used longest ago. */
const MAX_KNOWN_ADDRESSES = 20;

/** Mail address and password do not belong together, or to nobody, or to somebody who is blocked: the answer does not tell which. */
export class WrongCredentials extends AppError {
  readonly code = 'wrong-credentials';
  constructor() {
    super('mail address or password is wrong');
  }
}

export type SignedIn = { readonly person: Person; readonly session: Session; readonly secret: string };

/** How somebody is named in the audit log. */
export function actorOf(person: Pick<Person, 'id' | 'name'>): Actor {
  return { kind: 'person', id: person.id, label: person.name };
}

/** Who is not known (yet). */
export const VISITOR: Actor = { kind: 'visitor', id: '', label: 'visitor' };

/**
 * Signs somebody in by mail address and password. A mail address that is nobody's takes the same steps and the same time. `needs` says whether a
 * second factor must follow; then the session gives no rights yet.
 * @throws WrongCredentials, TooManyTries
 */
export async function signIn(
  database: Database,
  wish: {
    readonly mail: string;
    readonly password: string;
    readonly visitor: Visitor;
    readonly nowMs: number;
  },
  needsSecondFactor: (sql: Sql, personId: string) => Promise<boolean>,
): Promise<SignedIn> {
  const { visitor, nowMs } = wish;
  const mail = mailToLookFor(wish.mail);
  const found = await findByMail(database.read, mail);
  const isKnown = found !== null && (await isKnownAddress(database.read, found.person.id, visitor.address));
  const counted = await countTry(database, { mail, address: visitor.address, isKnown, nowMs });
  const password = normalisedPassword(wish.password);
  const isRight = await isPassword(password, found?.passwordHash ?? null);
  if (!found || !isRight || found.person.state !== 'active') {
    await database.write((sql) =>
      recordDeed(sql, {
        actor: VISITOR,
        action: 'sign-in-refused',
        subject: found?.person.id ?? '',
        address: visitor.address,
        nowMs,
      }),
    );
    throw new WrongCredentials();
  }
  const { person, passwordHash } = found;
  const better = isWeak(passwordHash) ? await hashPassword(password) : null;
  return database.write(async (sql) => {
    await takeBackTry(sql, counted);
    if (better !== null) await setPasswordHash(sql, person.id, better);
    const stage = (await needsSecondFactor(sql, person.id)) ? 'second-factor' : 'signed-in';
    return enter(sql, { person, stage, visitor, nowMs, by: 'password' });
  });
}

/** Begins a session, whichever way somebody was recognised, and records it. */
export async function enter(
  sql: Sql,
  wish: {
    readonly person: Person;
    readonly stage: Stage;
    readonly visitor: Visitor;
    readonly nowMs: number;
    readonly by: string;
  },
): Promise<SignedIn> {
  const { person, stage, visitor, nowMs, by } = wish;
  const begun = await beginSession(sql, { person, stage, visitor, nowMs });
  if (stage === 'signed-in') await noteKnownAddress(sql, person.id, visitor.address, nowMs);
  await recordDeed(sql, {
    actor: actorOf(person),
    action: stage === 'signed-in' ? 'signed-in' : 'first-factor-shown',
    subject: person.id,
    address: visitor.address,
    facts: { by, session: begun.session.id },
    nowMs,
  });
  return { person, ...begun };
}

/** Ends the session that asks. */
export async function signOut(
  database: Database,
  wish: {
    readonly person: Person;
    readonly sessionId: string;
    readonly address: string;
    readonly nowMs: number;
  },
): Promise<void> {
  await database.write(async (sql) => {
    if (!(await endSession(sql, wish.person.id, wish.sessionId))) return;
    await recordDeed(sql, {
      actor: actorOf(wish.person),
      action: 'signed-out',
      subject: wish.person.id,
      address: wish.address,
      facts: { session: wish.sessionId },
      nowMs: wish.nowMs,
    });
  });
}

/**
 * Changes a person's password: all his sessions end, and the one that asks goes on under a new secret.
 * @throws InvalidInput for a wrong current or a bad new one; TooManyTries
 */
export async function changePassword(
  database: Database,
  wish: {
    readonly person: Person;
    readonly currentPassword: string;
    readonly newPassword: string;
    readonly visitor: Visitor;
    readonly houseLanguage: string;
    readonly nowMs: number;
  },
): Promise<SignedIn> {
  const { person, visitor, houseLanguage, nowMs } = wish;
  await mustBePassword(database, { ...wish, password: wish.currentPassword, field: 'currentPassword' });
  const passwordHash = await hashPassword(newPassword('newPassword', wish.newPassword, person));
  return database.write(async (sql) => {
    await replacePassword(sql, { person, passwordHash, visitor, houseLanguage, nowMs });
    return enter(sql, { person, stage: 'signed-in', visitor, nowMs, by: 'password-change' });
  });
}

/** Sets a password, ends every session of the person and writes to him: if it was not he, he learns of it. */
export async function replacePassword(
  sql: Sql,
  wish: {
    readonly person: Person;
    readonly passwordHash: string;
    readonly visitor: Visitor;
    readonly houseLanguage: string;
    readonly nowMs: number;
  },
): Promise<void> {
  const { person, passwordHash, visitor, houseLanguage, nowMs } = wish;
  await setPasswordHash(sql, person.id, passwordHash);
  const ended = await endSessions(sql, person.id, null);
  await recordDeed(sql, {
    actor: actorOf(person),
    action: 'password-changed',
    subject: person.id,
    address: visitor.address,
    facts: { endedSessions: ended },
    nowMs,
  });
  await queueMail(
    sql,
    {
      kind: 'password-changed',
      subject: person.id,
      to: person.mail,
      language: person.language ?? houseLanguage,
    },
    nowMs,
  );
}

/** Asks somebody who is signed in for his password once more; guesses count as they do at signing in. @throws InvalidInput, TooManyTries */
export async function mustBePassword(
  database: Database,
  wish: {
    readonly person: Person;
    readonly password: string;
    readonly field: string;
    readonly visitor: Visitor;
    readonly nowMs: number;
  },
): Promise<void> {
  const { person, field, visitor, nowMs } = wish;
  const counted = await countTry(database, {
    mail: person.mail,
    address: visitor.address,
    isKnown: true,
    nowMs,
  });
  const kept = await passwordHashOf(database.read, person.id);
  if (!(await isPassword(normalisedPassword(wish.password), kept)))
    throw new InvalidInput(field, 'is not your password', 'type the one that you sign in with');
  await database.write((sql) => takeBackTry(sql, counted));
}

/** A mail address that cannot be one is looked for all the same: it takes the same time and is found nowhere. */
function mailToLookFor(typed: string): string {
  try {
    return mailOf(typed);
  } catch {
    return '';
  }
}

async function isKnownAddress(sql: Sql, personId: string, address: string): Promise<boolean> {
  const rows = await sql.all('SELECT address FROM known_addresses WHERE person_id = ? AND address = ?', [
    personId,
    address,
  ]);
  return rows.length > 0;
}

/** From now on, what others try elsewhere does not keep somebody out at this address. */
export async function noteKnownAddress(
  sql: Sql,
  personId: string,
  address: string,
  nowMs: number,
): Promise<void> {
  try {
    await sql.run('INSERT INTO known_addresses (person_id, address, last_at_ms) VALUES (?, ?, ?)', [
      personId,
      address,
      nowMs,
    ]);
  } catch (error) {
    if (!(error instanceof DuplicateKey)) throw error;
    await sql.run('UPDATE known_addresses SET last_at_ms = ? WHERE person_id = ? AND address = ?', [
      nowMs,
      personId,
      address,
    ]);
  }
  const rows = await sql.all(
    'SELECT address FROM known_addresses WHERE person_id = ? ORDER BY last_at_ms DESC',
    [personId],
  );
  for (const old of rows.slice(MAX_KNOWN_ADDRESSES))
    await sql.run('DELETE FROM known_addresses WHERE person_id = ? AND address = ?', [
      personId,
      text(old.address),
    ]);
}
