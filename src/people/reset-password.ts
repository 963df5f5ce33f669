import type { Database } from '../kernel/unit-of-work';
import { hashPassword } from './hash-password-argon2';
import { readLink, useLink } from './one-time-links';
import { queueMail } from './people-mails';
import { findByMail, readPerson } from './people-store';
import { mailOf, type Person } from './person';
import { newPassword } from './password-rules';
import type { Visitor } from './sessions';
import { noteKnownAddress, replacePassword } from './sign-in';
import { countRequest } from './sign-in-tries';

/** Mails whoever has this mail address a link to a new password; says nothing of whether somebody has. @throws InvalidInput, TooManyTries */
export async function askForReset(
  database: Database,
  wish: {
    readonly mail: string;
    readonly address: string;
    readonly houseLanguage: string;
    readonly nowMs: number;
  },
): Promise<void> {
  const mail = mailOf(wish.mail);
  await countRequest(database, { what: 'reset', address: wish.address, nowMs: wish.nowMs });
  const found = await findByMail(database.read, mail);
  if (!found || found.person.state !== 'active') return;
  const { person } = found;
  await database.write((sql) =>
    queueMail(
      sql,
      {
        kind: 'reset-password',
        subject: person.id,
        to: person.mail,
        language: person.language ?? wish.houseLanguage,
      },
      wish.nowMs,
    ),
  );
}

/**
 * Sets a password by a mailed link. All sessions end, and a second factor stays: whoever reads somebody's mail does not get in by that alone.
 * @throws LinkNotGood, InvalidInput, TooManyTries
 */
export async function resetPassword(
  database: Database,
  wish: {
    readonly token: string;
    readonly newPassword: string;
    readonly visitor: Visitor;
    readonly houseLanguage: string;
    readonly nowMs: number;
  },
): Promise<Person> {
  const { token, visitor, nowMs } = wish;
  const { subject } = await readLink(database.read, 'reset-password', token, nowMs);
  const person = await readPerson(database.read, subject);
  const passwordHash = await hashPassword(newPassword('newPassword', wish.newPassword, person));
  await database.write(async (sql) => {
    await useLink(sql, 'reset-password', token, nowMs);
    // Whoever opened the link reads this mailbox.
    await sql.run('UPDATE people SET mail_verified_at_ms = ? WHERE id = ? AND mail_verified_at_ms IS NULL', [
      nowMs,
      person.id,
    ]);
    await noteKnownAddress(sql, person.id, visitor.address, nowMs);
    await replacePassword(sql, { person, passwordHash, visitor, houseLanguage: wish.houseLanguage, nowMs });
  });
  return person;
}
