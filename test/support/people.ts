import type { Database } from '../../src/kernel/unit-of-work';
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
