import { timingSafeEqual } from 'node:crypto';
import { ALGORITHMS, type Algorithm, digestOf, type PasswordHashes } from '../kernel/digest-password';

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

/**
 * Telephones that give up on a challenge of an algorithm they do not have instead of passing over it (RFC 8760 2.4), by the beginning of their
 * User-Agent: they are offered MD5 alone. libre had no SHA-256 before its version 2.
 */
const MD5_ALONE = [/^baresip v[01]\./];

/** The algorithms that a telephone is offered, the stronger first. */
export function algorithmsFor(userAgent: string): readonly Algorithm[] {
  return MD5_ALONE.some((beginning) => beginning.test(userAgent)) ? ['MD5'] : ALGORITHMS;
}

/** WWW-Authenticate headers of a challenge, one an algorithm, in their order (RFC 8760 2.1). */
export function challengeHeaders(
  { realm, nonce, isStale }: { readonly realm: string; readonly nonce: string; readonly isStale: boolean },
  algorithms: readonly Algorithm[],
): readonly string[] {
  return algorithms.map(
    (algorithm) =>
      `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${isStale ? ', stale=true' : ''}`,
  );
}
