import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import { recordDeed } from '../audit/audit-log';
import { Conflict, InvalidInput, NotFound } from '../kernel/app-error';
import { fingerprint, newId } from '../kernel/ids';
import { type Database, integer, integerOrNull, type Sql, text } from '../kernel/unit-of-work';
import { readPerson } from './people-store';
import type { Person } from './person';
import { secondFactorOf } from './second-factor';
import type { Visitor } from './sessions';
import { actorOf, enter, type SignedIn, WrongCredentials } from './sign-in';

const MAX_PASSKEYS = 20;
/** How long a browser may take to ask its owner. */
const CHALLENGE_MS = 5 * 60_000;

/** Where passkeys count: the origin of our pages; its host name is the relying party (WebAuthn level 2, 5.1.2). */
export type OurPages = { readonly origin: string };

export type Passkey = {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly usedAtMs: number | null;
};

type Deed = { readonly person: Person; readonly address: string; readonly nowMs: number };

/** What a browser needs to make a passkey: one that asks its owner (PIN, finger, face), so that it is both factors. */
export async function passkeyToMake(
  database: Database,
  { origin }: OurPages,
  { person, nowMs }: { readonly person: Person; readonly nowMs: number },
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const rows = await database.read.all('SELECT credential_id FROM passkeys WHERE person_id = ?', [person.id]);
  if (rows.length >= MAX_PASSKEYS)
    throw new Conflict(`${MAX_PASSKEYS} passkeys are the most; remove one first`);
  const options = await generateRegistrationOptions({
    rpName: '123-voip',
    rpID: hostOf(origin),
    userName: person.mail,
    userDisplayName: person.name,
    userID: new Uint8Array(Buffer.from(person.id)),
    attestationType: 'none',
    excludeCredentials: rows.map((row) => ({ id: text(row.credential_id) })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    timeout: CHALLENGE_MS,
  });
  await keepChallenge(database, options.challenge, person.id, nowMs);
  return options;
}

/** Keeps the public half of a passkey that a browser has made. @throws InvalidInput, Conflict when it is there already */
export async function addPasskey(
  database: Database,
  { origin }: OurPages,
  wish: Deed & { readonly name: string; readonly response: RegistrationResponseJSON },
): Promise<Passkey> {
  const { person, name, response, address, nowMs } = wish;
  const made = await verifyRegistrationResponse({
    response,
    expectedChallenge: (challenge) => spendChallenge(database, challenge, person.id, nowMs),
    expectedOrigin: origin,
    expectedRPID: hostOf(origin),
    requireUserVerification: true,
  }).catch(() => null);
  if (!made?.verified)
    throw new InvalidInput('response', 'is no passkey that was asked for here', 'begin again');
  const { credential } = made.registrationInfo;
  const id = newId(nowMs);
  await database.write(async (sql) => {
    const known = fingerprint(credential.id);
    const taken = await sql.all('SELECT id FROM passkeys WHERE credential_fingerprint = ?', [known]);
    if (taken.length > 0) throw new Conflict('this passkey is kept already');
    await sql.run(
      `INSERT INTO passkeys (id, person_id, credential_fingerprint, credential_id, public_key, use_count, transports, name, created_at_ms, used_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`,
      [
        id,
        person.id,
        known,
        credential.id,
        Buffer.from(credential.publicKey).toString('base64url'),
        credential.counter,
        (credential.transports ?? []).join(',').slice(0, 200),
        name,
        nowMs,
      ],
    );
    await recordDeed(sql, {
      actor: actorOf(person),
      action: 'passkey-added',
      subject: person.id,
      address,
      facts: { passkey: id },
      nowMs,
    });
  });
  return { id, name, createdAtMs: nowMs, usedAtMs: null };
}

/** The passkeys of a person, in the order they were made. */
export async function passkeysOf(sql: Sql, personId: string): Promise<readonly Passkey[]> {
  const rows = await sql.all(
    'SELECT id, name, created_at_ms, used_at_ms FROM passkeys WHERE person_id = ? ORDER BY id',
    [personId],
  );
  return rows.map((row) => ({
    id: text(row.id),
    name: text(row.name),
    createdAtMs: integer(row.created_at_ms),
    usedAtMs: integerOrNull(row.used_at_ms),
  }));
}

/** Forgets a passkey; recovery codes go with the last second factor. @throws NotFound */
export async function removePasskey(
  database: Database,
  { person, passkeyId, address, nowMs }: Deed & { readonly passkeyId: string },
): Promise<void> {
  await database.write(async (sql) => {
    const removed = await sql.run('DELETE FROM passkeys WHERE id = ? AND person_id = ?', [
      passkeyId,
      person.id,
    ]);
    if (removed === 0) throw new NotFound('passkey', passkeyId);
    const left = await secondFactorOf(sql, person.id);
    if (!left.totp && left.passkeys === 0)
      await sql.run('DELETE FROM recovery_codes WHERE person_id = ?', [person.id]);
    await recordDeed(sql, {
      actor: actorOf(person),
      action: 'passkey-removed',
      subject: person.id,
      address,
      facts: { passkey: passkeyId },
      nowMs,
    });
  });
}

/** What a browser needs to sign in by a passkey; it says itself whose it is, so nobody learns who has one. */
export async function passkeyToShow(
  database: Database,
  { origin }: OurPages,
  nowMs: number,
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const options = await generateAuthenticationOptions({
    rpID: hostOf(origin),
    userVerification: 'required',
    timeout: CHALLENGE_MS,
  });
  await keepChallenge(database, options.challenge, null, nowMs);
  return options;
}

/** Signs in by a passkey whose owner was asked: that is both factors. @throws WrongCredentials */
export async function signInByPasskey(
  database: Database,
  { origin }: OurPages,
  wish: {
    readonly response: AuthenticationResponseJSON;
    readonly visitor: Visitor;
    readonly nowMs: number;
  },
): Promise<SignedIn> {
  const { response, visitor, nowMs } = wish;
  const [row] = await database.read.all('SELECT * FROM passkeys WHERE credential_fingerprint = ?', [
    fingerprint(response.id),
  ]);
  if (!row) throw new WrongCredentials();
  const count = integer(row.use_count);
  const shown = await verifyAuthenticationResponse({
    response,
    expectedChallenge: (challenge) => spendChallenge(database, challenge, null, nowMs),
    expectedOrigin: origin,
    expectedRPID: hostOf(origin),
    requireUserVerification: true,
    credential: {
      id: text(row.credential_id),
      publicKey: new Uint8Array(Buffer.from(text(row.public_key), 'base64url')),
      counter: count,
    },
  }).catch(() => null);
  const person = await readPerson(database.read, text(row.person_id));
  if (!shown?.verified || person.state !== 'active') throw new WrongCredentials();
  return database.write(async (sql) => {
    const used = await sql.run(
      'UPDATE passkeys SET use_count = ?, used_at_ms = ? WHERE id = ? AND use_count = ?',
      [shown.authenticationInfo.newCounter, nowMs, text(row.id), count],
    );
    if (used === 0) throw new WrongCredentials();
    return enter(sql, { person, stage: 'signed-in', visitor, nowMs, by: 'passkey' });
  });
}

async function keepChallenge(
  database: Database,
  challenge: string,
  personId: string | null,
  nowMs: number,
): Promise<void> {
  await database.write(async (sql) => {
    await sql.run('DELETE FROM passkey_challenges WHERE expires_at_ms <= ?', [nowMs]);
    await sql.run(
      'INSERT INTO passkey_challenges (challenge_fingerprint, person_id, expires_at_ms) VALUES (?, ?, ?)',
      [fingerprint(challenge), personId, nowMs + CHALLENGE_MS],
    );
  });
}

/** Uses a challenge up; false when it was not ours, not for this person, is too old, or was answered already. */
async function spendChallenge(
  database: Database,
  challenge: string,
  personId: string | null,
  nowMs: number,
): Promise<boolean> {
  const whose = personId === null ? 'person_id IS NULL' : 'person_id = ?';
  const spent = await database.write((sql) =>
    sql.run(
      `DELETE FROM passkey_challenges WHERE challenge_fingerprint = ? AND expires_at_ms > ? AND ${whose}`,
      [fingerprint(challenge), nowMs, ...(personId === null ? [] : [personId])],
    ),
  );
  return spent > 0;
}

function hostOf(origin: string): string {
  return new URL(origin).hostname;
}
