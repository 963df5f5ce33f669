import { type Actor, recordDeed } from '../audit/audit-log';
import { Conflict, InvalidInput } from '../kernel/app-error';
import { type Database, text } from '../kernel/unit-of-work';
import { hashPassword } from './hash-password-argon2';
import { makeLink, readLink, useLink } from './one-time-links';
import { queueMail } from './people-mails';
import { addPerson, findByMail, hasAdministrator, readPerson } from './people-store';
import { isStaff, mailOf, type Person, type PersonState, roleOf, type StaffRole } from './person';
import { newPassword } from './password-rules';

import { endSessions, type Visitor } from './sessions';
import { enter, type SignedIn } from './sign-in';

/** Whom the first link of an installation is for: nobody is known yet. */
const FIRST_OPERATOR = { subject: 'first-operator', role: 'admin' } as const;

const SERVICE: Actor = { kind: 'service', id: '', label: '123-voip' };

/** Makes the link by which the first administrator comes in, while there is none; null when there is one. */
export async function offerFirstOperator(database: Database, nowMs: number): Promise<string | null> {
  return database.write(async (sql) => {
    if (await hasAdministrator(sql)) return null;
    const { token } = await makeLink(sql, 'first-operator', FIRST_OPERATOR, nowMs);
    await recordDeed(sql, { actor: SERVICE, action: 'first-operator-offered', subject: '', nowMs });
    return token;
  });
}

/**
 * Makes the first administrator and signs him in. The mail address is believed: the link came from the machine itself.
 * @throws LinkNotGood, InvalidInput, Conflict
 */
export async function becomeFirstOperator(
  database: Database,
  wish: {
    readonly token: string;
    readonly name: string;
    readonly mail: string;
    readonly password: string;
    readonly visitor: Visitor;
    readonly nowMs: number;
  },
): Promise<SignedIn> {
  const { token, name, visitor, nowMs } = wish;
  const mail = mailOf(wish.mail);
  await readLink(database.read, 'first-operator', token, nowMs);
  const passwordHash = await hashPassword(newPassword('password', wish.password, { mail, name }));
  return database.write(async (sql) => {
    // All who come at once use up the same row, so one of them alone goes on.
    await useLink(sql, 'first-operator', token, nowMs);
    if (await hasAdministrator(sql))
      throw new Conflict('there is an administrator already; ask for an invitation');
    const person = await addPerson(sql, {
      name,
      mail,
      mailVerifiedAtMs: nowMs,
      role: 'admin',
      passwordHash,
      nowMs,
    });
    return enter(sql, { person, stage: 'signed-in', visitor, nowMs, by: 'first-operator' });
  });
}

/** Mails an invitation to become staff. @throws InvalidInput; Conflict when the mail address is somebody's */
export async function inviteStaff(
  database: Database,
  wish: {
    readonly mail: string;
    readonly role: StaffRole;
    readonly language: string;
    readonly actor: Actor;
    readonly nowMs: number;
  },
): Promise<void> {
  const mail = mailOf(wish.mail);
  await database.write(async (sql) => {
    if (await findByMail(sql, mail))
      throw new Conflict('this mail address is somebody’s already; change the role of that person');
    await queueMail(
      sql,
      { kind: 'invitation', subject: mail, to: mail, role: wish.role, language: wish.language },
      wish.nowMs,
    );
    await recordDeed(sql, {
      actor: wish.actor,
      action: 'staff-invited',
      subject: mail,
      facts: { role: wish.role },
      nowMs: wish.nowMs,
    });
  });
}

/** Makes somebody staff by the invitation that he was mailed, and signs him in. @throws LinkNotGood, InvalidInput, Conflict */
export async function acceptInvitation(
  database: Database,
  wish: {
    readonly token: string;
    readonly name: string;
    readonly password: string;
    readonly visitor: Visitor;
    readonly nowMs: number;
  },
): Promise<SignedIn> {
  const { token, name, visitor, nowMs } = wish;
  const { subject: mail } = await readLink(database.read, 'invitation', token, nowMs);
  const passwordHash = await hashPassword(newPassword('password', wish.password, { mail, name }));
  return database.write(async (sql) => {
    const { role } = await useLink(sql, 'invitation', token, nowMs);
    const person = await addPerson(sql, {
      name,
      mail,
      mailVerifiedAtMs: nowMs,
      role: roleOf(role ?? ''),
      passwordHash,
      nowMs,
    });
    return enter(sql, { person, stage: 'signed-in', visitor, nowMs, by: 'invitation' });
  });
}

/**
 * Gives staff another role, or blocks somebody; either ends his sessions, so that it counts at once.
 * @throws NotFound; InvalidInput for oneself or between staff and customers; Conflict for the last administrator
 */
export async function changePerson(
  database: Database,
  wish: {
    readonly personId: string;
    readonly role?: StaffRole | undefined;
    readonly state?: PersonState | undefined;
    readonly actor: Actor;
    readonly nowMs: number;
  },
): Promise<Person> {
  const { personId, actor, nowMs } = wish;
  return database.write(async (sql) => {
    // Locked in one order, and before anything is decided: two administrators who take each other's role are one too many.
    const admins = await sql.all(
      `SELECT id FROM people WHERE role = 'admin' AND state = 'active' ORDER BY id${sql.forUpdate}`,
    );
    const before = await readPerson(sql, personId);
    const after = { ...before, role: wish.role ?? before.role, state: wish.state ?? before.state };
    if (after.role === before.role && after.state === before.state) return before;
    if (after.role !== before.role && !isStaff(before.role))
      throw new InvalidInput('role', 'belongs to a customer', 'invite staff by another mail address');
    if (after.state === 'blocked' && actor.id === personId)
      throw new InvalidInput('state', 'would block yourself', 'ask another administrator');
    const isAdmin = after.role === 'admin' && after.state === 'active';
    if (!isAdmin && admins.length === 1 && text(admins[0]?.id) === personId)
      throw new Conflict('the last administrator stays; make another one first');
    await sql.run('UPDATE people SET role = ?, state = ? WHERE id = ?', [after.role, after.state, personId]);
    await endSessions(sql, personId, null);
    await recordDeed(sql, {
      actor,
      action: 'person-changed',
      subject: personId,
      facts: { role: after.role, state: after.state, roleBefore: before.role, stateBefore: before.state },
      nowMs,
    });
    return after;
  });
}
