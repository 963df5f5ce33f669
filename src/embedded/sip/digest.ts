import { createHash, timingSafeEqual } from 'node:crypto';
import { endOfQuoted, isToken, skipBlanks } from './characters';

/** Hash algorithms of RFC 8760, the ones of `-sess` left out: no telephone in use asks for them. */
export type DigestAlgorithm = 'MD5' | 'SHA-256';

/** A WWW-Authenticate or Authorization value: scheme in lower case, parameters with names in lower case, quotes taken off. */
export type Credentials = { readonly scheme: string; readonly parameters: ReadonlyMap<string, string> };

/** What a challenge is answered for. All text is wire text. */
export type DigestInput = {
  readonly username: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
};

/** Reads a challenge or credentials header (RFC 3261 25.1); undefined when it is malformed. */
export function parseCredentials(value: string): Credentials | undefined {
  const space = value.indexOf(' ');
  const scheme = (space === -1 ? value : value.slice(0, space)).toLowerCase();
  if (!isToken(scheme)) return undefined;
  const parameters = new Map<string, string>();
  let at = space === -1 ? value.length : skipBlanks(value, space);
  while (at < value.length) {
    const equals = value.indexOf('=', at);
    const name = equals === -1 ? '' : value.slice(at, equals).trim().toLowerCase();
    if (!isToken(name) || parameters.has(name)) return undefined;
    const start = skipBlanks(value, equals + 1);
    const quoted = value.charCodeAt(start) === 34;
    const end = quoted ? endOfQuoted(value, start) : endOfPlain(value, start);
    if (end === -1) return undefined;
    parameters.set(name, quoted ? unquote(value.slice(start, end)) : value.slice(start, end).trim());
    at = skipBlanks(value, end);
    if (at < value.length && value.charCodeAt(at) !== 44) return undefined;
    at = skipBlanks(value, at + 1);
  }
  return { scheme, parameters };
}

function endOfPlain(text: string, from: number): number {
  const comma = text.indexOf(',', from);
  return comma === -1 ? text.length : comma;
}

function unquote(text: string): string {
  const inner = text.slice(1, -1);
  return inner.indexOf('\\') === -1 ? inner : inner.replace(/\\(.)/g, '$1');
}

function hash(algorithm: DigestAlgorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text, 'latin1')
    .digest('hex');
}

function algorithmOf(parameters: ReadonlyMap<string, string>): DigestAlgorithm | undefined {
  const name = (parameters.get('algorithm') ?? 'MD5').toUpperCase();
  return name === 'MD5' || name === 'SHA-256' ? name : undefined;
}

/** H(username:realm:password): what a server keeps in place of the password (RFC 7616 3.4.2). */
export function digestSecret(
  algorithm: DigestAlgorithm,
  username: string,
  realm: string,
  password: string,
): string {
  return hash(algorithm, `${username}:${realm}:${password}`);
}

function digestResponse(
  algorithm: DigestAlgorithm,
  secret: string,
  p: ReadonlyMap<string, string>,
  method: string,
): string {
  const a2 = hash(algorithm, `${method}:${p.get('uri') ?? ''}`);
  const nonce = p.get('nonce') ?? '';
  const qop = p.get('qop');
  if (qop === undefined) return hash(algorithm, `${secret}:${nonce}:${a2}`);
  return hash(algorithm, `${secret}:${nonce}:${p.get('nc') ?? ''}:${p.get('cnonce') ?? ''}:${qop}:${a2}`);
}

/**
 * The Authorization value that answers a challenge (RFC 3261 22.4, RFC 7616); `clientNonce` should be random. Undefined when the challenge
 * is malformed or asks for what we do not have.
 */
export function answerChallenge(
  challenge: string,
  input: DigestInput,
  clientNonce: string,
): string | undefined {
  const read = parseCredentials(challenge);
  const nonce = read?.parameters.get('nonce');
  const algorithm = read === undefined ? undefined : algorithmOf(read.parameters);
  if (read?.scheme !== 'digest' || nonce === undefined || algorithm === undefined) return undefined;
  const offered = read.parameters
    .get('qop')
    ?.split(',')
    .map((option) => option.trim().toLowerCase());
  if (offered !== undefined && !offered.includes('auth')) return undefined;
  const realm = read.parameters.get('realm') ?? '';
  const answer = new Map([
    ['username', input.username],
    ['realm', realm],
    ['nonce', nonce],
    ['uri', input.uri],
  ]);
  if (offered !== undefined) {
    answer.set('qop', 'auth');
    answer.set('nc', '00000001');
    answer.set('cnonce', clientNonce);
  }
  const secret = digestSecret(algorithm, input.username, realm, input.password);
  answer.set('response', digestResponse(algorithm, secret, answer, input.method));
  const opaque = read.parameters.get('opaque');
  if (opaque !== undefined) answer.set('opaque', opaque);
  answer.set('algorithm', algorithm);
  return `Digest ${[...answer].map(([name, text]) => parameterText(name, text)).join(', ')}`;
}

const unquoted: ReadonlySet<string> = new Set(['qop', 'nc', 'algorithm']);

function parameterText(name: string, text: string): string {
  return unquoted.has(name) ? `${name}=${text}` : `${name}="${text.replace(/(["\\])/g, '\\$1')}"`;
}

/** Whether an Authorization value proves the secret for this method; the caller checks nonce, realm and uri. Compares in constant time. */
export function provesSecret(authorization: string, secret: string, method: string): boolean {
  const read = parseCredentials(authorization);
  const algorithm = read === undefined ? undefined : algorithmOf(read.parameters);
  const given = read?.parameters.get('response');
  if (read?.scheme !== 'digest' || algorithm === undefined || given === undefined) return false;
  const wanted = Buffer.from(digestResponse(algorithm, secret, read.parameters, method));
  const offered = Buffer.from(given.toLowerCase());
  return wanted.length === offered.length && timingSafeEqual(wanted, offered);
}
