import { recordDeed } from '../audit/audit-log';
import { openAccountWithin } from '../billing/open-account';
import { AppError, Conflict, InvalidInput } from '../kernel/app-error';
import { newId } from '../kernel/ids';
import { currency } from '../kernel/money';
import type { E164 } from '../kernel/phone-number';
import { type Database, integer, type Row, type Sql, text, textOrNull } from '../kernel/unit-of-work';
import {
  ANALYSIS_COOKIES,
  currentPolicies,
  missingPolicies,
  noteConsent,
  type PolicyVersion,
} from '../privacy/policies-store';
import { type IdentityTicket, openTicket } from './identity-ticket';
import { hashPassword } from './hash-password-argon2';
import { LIFE_MS, LinkNotGood, useLink } from './one-time-links';
import { queueMail } from './people-mails';
import { addPerson, findByMail } from './people-store';
import { keepLink, linkedPerson } from './person-links';
import { mailOf, type Person } from './person';
import { newPassword } from './password-rules';
import type { Visitor } from './sessions';
import { actorOf, enter, type SignedIn } from './sign-in';
import { countRequest } from './sign-in-tries';

const LEAST_AGE_YEARS = 18;
const OLDEST_YEARS = 130;

export type SignUp = {
  readonly name: string;
  /** As in 2001-12-31; it is compared and not kept. */
  readonly birthDate: string;
  readonly country: string;
  readonly language: string;
  readonly currency?: string | undefined;
  readonly phone: E164;
  readonly mail: string;
  readonly password: string;
  readonly policies: readonly PolicyVersion[];
  readonly cookies: { readonly analysis: boolean };
  /** An identity that a provider has vouched for, sealed; it is linked when the mail address is confirmed. */
  readonly ticket?: string | undefined;
};

export type SignUpParts = {
  /** The deck that prices the calls of whoever signs up; '': none does. */
  readonly deckName: string;
  /** What tickets of providers are sealed with. */
  readonly ticketKey: Buffer;
};

/** Nobody under eighteen has an account here. */
export class TooYoung extends AppError {
  readonly code = 'too-young';
  constructor() {
    super(`you must be ${LEAST_AGE_YEARS} to have an account here; nothing of what you wrote is kept`);
  }
}

/** Whether somebody born on that day has had his eighteenth birthday, by the date in UTC; who was born on 29 February has it on 1 March. @throws InvalidInput */
export function isAdult(birthDate: string, nowMs: number): boolean {
  const [year = 0, month = 0, day = 0] = birthDate.split('-').map(Number);
  const born = new Date(Date.UTC(year, month - 1, day));
  const isDate = born.getUTCMonth() === month - 1 && born.getUTCDate() === day;
  if (!isDate || born.getTime() > nowMs || Date.UTC(year + OLDEST_YEARS, month - 1, day) < nowMs)
    throw new InvalidInput(
      'birthDate',
      'is no day of birth',
      'write year, month and day, for example 1990-12-31',
    );
  return Date.UTC(year + LEAST_AGE_YEARS, month - 1, day) <= nowMs;
}

/**
 * Keeps what somebody wrote until he confirms his mail address. When the address is somebody's the answer is the same, and a mail tells its owner.
 * @throws TooYoung before anything is kept or counted; InvalidInput, LinkNotGood for a ticket that is too old, Conflict for missing policies, TooManyTries
 */
