import { recordDeed } from '../audit/audit-log';
import { AppError, Conflict } from '../kernel/app-error';
import { fingerprint } from '../kernel/ids';
import { seal, unseal } from '../kernel/seal';
import { type Database, integer, type Sql, text } from '../kernel/unit-of-work';
import type { Person } from './person';
import { secondFactorOf } from './second-factor';
import { endSession, type Session, type Visitor } from './sessions';
import { actorOf, enter, type SignedIn } from './sign-in';
import { countCode, takeBackTry } from './sign-in-tries';
import { matchingStep, newTotpSecret, randomBase32, totpUri } from './totp';

const RECOVERY_CODES = 10;
/** Long enough that a fast hash protects them. */
const RECOVERY_CODE_BYTES = 10;

/** A code that does not count: mistyped, too old, or used already. */
export class CodeNotGood extends AppError {
  readonly code = 'wrong-code';
  constructor() {
    super('this code does not count; type the one that is shown now, each counts once');
  }
}

/** The secret of an authenticator program cannot be opened any more. */
export class FactorSealBroken extends AppError {
  readonly code = 'seal-broken';
  constructor() {
    super(
      'the secret of the authenticator program was sealed with another key; use a recovery code and set it up again',
    );
  }
}

type Deed = { readonly person: Person; readonly address: string; readonly nowMs: number };

/** Begins to set up an authenticator program; it counts when its first code is confirmed. @throws Conflict when there is one */
export async function beginTotp(
  database: Database,
  key: Buffer,
  { person, nowMs }: { readonly person: Person; readonly nowMs: number },
): Promise<{ readonly secret: string; readonly uri: string }> {
  const secret = newTotpSecret();
  await database.write(async (sql) => {
    if ((await secondFactorOf(sql, person.id)).totp)
      throw new Conflict('there is an authenticator program already; remove it first');
    await sql.run('DELETE FROM totp_secrets WHERE person_id = ?', [person.id]);
    await sql.run(
      'INSERT INTO totp_secrets (person_id, sealed_secret, confirmed_at_ms, last_step, created_at_ms) VALUES (?, ?, NULL, 0, ?)',
      [person.id, seal(key, contextOf(person.id), secret), nowMs],
    );
  });
  return { secret, uri: totpUri(secret, person.mail) };
}

/** Ends setting up with a code of the program; gives recovery codes, which are told this once. @throws CodeNotGood, Conflict, TooManyTries */
export async function confirmTotp(
  database: Database,
  key: Buffer,
  { person, code, address, nowMs }: Deed & { readonly code: string },
): Promise<readonly string[]> {
  const counted = await countCode(database, person.id, nowMs);
  const codes = newCodes();
  await database.write(async (sql) => {
    if ((await secondFactorOf(sql, person.id)).totp) throw new Conflict('it is set up already');
    await spendTotp(sql, key, person.id, code, nowMs);
    await sql.run('UPDATE totp_secrets SET confirmed_at_ms = ? WHERE person_id = ?', [nowMs, person.id]);
    await keepCodes(sql, person.id, codes);
    await takeBackTry(sql, counted);
    await record(sql, 'totp-added', { person, address, nowMs });
  });
  return codes;
}

/** Takes the authenticator program away; recovery codes go with the last second factor. */
export async function removeTotp(database: Database, { person, address, nowMs }: Deed): Promise<void> {
  await database.write(async (sql) => {
    await sql.run('DELETE FROM totp_secrets WHERE person_id = ?', [person.id]);
    if ((await secondFactorOf(sql, person.id)).passkeys === 0)
      await sql.run('DELETE FROM recovery_codes WHERE person_id = ?', [person.id]);
    await record(sql, 'totp-removed', { person, address, nowMs });
  });
}

/** Makes recovery codes anew; earlier ones stop counting. @throws Conflict without anything that they could stand in for */
export async function renewRecoveryCodes(
  database: Database,
  { person, address, nowMs }: Deed,
): Promise<readonly string[]> {
  const codes = newCodes();
  await database.write(async (sql) => {
    const { totp, passkeys } = await secondFactorOf(sql, person.id);
    if (!totp && passkeys === 0)
      throw new Conflict('there is no second factor that codes could stand in for; set one up first');
    await keepCodes(sql, person.id, codes);
    await record(sql, 'recovery-codes-renewed', { person, address, nowMs });
  });
  return codes;
}

/** Ends signing in with a second factor: the session that waited gives way to one with rights. @throws CodeNotGood, TooManyTries */
export async function showSecondFactor(
  database: Database,
  key: Buffer,
  wish: {
    readonly person: Person;
    readonly waiting: Session;
    readonly method: 'totp' | 'recovery-code';
    readonly code: string;
    readonly visitor: Visitor;
    readonly nowMs: number;
  },
): Promise<SignedIn> {
  const { person, waiting, method, code, visitor, nowMs } = wish;
  const counted = await countCode(database, person.id, nowMs);
  return database.write(async (sql) => {
    if (method === 'totp') await spendTotp(sql, key, person.id, code, nowMs);
    else await spendRecoveryCode(sql, person.id, code);
    await takeBackTry(sql, counted);
    // Two requests at once with one waiting session: one of them has it.
    if (!(await endSession(sql, person.id, waiting.id))) throw new CodeNotGood();
    return enter(sql, { person, stage: 'signed-in', visitor, nowMs, by: method });
  });
}

async function spendTotp(
  sql: Sql,
  key: Buffer,
  personId: string,
  code: string,
  nowMs: number,
): Promise<void> {
  const [row] = await sql.all('SELECT sealed_secret, last_step FROM totp_secrets WHERE person_id = ?', [
    personId,
  ]);
  if (!row) throw new CodeNotGood();
  const secret = unseal(key, contextOf(personId), text(row.sealed_secret));
  if (secret === null) throw new FactorSealBroken();
  const step = matchingStep(secret, code, { nowMs, lastStep: integer(row.last_step) });
  if (step === null) throw new CodeNotGood();
  const spent = await sql.run('UPDATE totp_secrets SET last_step = ? WHERE person_id = ? AND last_step < ?', [
    step,
    personId,
    step,
  ]);
  if (spent === 0) throw new CodeNotGood();
}

async function spendRecoveryCode(sql: Sql, personId: string, typed: string): Promise<void> {
  const spent = await sql.run('DELETE FROM recovery_codes WHERE person_id = ? AND code_fingerprint = ?', [
    personId,
    fingerprintOf(personId, typed),
  ]);
  if (spent === 0) throw new CodeNotGood();
}

function newCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODES }, () =>
    (randomBase32(RECOVERY_CODE_BYTES).match(/.{4}/g) ?? []).join('-'),
  );
}

async function keepCodes(sql: Sql, personId: string, codes: readonly string[]): Promise<void> {
  await sql.run('DELETE FROM recovery_codes WHERE person_id = ?', [personId]);
  for (const code of codes)
    await sql.run('INSERT INTO recovery_codes (person_id, code_fingerprint) VALUES (?, ?)', [
      personId,
      fingerprintOf(personId, code),
    ]);
}

/** However it was typed: with blanks, without strokes, in small letters. */
function fingerprintOf(personId: string, code: string): string {
  return fingerprint(`${personId} ${code.toUpperCase().replaceAll(/[^A-Z2-7]/g, '')}`);
}

function contextOf(personId: string): string {
  return `123-voip totp ${personId}`;
}

function record(sql: Sql, action: string, { person, address, nowMs }: Deed): Promise<void> {
  return recordDeed(sql, { actor: actorOf(person), action, subject: person.id, address, nowMs });
}
