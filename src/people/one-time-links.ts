import { AppError } from '../kernel/app-error';
import { fingerprint, randomSecret } from '../kernel/ids';
import { type Database, type Sql, text, textOrNull } from '../kernel/unit-of-work';

/** What a link is for, and how long it counts. */
export const LIFE_MS = {
  'first-operator': 24 * 3_600_000,
  invitation: 7 * 86_400_000,
  'confirm-mail': 48 * 3_600_000,
  'reset-password': 3_600_000,
} as const;

export type LinkKind = keyof typeof LIFE_MS;

export type Link = {
  /** Whom it is for: a mail address, or the id of a person. */
  readonly subject: string;
  /** The role that an invitation is for. */
  readonly role: string | null;
};

/** The pages of the console that links lead to; the token stands behind #, which browsers send to nobody. */
const PAGES: Readonly<Record<LinkKind, string>> = {
  'first-operator': 'first-operator',
  invitation: 'accept-invitation',
  'confirm-mail': 'confirm-mail',
  'reset-password': 'reset-password',
};

/** A link that was used, has expired, or never was: nobody is told which. */
export class LinkNotGood extends AppError {
  readonly code = 'link-not-good';
  constructor() {
    super('this link was used already or has expired; ask for a new one');
  }
}

/** Makes a token for one use, stored as a fingerprint only. Earlier links of the same kind and subject go on counting. */
export async function makeLink(
  sql: Sql,
  kind: LinkKind,
  { subject, role }: Link,
  nowMs: number,
): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
  const token = randomSecret(32);
  const expiresAtMs = nowMs + LIFE_MS[kind];
  await sql.run(
    'INSERT INTO one_time_links (token_fingerprint, kind, subject, role, expires_at_ms, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)',
    [fingerprint(token), kind, subject, role, expiresAtMs, nowMs],
  );
  return { token, expiresAtMs };
}

/** What a link is for, without using it up. @throws LinkNotGood */
export async function readLink(sql: Sql, kind: LinkKind, token: string, nowMs: number): Promise<Link> {
  const [row] = await sql.all(
    'SELECT subject, role FROM one_time_links WHERE token_fingerprint = ? AND kind = ? AND expires_at_ms > ?',
    [fingerprint(token), kind, nowMs],
  );
  if (!row) throw new LinkNotGood();
  return { subject: text(row.subject), role: textOrNull(row.role) };
}

/** Uses a link up, and all others of its kind and subject with it: of two who come at once one succeeds. @throws LinkNotGood */
export async function useLink(sql: Sql, kind: LinkKind, token: string, nowMs: number): Promise<Link> {
  const link = await readLink(sql, kind, token, nowMs);
  const used = await sql.run('DELETE FROM one_time_links WHERE token_fingerprint = ?', [fingerprint(token)]);
  if (used === 0) throw new LinkNotGood();
  await sql.run('DELETE FROM one_time_links WHERE kind = ? AND subject = ?', [kind, link.subject]);
  return link;
}

/** Where a link leads to. */
export function linkUrl(publicUrl: string, kind: LinkKind, token: string): string {
  return `${publicUrl}/${PAGES[kind]}#${token}`;
}

/** Forgets links that have expired. */
export function forgetOldLinks(database: Database, nowMs: number): Promise<number> {
  return database.write((sql) => sql.run('DELETE FROM one_time_links WHERE expires_at_ms <= ?', [nowMs]));
}
