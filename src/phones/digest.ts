import { createHash, timingSafeEqual } from 'node:crypto';

/** Hash algorithms of RFC 8760 that telephones are offered, the stronger first. */
export const ALGORITHMS = ['SHA-256', 'MD5'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What a password is kept as: H(username:realm:password), one for each algorithm, in hex. */
export type PasswordHashes = Readonly<Record<Algorithm, string>>;

/** A request's answer to a challenge, as its Authorization header has it. */
export type Credentials = {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: Algorithm;
  readonly cnonce: string;
  /** The count as it was written: eight hexadecimal digits. */
  readonly nc: string;
};

/** Longest Authorization header that is read. */
const MAX_HEADER_LENGTH = 2_000;

/** What a password is kept as, in the given realm. */
export function hashPassword(username: string, realm: string, password: string): PasswordHashes {
  const secret = `${username}:${realm}:${password}`;
  return { 'SHA-256': digestOf('SHA-256', secret), MD5: digestOf('MD5', secret) };
}

/**
 * Reads an Authorization header (RFC 7616 3.4). Null when it is none of ours: another scheme, a field missing or twice, an algorithm or qop that
 * was not offered, a count that is none. Without qop a request could be sent again by whoever overheard it, so it is not taken.
 */
export function readCredentials(header: string): Credentials | null {
  if (header.length > MAX_HEADER_LENGTH) return null;
  const scheme = /^\s*Digest\s+/i.exec(header);
  if (!scheme) return null;
  const fields = readFields(header.slice(scheme[0].length));
  if (!fields) return null;
  const { username, realm, nonce, uri, response, cnonce, nc, qop, algorithm = 'MD5' } = fields;
  const known = ALGORITHMS.find((one) => one.toLowerCase() === algorithm.toLowerCase());
  if (!known || qop?.toLowerCase() !== 'auth' || !/^[0-9a-f]{8}$/i.test(nc ?? '')) return null;
  if (!username || realm === undefined || !nonce || !uri || !response || !cnonce || !nc) return null;
  return { username, realm, nonce, uri, response, cnonce, nc, algorithm: known };
}

/** `name=value` or `name="quoted value"`, by commas; null when it is malformed or a name comes twice. */
function readFields(text: string): Readonly<Record<string, string>> | null {
  const fields: Record<string, string> = {};
  const field = /\s*([A-Za-z0-9-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/y;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (!match) return null;
    const name = (match[1] ?? '').toLowerCase();
    if (Object.hasOwn(fields, name)) return null;
    fields[name] = match[2] === undefined ? (match[3] ?? '') : match[2].replace(/\\(.)/g, '$1');
  }
  return fields;
}

/** Whether a request was answered by somebody who knows the password (RFC 7616 3.4.1); takes the same time for every answer. */
export function isAnsweredRightly(credentials: Credentials, hashes: PasswordHashes, method: string): boolean {
  const { algorithm, nonce, nc, cnonce, uri, response } = credentials;
  const request = digestOf(algorithm, `${method}:${uri}`);
  const right = digestOf(algorithm, [hashes[algorithm], nonce, nc, cnonce, 'auth', request].join(':'));
  const given = response.toLowerCase();
  return given.length === right.length && timingSafeEqual(Buffer.from(given), Buffer.from(right));
}

/** WWW-Authenticate headers of a challenge, the stronger algorithm first (RFC 8760 2.1). */
export function challengeHeaders(realm: string, nonce: string, isStale: boolean): readonly string[] {
  return ALGORITHMS.map(
    (algorithm) =>
      `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${isStale ? ', stale=true' : ''}`,
  );
}

function digestOf(algorithm: Algorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');
}
