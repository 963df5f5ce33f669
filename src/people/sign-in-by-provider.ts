import { recordDeed } from '../audit/audit-log';
import { Conflict } from '../kernel/app-error';
import type { Database, Sql } from '../kernel/unit-of-work';
import { sealTicket } from './identity-ticket';
import { findByMail, readPerson } from './people-store';
import { addLink, LinkedElsewhere, linkedPerson, noteLinkUsed } from './person-links';
import type { Identity } from './providers-oidc';
import { methodsAfterPassword, secondFactorOf } from './second-factor';
import type { Visitor } from './sessions';
import { enter, type SignedIn, VISITOR } from './sign-in';

/** Why somebody who came back from a provider is not signed in. THE LIST: pages have words for each. */
export const SIGN_IN_PROBLEMS = [
  /** There is no such provider here. */
  'unknown-provider',
  /** He said no there, or the provider did. */
  'provider-refused',
  'provider-unreachable',
  /** What the provider sent does not prove who he is. */
  'not-proven',
  /** He took too long, came with another browser, or came twice. */
  'expired',
  /** Nobody is linked, and the provider does not vouch for a mail address to know him by. */
  'mail-not-verified',
  /** His mail address is somebody's: he signs in as that person once and has the identity linked. */
  'confirm-link',
  /** Linking: somebody else signs in with this identity. */
  'linked-elsewhere',
  /** Linking: he has as many as may be. */
  'too-many-links',
  /** Linking: he is not signed in any more, or as somebody else. */
  'signed-out',
  /** He is blocked. */
  'not-allowed',
] as const;
export type SignInProblem = (typeof SIGN_IN_PROBLEMS)[number];

/** What became of somebody whom a provider has vouched for. */
export type Arrival =
  | { readonly kind: 'entered'; readonly done: SignedIn; readonly methods: readonly string[] }
  | { readonly kind: 'linked' }
  | { readonly kind: 'sign-up'; readonly ticket: string; readonly mail: string; readonly name: string }
  | { readonly kind: 'problem'; readonly problem: SignInProblem; readonly ticket?: string };

type Arriving = {
  readonly identity: Identity;
  readonly visitor: Visitor;
  readonly houseLanguage: string;
  readonly nowMs: number;
};

/**
 * Signs in whoever an identity is linked to; his second factor is asked for as after a password. An identity of nobody is never linked by its mail
 * address alone: it gets a ticket, to sign up with or to be confirmed by the person who has that address.
 */
export async function signInByProvider(
  database: Database,
  ticketKey: Buffer,
  { identity, visitor, nowMs }: Arriving,
): Promise<Arrival> {
  return database.write(async (sql) => {
    const person = await linkedPerson(sql, identity.fingerprint);
    if (person === null) return meet(sql, ticketKey, identity, nowMs);
    if (person.state !== 'active') {
      await recordDeed(sql, {
        actor: VISITOR,
        action: 'sign-in-refused',
        subject: person.id,
        address: visitor.address,
        facts: { by: identity.providerId },
        nowMs,
      });
      return { kind: 'problem', problem: 'not-allowed' };
    }
    await noteLinkUsed(sql, identity.fingerprint, nowMs);
    const methods = methodsAfterPassword(await secondFactorOf(sql, person.id));
    const stage = methods.length > 0 ? 'second-factor' : 'signed-in';
    const by = `provider ${identity.providerId}`;
    return { kind: 'entered', done: await enter(sql, { person, stage, visitor, nowMs, by }), methods };
  });
}

/** Links an identity to somebody who is signed in and went to the provider for it. */
export async function linkByProvider(
  database: Database,
  personId: string,
  { identity, visitor, houseLanguage, nowMs }: Arriving,
): Promise<Arrival> {
  try {
    await database.write(async (sql) => {
      const person = await readPerson(sql, personId);
      await addLink(sql, { person, identity, address: visitor.address, houseLanguage, nowMs });
    });
    return { kind: 'linked' };
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    return {
      kind: 'problem',
      problem: error instanceof LinkedElsewhere ? 'linked-elsewhere' : 'too-many-links',
    };
  }
}

async function meet(sql: Sql, ticketKey: Buffer, identity: Identity, nowMs: number): Promise<Arrival> {
  const { providerId, fingerprint, mail, mailVerified, name } = identity;
  if (mail === null || !mailVerified) return { kind: 'problem', problem: 'mail-not-verified' };
  const found = await findByMail(sql, mail);
  const personId = found?.person.id ?? null;
  const ticket = sealTicket(ticketKey, { providerId, fingerprint, mail, personId }, nowMs);
  return personId === null
    ? { kind: 'sign-up', ticket, mail, name }
    : { kind: 'problem', problem: 'confirm-link', ticket };
}
