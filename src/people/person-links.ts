import { recordDeed } from '../audit/audit-log';
import { Conflict, NotFound } from '../kernel/app-error';
import { newId } from '../kernel/ids';
import { DuplicateKey, integer, integerOrNull, type Sql, text, textOrNull } from '../kernel/unit-of-work';
import { queueMail } from './people-mails';
import { findPerson } from './people-store';
import type { Person } from './person';
import { actorOf } from './sign-in';

const MAX_LINKS = 10;

/** An identity at a provider that somebody may sign in with. */
export type PersonLink = {
  readonly id: string;
  readonly provider: string;
  /** As the provider showed it when it was linked. */
  readonly mail: string | null;
  readonly createdAtMs: number;
  readonly usedAtMs: number | null;
};

/** What is kept of an identity. */
export type KeptIdentity = {
  readonly providerId: string;
  readonly fingerprint: string;
  readonly mail: string | null;
};

type Deed = { readonly person: Person; readonly address: string; readonly nowMs: number };

/** An identity that somebody else signs in with. */
export class LinkedElsewhere extends Conflict {
  constructor() {
    super('somebody else signs in with this account of the provider');
  }
}

/** The person an identity is linked to, or null. */
export async function linkedPerson(sql: Sql, identityFingerprint: string): Promise<Person | null> {
  const [row] = await sql.all('SELECT person_id FROM person_links WHERE identity_fingerprint = ?', [
    identityFingerprint,
  ]);
  return row ? findPerson(sql, text(row.person_id)) : null;
}

export async function noteLinkUsed(sql: Sql, identityFingerprint: string, nowMs: number): Promise<void> {
  await sql.run('UPDATE person_links SET used_at_ms = ? WHERE identity_fingerprint = ?', [
    nowMs,
    identityFingerprint,
  ]);
}

export async function linksOf(sql: Sql, personId: string): Promise<readonly PersonLink[]> {
  const rows = await sql.all(
    'SELECT id, provider, mail, created_at_ms, used_at_ms FROM person_links WHERE person_id = ? ORDER BY id',
    [personId],
  );
  return rows.map((row) => ({
    id: text(row.id),
    provider: text(row.provider),
    mail: textOrNull(row.mail),
    createdAtMs: integer(row.created_at_ms),
    usedAtMs: integerOrNull(row.used_at_ms),
  }));
}

/**
 * From now on, this identity signs the person in; one that does already goes on. He is written to: if it was not he, he learns of it.
 * @throws LinkedElsewhere; Conflict with too many
 */
export async function addLink(
  sql: Sql,
  {
    person,
    identity,
    address,
    houseLanguage,
    nowMs,
  }: Deed & {
    readonly identity: KeptIdentity;
    readonly houseLanguage: string;
  },
): Promise<void> {
  const owner = await linkedPerson(sql, identity.fingerprint);
  if (owner !== null && owner.id !== person.id) throw new LinkedElsewhere();
  if (owner !== null) return;
  if ((await linksOf(sql, person.id)).length >= MAX_LINKS)
    throw new Conflict(`${MAX_LINKS} linked accounts are the most; remove one first`);
  await keepLink(sql, { person, identity, address, nowMs });
  const language = person.language ?? houseLanguage;
  await queueMail(sql, { kind: 'link-added', subject: person.id, to: person.mail, language }, nowMs);
}

/** Stores a link of an identity that nobody has, and records it. @throws LinkedElsewhere when somebody has it after all */
export async function keepLink(
  sql: Sql,
  { person, identity, address, nowMs }: Deed & { readonly identity: KeptIdentity },
): Promise<void> {
  try {
    await sql.run(
      'INSERT INTO person_links (id, person_id, provider, identity_fingerprint, mail, created_at_ms, used_at_ms) VALUES (?, ?, ?, ?, ?, ?, NULL)',
      [newId(nowMs), person.id, identity.providerId, identity.fingerprint, identity.mail, nowMs],
    );
  } catch (error) {
    // Somebody linked it between the look and the insert.
    if (error instanceof DuplicateKey) throw new LinkedElsewhere();
    throw error;
  }
  await record(sql, 'link-added', identity.providerId, { person, address, nowMs });
}

/** This identity signs nobody in any more. Whoever has a link has a password too, so no way in is the last. @throws NotFound */
export async function removeLink(sql: Sql, linkId: string, deed: Deed): Promise<void> {
  const link = (await linksOf(sql, deed.person.id)).find(({ id }) => id === linkId);
  if (!link) throw new NotFound('link', linkId);
  await sql.run('DELETE FROM person_links WHERE id = ?', [linkId]);
  await record(sql, 'link-removed', link.provider, deed);
}

async function record(
  sql: Sql,
  action: string,
  provider: string,
  { person, address, nowMs }: Deed,
): Promise<void> {
  await recordDeed(sql, {
    actor: actorOf(person),
    action,
    subject: person.id,
    address,
    facts: { provider },
    nowMs,
  });
}
