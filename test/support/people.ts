import type { Clock } from '../../src/kernel/clock';
import { silentLog } from '../../src/kernel/log';
import { type Database, text } from '../../src/kernel/unit-of-work';
import type { Mail } from '../../src/mail/mail';
import { PERSON_MAIL, sendPersonMail } from '../../src/people/people-mails';
import { addPerson } from '../../src/people/people-store';
import { hashPassword } from '../../src/people/hash-password-argon2';
import type { Person } from '../../src/people/person';

/** A password that passes every rule. */
export const PASSWORD = 'correct horse battery staple';

let hash: Promise<string> | null = null;
let serial = 0;

/** Somebody who may sign in with PASSWORD. */
export async function aPerson(
  database: Database,
  { role = 'admin', accountId = null }: { role?: Person['role']; accountId?: string | null } = {},
): Promise<Person> {
  hash ??= hashPassword(PASSWORD);
  const passwordHash = await hash;
  const nowMs = Date.UTC(2026, 0, 15);
  const mail = `${role}.${serial++}@example.org`;
  return database.write((sql) =>
    addPerson(sql, {
      name: `A ${role}`,
      mail,
      mailVerifiedAtMs: nowMs,
      role,
      accountId,
      passwordHash,
      nowMs,
    }),
  );
}

/** Sends the mails to people that are waiting, and gives them. */
export async function waitingMails(database: Database, clock: Clock): Promise<readonly Mail[]> {
  const mails: Mail[] = [];
  const rows = await database.read.all('SELECT id, payload FROM jobs WHERE kind = ? ORDER BY id', [
    PERSON_MAIL,
  ]);
  for (const row of rows)
    await sendPersonMail(
      {
        database,
        clock,
        log: silentLog,
        send: async (mail) => void mails.push(mail),
        from: 'house@example.org',
        publicUrl: 'https://voip.example.org',
      },
      {
        id: text(row.id),
        kind: PERSON_MAIL,
        uniqueKey: '',
        payload: JSON.parse(text(row.payload)) as Record<string, unknown>,
        attempt: 1,
      },
    );
  await database.write((sql) => sql.run('DELETE FROM jobs WHERE kind = ?', [PERSON_MAIL]));
  return mails;
}

/** The token of the link in a mail. */
export function tokenIn(mail: Mail | undefined): string {
  return /#([\w-]+)/.exec(mail?.text ?? '')?.[1] ?? '';
}
