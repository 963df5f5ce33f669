import { fingerprint, randomSecret } from '../kernel/ids';
import { seal, unseal } from '../kernel/seal';
import { type Database, DuplicateKey, type Sql } from '../kernel/unit-of-work';

/** How long somebody may take at a provider. */
export const FLOW_MS = 10 * 60_000;
const CONTEXT = 'sign-in-flow';

/**
 * One way to a provider and back. It lies sealed in a cookie of the browser that went, so nothing is stored for whoever never returns; what the
 * provider is told is derived from its secret.
 */
export type SignInFlow = {
  readonly secret: string;
  readonly providerId: string;
  /** Whom an identity is to be linked to, when somebody signed in went; null: whoever comes back wants to sign in. */
  readonly personId: string | null;
  readonly expiresAtMs: number;
};

export function beginFlow({
  providerId,
  personId,
  nowMs,
}: Pick<SignInFlow, 'providerId' | 'personId'> & { readonly nowMs: number }): SignInFlow {
  return { secret: randomSecret(32), providerId, personId, expiresAtMs: nowMs + FLOW_MS };
}

/** What binds the answer to this browser (RFC 6749 10.12). */
export function stateOf({ secret }: SignInFlow): string {
  return fingerprint(`state ${secret}`);
}

/** What binds the ID token to this way (OpenID Connect Core 3.1.2.1). */
export function nonceOf({ secret }: SignInFlow): string {
  return fingerprint(`nonce ${secret}`);
}

/** What the code is worth nothing without (RFC 7636 4.1). */
export function verifierOf({ secret }: SignInFlow): string {
  return fingerprint(`pkce ${secret}`);
}

/** The flow as the browser keeps it: it can neither read nor change it. */
export function sealFlow(key: Buffer, flow: SignInFlow): string {
  return seal(key, CONTEXT, JSON.stringify(flow));
}

/** The flow of a cookie; null when it is not ours, or too old. */
export function openFlow(key: Buffer, sealed: string, nowMs: number): SignInFlow | null {
  const opened = unseal(key, CONTEXT, sealed);
  if (opened === null) return null;
  const flow = JSON.parse(opened) as SignInFlow;
  return flow.expiresAtMs > nowMs ? flow : null;
}

/** Uses a flow up; false when it was already: of two answers that come at once one counts. */
export async function spendFlow(sql: Sql, flow: SignInFlow): Promise<boolean> {
  try {
    await sql.run('INSERT INTO spent_sign_ins (secret_fingerprint, expires_at_ms) VALUES (?, ?)', [
      fingerprint(flow.secret),
      flow.expiresAtMs,
    ]);
    return true;
  } catch (error) {
    if (error instanceof DuplicateKey) return false;
    throw error;
  }
}

/** Forgets flows that are too old to come back. */
export function forgetOldFlows(database: Database, nowMs: number): Promise<number> {
  return database.write((sql) => sql.run('DELETE FROM spent_sign_ins WHERE expires_at_ms <= ?', [nowMs]));
}
