import { Conflict, NotFound } from '../kernel/app-error';
import { newId } from '../kernel/ids';
import {
  DuplicateKey,
  integer,
  partOf,
  type Row,
  type Sql,
  type SqlValue,
  text,
  textOrNull,
  whereOf,
} from '../kernel/unit-of-work';
import { type Person, type PersonState, roleOf } from './person';

const COLUMNS =
  'id, name, mail, mail_verified_at_ms, phone, phone_verified_at_ms, language, country, role, account_id, state, created_at_ms';

export type NewPerson = {
  readonly name: string;
  readonly mail: string;
  readonly mailVerifiedAtMs: number | null;
  readonly phone?: string | null;
  readonly language?: string | null;
  readonly country?: string | null;
  readonly role: Person['role'];
  readonly accountId?: string | null;
  readonly passwordHash: string;
  readonly nowMs: number;
};

/** Stores an active person. @throws Conflict when the mail address is somebody's */
export async function addPerson(sql: Sql, wanted: NewPerson): Promise<Person> {
  const person: Person = {
    id: newId(wanted.nowMs),
    name: wanted.name,
    mail: wanted.mail,
    mailVerified: wanted.mailVerifiedAtMs !== null,
    phone: wanted.phone ?? null,
    phoneVerified: false,
    language: wanted.language ?? null,
    country: wanted.country ?? null,
    role: wanted.role,
    accountId: wanted.accountId ?? null,
    state: 'active',
    createdAtMs: wanted.nowMs,
  };
  try {
    await sql.run(
      `INSERT INTO people (${COLUMNS}, password_hash) VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?)`,
      [
        person.id,
        person.name,
        person.mail,
        wanted.mailVerifiedAtMs,
        person.phone,
        person.language,
        person.country,
        person.role,
        person.accountId,
        person.state,
        person.createdAtMs,
        wanted.passwordHash,
      ],
    );
  } catch (error) {
    if (error instanceof DuplicateKey) throw new Conflict('this mail address is somebody’s already');
    throw error;
  }
  return person;
}

export async function findPerson(sql: Sql, personId: string): Promise<Person | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS} FROM people WHERE id = ?`, [personId]);
  return row ? toPerson(row) : null;
}

/** @throws NotFound */
export async function readPerson(sql: Sql, personId: string): Promise<Person> {
  const person = await findPerson(sql, personId);
  if (!person) throw new NotFound('person', personId);
  return person;
}

/** The person with this mail address, and what the password is kept as; null when it is nobody's. */
export async function findByMail(
  sql: Sql,
  mail: string,
): Promise<{ readonly person: Person; readonly passwordHash: string } | null> {
  const [row] = await sql.all(`SELECT ${COLUMNS}, password_hash FROM people WHERE mail = ?`, [mail]);
  return row ? { person: toPerson(row), passwordHash: text(row.password_hash) } : null;
}

/** What a person's password is kept as. @throws NotFound */
export async function passwordHashOf(sql: Sql, personId: string): Promise<string> {
  const [row] = await sql.all('SELECT password_hash FROM people WHERE id = ?', [personId]);
  if (!row) throw new NotFound('person', personId);
  return text(row.password_hash);
}

export async function setPasswordHash(sql: Sql, personId: string, passwordHash: string): Promise<void> {
  await sql.run('UPDATE people SET password_hash = ? WHERE id = ?', [passwordHash, personId]);
}

/** Whether there is a person who runs this service. */
export async function hasAdministrator(sql: Sql): Promise<boolean> {
  return (await sql.all("SELECT id FROM people WHERE role = 'admin' LIMIT 1")).length > 0;
}

export type PeopleWanted = {
  /** Part of a name or mail address; null: everybody. */
  readonly search: string | null;
  readonly role: string | null;
  readonly state: PersonState | null;
  readonly afterId: string | null;
  readonly limit: number;
};

/** People in the order they came, one more than `limit` when there are more. */
export async function listPeople(sql: Sql, wanted: PeopleWanted): Promise<readonly Person[]> {
  const like = wanted.search === null ? null : partOf(wanted.search);
  const { where, values } = whereOf([
    ["(LOWER(name) LIKE ? ESCAPE '!' OR mail LIKE ? ESCAPE '!')", like],
    ['role = ?', wanted.role],
    ['state = ?', wanted.state],
    ['id > ?', wanted.afterId],
  ]);
  const bound: SqlValue[] = like === null ? [...values] : [like, ...values];
  const rows = await sql.all(`SELECT ${COLUMNS} FROM people ${where} ORDER BY id LIMIT ?`, [
    ...bound,
    wanted.limit + 1,
  ]);
  return rows.map(toPerson);
}

function toPerson(row: Row): Person {
  return {
    id: text(row.id),
    name: text(row.name),
    mail: text(row.mail),
    mailVerified: row.mail_verified_at_ms !== null,
    phone: textOrNull(row.phone),
    phoneVerified: row.phone_verified_at_ms !== null,
    language: textOrNull(row.language),
    country: textOrNull(row.country),
    role: roleOf(text(row.role)),
    accountId: textOrNull(row.account_id),
    state: text(row.state) === 'active' ? 'active' : 'blocked',
    createdAtMs: integer(row.created_at_ms),
  };
}
