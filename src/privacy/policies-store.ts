import { Conflict } from '../kernel/app-error';
import { newId } from '../kernel/ids';
import { DuplicateKey, integer, type Row, type Sql, text } from '../kernel/unit-of-work';

/** One version of a text that people agree to, in one language. The newest version of each counts. */
export type Policy = {
  readonly id: string;
  readonly version: number;
  readonly language: string;
  readonly title: string;
  readonly textUrl: string;
};

export type PolicyVersion = { readonly policyId: string; readonly version: number };

/** That somebody agreed, or did not. */
export type Consent = PolicyVersion & { readonly agreed: boolean; readonly atMs: number };

/** Policies that there may be, in all versions and languages, and consents of one person that are listed. */
const MAX_POLICIES = 1_000;
const MAX_CONSENTS = 1_000;

/** The choice about cookies that are not needed, as a consent. */
export const ANALYSIS_COOKIES: PolicyVersion = { policyId: 'analysis-cookies', version: 0 };

/** The newest version of every policy, in each language that it is in. */
export async function currentPolicies(sql: Sql): Promise<readonly Policy[]> {
  const rows = await sql.all(
    `SELECT p.policy_id, p.version, p.language, p.title, p.text_url FROM policies p
     WHERE p.version = (SELECT MAX(n.version) FROM policies n WHERE n.policy_id = p.policy_id)
     ORDER BY p.policy_id, p.language LIMIT ?`,
    [MAX_POLICIES],
  );
  return rows.map(toPolicy);
}

/** Publishes a version in a language; a published one is never changed. @throws Conflict when it is there, or a newer one is */
export async function publishPolicy(sql: Sql, policy: Policy, nowMs: number): Promise<void> {
  const current = (await currentPolicies(sql)).find(({ id }) => id === policy.id);
  if (current && policy.version < current.version)
    throw new Conflict(`version ${current.version} is published already; publish a newer one`);
  try {
    await sql.run(
      'INSERT INTO policies (policy_id, version, language, title, text_url, published_at_ms) VALUES (?, ?, ?, ?, ?, ?)',
      [policy.id, policy.version, policy.language, policy.title, policy.textUrl, nowMs],
    );
  } catch (error) {
    if (error instanceof DuplicateKey)
      throw new Conflict('this version is published in this language; publish a newer one');
    throw error;
  }
}

/** Policies whose newest version is not among those that are agreed to, each once. */
export function missingPolicies(
  current: readonly Policy[],
  agreed: readonly PolicyVersion[],
): readonly PolicyVersion[] {
  const wanted = new Map(current.map(({ id, version }) => [id, version]));
  for (const { policyId, version } of agreed) if (wanted.get(policyId) === version) wanted.delete(policyId);
  return [...wanted].map(([policyId, version]) => ({ policyId, version }));
}

/** Notes what somebody said; earlier answers stay. */
export async function noteConsent(
  sql: Sql,
  personId: string,
  { policyId, version }: PolicyVersion,
  agreed: boolean,
  nowMs: number,
): Promise<void> {
  await sql.run(
    'INSERT INTO consents (id, person_id, policy_id, version, agreed, at_ms) VALUES (?, ?, ?, ?, ?, ?)',
    [newId(nowMs), personId, policyId, version, agreed ? 1 : 0, nowMs],
  );
}

/** What somebody agreed to and refused, the newest first. */
export async function consentsOf(sql: Sql, personId: string): Promise<readonly Consent[]> {
  const rows = await sql.all(
    'SELECT policy_id, version, agreed, at_ms FROM consents WHERE person_id = ? ORDER BY id DESC LIMIT ?',
    [personId, MAX_CONSENTS],
  );
  return rows.map((row) => ({
    policyId: text(row.policy_id),
    version: integer(row.version),
    agreed: integer(row.agreed) === 1,
    atMs: integer(row.at_ms),
  }));
}

/** What somebody has yet to agree to. */
export async function policiesToAccept(sql: Sql, personId: string): Promise<readonly PolicyVersion[]> {
  const agreed = (await consentsOf(sql, personId)).filter((consent) => consent.agreed);
  return missingPolicies(await currentPolicies(sql), agreed);
}

function toPolicy(row: Row): Policy {
  return {
    id: text(row.policy_id),
    version: integer(row.version),
    language: text(row.language),
    title: text(row.title),
    textUrl: text(row.text_url),
  };
}
