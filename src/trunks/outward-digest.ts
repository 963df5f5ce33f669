import { type Algorithm, digestOf, hashPassword } from '../kernel/digest-password';
import type { OutwardAuth } from './outward-request';

/** Who we are at a carrier, with the password. `hosts` are the trunk's own, by name and by the addresses they were found at. */
export type OutwardCredentials = OutwardAuth & { readonly password: string };

/** A challenge that came back: values of WWW-Authenticate or Proxy-Authenticate, and the host or address that sent it. */
export type Challenged = { readonly headers: readonly string[]; readonly by: string };

/** A challenge of the right realm that we can answer. */
export type Challenge = {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: Algorithm;
  readonly qop: 'auth' | 'auth-int' | null;
  readonly opaque: string | null;
  /** The nonce alone was too old: the password may still be right (RFC 7616 section 3.3). */
  readonly stale: boolean;
};

const MAX_HEADER = 4_096;
const MAX_CHALLENGES = 10;
const PRINTABLE = /^[\x20-\x7e]*$/;
/** A scheme, or a parameter with its value as a token or in quotes (RFC 3261 section 25.1). */
const PART = /[\s,]*([\w!%*+.`'~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))|(?=\s))/y;

/**
 * The challenge to answer, or null. None is answered that came from elsewhere than the trunk or asks in another realm: whoever can make us
 * challenge ourselves would else collect answers to crack. Of several, the first we understand (RFC 8760 section 2.4).
 */
export function challengeToAnswer(auth: OutwardAuth, { headers, by }: Challenged): Challenge | null {
  const from = by.toLowerCase();
  if (!auth.hosts.some((host) => host.toLowerCase() === from)) return null;
  for (const parameters of headers.flatMap(challengesIn).slice(0, MAX_CHALLENGES)) {
    const challenge = toChallenge(parameters);
    if (challenge?.realm === auth.realm) return challenge;
  }
  return null;
}

/**
 * Value of the Authorization or Proxy-Authorization header that answers a challenge (RFC 7616, RFC 8760: MD5 and SHA-256, qop auth and
 * auth-int); null when it is not ours to answer. `nonceCount` counts requests with this nonce from 1 on.
 */
export function answerChallenge(
  credentials: OutwardCredentials,
  challenged: Challenged,
  request: { readonly method: string; readonly uri: string; readonly body: string },
  { nonceCount, cnonce }: { readonly nonceCount: number; readonly cnonce: string },
): string | null {
  const challenge = challengeToAnswer(credentials, challenged);
  if (!challenge) return null;
  const { algorithm, qop, nonce, opaque, realm } = challenge;
  const hash = (text: string) => digestOf(algorithm, text);
  const count = nonceCount.toString(16).padStart(8, '0');
  const secret = hashPassword(credentials.username, realm, credentials.password)[algorithm];
  const bodyHash = qop === 'auth-int' ? `:${hash(request.body)}` : '';
  const asked = hash(`${request.method}:${request.uri}${bodyHash}`);
  const response = hash([secret, nonce, ...(qop ? [count, cnonce, qop] : []), asked].join(':'));
  return `Digest ${[
    `username=${quoted(credentials.username)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(request.uri)}`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
    ...(qop ? [`cnonce=${quoted(cnonce)}`, `qop=${qop}`, `nc=${count}`] : []),
    ...(opaque === null ? [] : [`opaque=${quoted(opaque)}`]),
  ].join(', ')}`;
}

type Parameters = ReadonlyMap<string, string>;

/** Every digest challenge of a header; several may stand in one, where somebody joined headers by commas. Malformed ones are left out. */
function challengesIn(header: string): Parameters[] {
  const found: Map<string, string>[] = [];
  if (header.length > MAX_HEADER || !PRINTABLE.test(header)) return [];
  let current: Map<string, string> | null = null;
  PART.lastIndex = 0;
  while (PART.lastIndex < header.length) {
    const part = PART.exec(header);
    if (!part) return [];
    const [, name = '', inQuotes, token] = part;
    if (inQuotes === undefined && token === undefined) {
      current = new Map();
      if (name.toLowerCase() === 'digest') found.push(current);
    } else {
      const key = name.toLowerCase();
      if (!current || current.has(key)) return [];
      current.set(key, inQuotes?.replaceAll(/\\(.)/g, '$1') ?? token ?? '');
    }
  }
  return found;
}

function toChallenge(parameters: Parameters): Challenge | null {
  const [realm, nonce] = [parameters.get('realm'), parameters.get('nonce')];
  const algorithm = (parameters.get('algorithm') ?? 'MD5').toUpperCase();
  if (realm === undefined || nonce === undefined || (algorithm !== 'MD5' && algorithm !== 'SHA-256'))
    return null;
  const offered = parameters
    .get('qop')
    ?.toLowerCase()
    .split(/[\s,]+/);
  const qop = (['auth', 'auth-int'] as const).find((known) => offered?.includes(known)) ?? null;
  // A quality of protection that we do not know is not answered by none.
  if (offered && qop === null) return null;
  return {
    realm,
    nonce,
    algorithm,
    qop,
    opaque: parameters.get('opaque') ?? null,
    stale: parameters.get('stale')?.toLowerCase() === 'true',
  };
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