export async function signUp(
  database: Database,
  wish: SignUp,
  at: SignUpParts & { readonly visitor: Visitor; readonly nowMs: number },
): Promise<void> {
  const { visitor, nowMs } = at;
  if (!isAdult(wish.birthDate, nowMs)) throw new TooYoung();
  const mail = mailOf(wish.mail);
  const [missing] = missingPolicies(await currentPolicies(database.read), wish.policies);
  if (missing)
    throw new Conflict(`agree to version ${missing.version} of ${missing.policyId}, which counts now`);
  const identity = identityOf(wish.ticket, mail, at);
  const password = newPassword('password', wish.password, { mail, name: wish.name });
  const priced = await pricesFor(database.read, at.deckName, wish.currency);
  await countRequest(database, { what: 'sign-up', address: visitor.address, nowMs });
  const passwordHash = await hashPassword(password);
  await database.write(async (sql) => {
    if (await findByMail(sql, mail)) {
      await queueMail(sql, { kind: 'mail-taken', subject: mail, to: mail, language: wish.language }, nowMs);
      return;
    }
    const id = newId(nowMs);
    await sql.run(
      `INSERT INTO sign_ups (id, name, mail, phone, country, language, currency, deck_id, password_hash, policies, analysis_cookies, expires_at_ms, provider, identity_fingerprint)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      [
        id,
        wish.name,
        mail,
        wish.phone,
        wish.country,
        wish.language,
        priced.currency,
        priced.deckId,
        passwordHash,
        JSON.stringify(wish.policies),
        wish.cookies.analysis ? 1 : 0,
        nowMs + LIFE_MS['confirm-mail'],
        identity?.providerId ?? null,
        identity?.fingerprint ?? null,
      ],
    );
    await queueMail(sql, { kind: 'confirm-mail', subject: id, to: mail, language: wish.language }, nowMs);
  });
}

/** Opens the account of whoever got the mail, with its 123-voip number, and signs him in. @throws LinkNotGood */
export async function confirmMail(
  database: Database,
  { token, visitor, nowMs }: { readonly token: string; readonly visitor: Visitor; readonly nowMs: number },
): Promise<SignedIn> {
  return database.write(async (sql) => {
    const { subject } = await useLink(sql, 'confirm-mail', token, nowMs);
    const [row] = await sql.all('SELECT * FROM sign_ups WHERE id = ?', [subject]);
    // Two sign-ups with one mail address: the first that is confirmed has it.
    if (!row || (await findByMail(sql, text(row.mail)))) throw new LinkNotGood();
    const about = { name: text(row.name), country: text(row.country), language: text(row.language) };
    const account = await openAccountWithin(sql, {
      ...about,
      currency: currency(text(row.currency)),
      deckId: textOrNull(row.deck_id),
      nowMs,
    });
    const person = await addPerson(sql, {
      ...about,
      mail: text(row.mail),
      mailVerifiedAtMs: nowMs,
      phone: text(row.phone),
      role: 'user',
      accountId: account.id,
      passwordHash: text(row.password_hash),
      nowMs,
    });
    for (const policy of JSON.parse(text(row.policies)) as PolicyVersion[])
      await noteConsent(sql, person.id, policy, true, nowMs);
    await noteConsent(sql, person.id, ANALYSIS_COOKIES, integer(row.analysis_cookies) === 1, nowMs);
    await sql.run('DELETE FROM sign_ups WHERE mail = ?', [person.mail]);
    await recordDeed(sql, {
      actor: actorOf(person),
      action: 'signed-up',
      subject: person.id,
      address: visitor.address,
      facts: { account: account.id },
      nowMs,
    });
    await linkConfirmed(sql, row, person, visitor, nowMs);
    return enter(sql, { person, stage: 'signed-in', visitor, nowMs, by: 'sign-up' });
  });
}

/** The identity of a ticket, which goes with the mail address that the provider vouched for and no other. @throws LinkNotGood, InvalidInput */
function identityOf(
  ticket: string | undefined,
  mail: string,
  { ticketKey, nowMs }: { readonly ticketKey: Buffer; readonly nowMs: number },
): IdentityTicket | null {
  if (ticket === undefined) return null;
  const identity = openTicket(ticketKey, ticket, nowMs);
  if (identity.mail === mail) return identity;
  throw new InvalidInput(
    'mail',
    'is not the one that the provider vouched for',
    `write ${identity.mail}, or sign up without the provider`,
  );
}

/** Links the identity that somebody signed up with, unless somebody has had it linked since. */
async function linkConfirmed(
  sql: Sql,
  row: Row,
  person: Person,
  visitor: Visitor,
  nowMs: number,
): Promise<void> {
  const identityFingerprint = textOrNull(row.identity_fingerprint);
  if (identityFingerprint === null || (await linkedPerson(sql, identityFingerprint))) return;
  const identity = {
    providerId: text(row.provider),
    fingerprint: identityFingerprint,
    mail: person.mail,
  };
  await keepLink(sql, { person, identity, address: visitor.address, nowMs });
}

/** Forgets what people wrote who never confirmed it. */
export function forgetOldSignUps(database: Database, nowMs: number): Promise<number> {
  return database.write((sql) => sql.run('DELETE FROM sign_ups WHERE expires_at_ms <= ?', [nowMs]));
}

/** Currency and deck of a new account: the deck that is set for sign-ups, where there is one. @throws InvalidInput */
async function pricesFor(
  sql: Sql,
  deckName: string,
  wanted: string | undefined,
): Promise<{ readonly currency: string; readonly deckId: string | null }> {
  const [deck] =
    deckName === '' ? [] : await sql.all('SELECT id, currency FROM rate_decks WHERE name = ?', [deckName]);
  if (!deck) return { currency: currency(wanted ?? 'EUR'), deckId: null };
  const offered = text(deck.currency);
  if (wanted !== undefined && wanted !== offered)
    throw new InvalidInput('currency', 'is not one that calls are priced in here', `use ${offered}`);
  return { currency: offered, deckId: text(deck.id) };
}
