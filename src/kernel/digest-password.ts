import { createHash } from 'node:crypto';

/** Hash algorithms of RFC 8760 that are offered and answered, the stronger first. */
export const ALGORITHMS = ['SHA-256', 'MD5'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What a password is kept as: H(username:realm:password) of RFC 7616 section 3.4.2, one for each algorithm, in hex. */
export type PasswordHashes = Readonly<Record<Algorithm, string>>;

/** What a password is kept as, in the given realm. */
export function hashPassword(username: string, realm: string, password: string): PasswordHashes {
  const secret = `${username}:${realm}:${password}`;
  return { 'SHA-256': digestOf('SHA-256', secret), MD5: digestOf('MD5', secret) };
}

/** H(text) of an algorithm, in hex. */
export function digestOf(algorithm: Algorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');
}
