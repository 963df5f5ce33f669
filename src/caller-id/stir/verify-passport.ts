import { type KeyObject, verify } from 'node:crypto';
import { type Authorities, type ChainFault, trustedCertificate } from './certificate-chain';
import { type IdentityHeader, parseIdentity } from './identity-header';
import type { Attestation } from '../outward-caller-id';
import { canonicalNumber, type PassportHeader, signedPart } from './passport';

/** RFC 8224 section 6.2.1: how old, or how far ahead, a signature may be. */
export const FRESH_SECONDS = 60;
/** Identity headers of one call that are looked at. */
const MAX_HEADERS = 5;
const NUMBER_FORM = /^[0-9*#]{1,20}$/;

/** Where certificates come from: gives a file in PEM, or null when there is none to be had. It never throws. */
export type CertificateSource = (url: string) => Promise<string | null>;

export type IdentityFacts = {
  /** Values of all Identity headers, as they came. */
  readonly headers: readonly string[];
  /** The caller's number as the call says it: P-Asserted-Identity, else From; null: none can be read. */
  readonly orig: string | null;
  /** The number that was called, from To. */
  readonly dest: string | null;
  /** Value of the Date header (RFC 3261 section 20.17); null: there is none. */
  readonly date: string | null;
  readonly nowMs: number;
};

/** What the answer to a call would be where a signature is a condition: RFC 8224 section 6.2.2. */
export type IdentityStatus = {
  readonly status: 403 | 428 | 436 | 437 | 438;
  readonly phrase: string;
};

export type IdentityFault =
  | 'no-identity'
  | 'malformed'
  | 'no-info'
  | 'info-not-https'
  | 'certificate-not-found'
  | 'certificate-names-differ'
  | 'wrong-algorithm'
  | 'wrong-type'
  | 'wrong-claims'
  | 'stale'
  | 'date-differs'
  | 'orig-differs'
  | 'dest-differs'
  | 'bad-signature'
  | ChainFault;

/** What is known of a caller's number; a value for policy to judge. No call ends here. */
export type IdentityVerdict = {
  /** Value of the parameter verstat (3GPP TS 24.229 section 7.2A.20). */
  readonly verstat: 'TN-Validation-Passed' | 'TN-Validation-Failed' | 'No-TN-Validation';
  /** What the signer says, once the signature has been found right; null: nothing, or a signature without it. */
  readonly attestation: Attestation | null;
  readonly originId: string | null;
  /** Null when the number was found right. */
  readonly refusal: IdentityStatus | null;
  readonly fault: IdentityFault | null;
};

const PHRASES: Readonly<Record<IdentityStatus['status'], string>> = {
  403: 'Stale Date',
  428: 'Use Identity Header',
  436: 'Bad Identity Info',
  437: 'Unsupported Credential',
  438: 'Invalid Identity Header',
};

/** THE TABLE: what is wrong → the status of RFC 8224 section 6.2.2. */
const STATUS: Readonly<Record<IdentityFault, IdentityStatus['status']>> = {
  'no-identity': 428,
  malformed: 438,
  'no-info': 436,
  'info-not-https': 436,
  'certificate-not-found': 436,
  'certificate-names-differ': 436,
  'wrong-algorithm': 437,
  'wrong-type': 438,
  'wrong-claims': 438,
  stale: 403,
  'date-differs': 403,
  'orig-differs': 438,
  'dest-differs': 438,
  'bad-signature': 438,
  unreadable: 437,
  'too-long': 437,
  'not-valid-now': 437,
  'not-p256': 437,
  'no-authority': 437,
  'not-from-authority': 437,
  forged: 437,
  'no-tn-auth-list': 437,
  'number-not-covered': 437,
};

type Claims = {
  readonly iat: number;
  readonly orig: string;
  readonly dest: readonly string[];
  readonly attestation: Attestation | null;
  readonly originId: string | null;
};
/** What is signed and says so by itself, or is made from the call. */
type Signed = { readonly bytes: string; readonly claims: Claims };

/**
 * Judges the Identity headers of a call (RFC 8224, 8225, 8588). Extensions that nobody here knows are passed over, as if they were not
 * there; of the others the first that is right counts, else the first.
 */
export async function judgeIdentity(
  facts: IdentityFacts,
  { source, authorities }: { readonly source: CertificateSource; readonly authorities: Authorities },
): Promise<IdentityVerdict> {
  let first: IdentityVerdict | null = null;
  for (const value of facts.headers.slice(0, MAX_HEADERS)) {
    const header = parseIdentity(value);
    if (header && header.ppt !== null && header.ppt !== 'shaken') continue;
    const verdict = header ? await judgeOne(header, facts, { source, authorities }) : failed('malformed');
    if (verdict.refusal === null) return verdict;
    first ??= verdict;
  }
  return first ?? { ...failed('no-identity'), verstat: 'No-TN-Validation' };
}

async function judgeOne(
  header: IdentityHeader,
  facts: IdentityFacts,
  { source, authorities }: { readonly source: CertificateSource; readonly authorities: Authorities },
): Promise<IdentityVerdict> {
  if (header.alg !== null && header.alg !== 'ES256') return failed('wrong-algorithm');
  if (header.info === null) return failed('no-info');
  if (!/^https:\/\//i.test(header.info)) return failed('info-not-https');
  const signed = header.token[0] === '' ? compactlySigned(header, facts) : fullySigned(header);
  if (typeof signed === 'string') return failed(signed);
  const { claims } = signed;
  // What costs nothing to find out comes before a certificate is fetched for a stranger.
  const fault = claimsFault(claims, facts);
  if (fault) return failed(fault);
  const pem = await source(header.info);
  if (pem === null) return failed('certificate-not-found');
  const trusted = trustedCertificate(pem, { orig: claims.orig, nowMs: facts.nowMs }, authorities);
  if ('fault' in trusted) return failed(trusted.fault);
  if (!isSignedBy(trusted.certificate.publicKey, signed.bytes, header.token[2]))
    return failed('bad-signature');
  return {
    verstat: 'TN-Validation-Passed',
    attestation: claims.attestation,
    originId: claims.originId,
    refusal: null,
    fault: null,
  };
}

function fullySigned({ token, info, ppt }: IdentityHeader): Signed | IdentityFault {
  const head = readPart(token[0]);
  const body = readPart(token[1]);
  if (!head || !body) return 'malformed';
  if (head.alg !== 'ES256') return 'wrong-algorithm';
  if (head.typ !== 'passport' || (head.ppt ?? null) !== ppt) return 'wrong-type';
  if (head.x5u !== info) return 'certificate-names-differ';
  const claims = readClaims(body, ppt === 'shaken');
  return claims ? { bytes: `${token[0]}.${token[1]}`, claims } : 'wrong-claims';
}

/** RFC 8224 section 4.1.1: both sides make the same header and claims from the call. */
function compactlySigned({ info, ppt }: IdentityHeader, facts: IdentityFacts): Signed | IdentityFault {
  // RFC 8588 section 7: an origid cannot be made from a call.
  if (ppt !== null) return 'malformed';
  const atMs = facts.date === null ? Number.NaN : Date.parse(facts.date);
  if (Number.isNaN(atMs)) return 'date-differs';
  if (facts.orig === null) return 'orig-differs';
  if (facts.dest === null) return 'dest-differs';
  const claims: Claims = {
    iat: Math.floor(atMs / 1_000),
    orig: canonicalNumber(facts.orig),
    dest: [canonicalNumber(facts.dest)],
    attestation: null,
    originId: null,
  };
  const head: PassportHeader = { alg: 'ES256', typ: 'passport', x5u: info ?? '' };
  const bytes = signedPart(head, { dest: { tn: claims.dest }, iat: claims.iat, orig: { tn: claims.orig } });
  return { bytes, claims };
}

function claimsFault(claims: Claims, facts: IdentityFacts): IdentityFault | null {
  const nowSeconds = facts.nowMs / 1_000;
  if (Math.abs(nowSeconds - claims.iat) > FRESH_SECONDS) return 'stale';
  if (facts.date !== null) {
    const atSeconds = Date.parse(facts.date) / 1_000;
    // RFC 8224 section 6.2 step 4: a Date that is there must fit, or a signature could be put under another call.
    if (!(Math.abs(atSeconds - claims.iat) <= FRESH_SECONDS)) return 'date-differs';
  }
  if (facts.orig === null || canonicalNumber(facts.orig) !== claims.orig) return 'orig-differs';
  if (facts.dest === null || !claims.dest.includes(canonicalNumber(facts.dest))) return 'dest-differs';
  return null;
}

function readClaims(body: Readonly<Record<string, unknown>>, isShaken: boolean): Claims | null {
  const { iat, attest, origid } = body;
  const orig = member(body.orig, 'tn');
  const dest = member(body.dest, 'tn');
  if (typeof iat !== 'number' || !Number.isSafeInteger(iat)) return null;
  if (typeof orig !== 'string' || !NUMBER_FORM.test(orig)) return null;
  if (!Array.isArray(dest) || dest.length === 0) return null;
  if (!dest.every((one): one is string => typeof one === 'string' && NUMBER_FORM.test(one))) return null;
  if (!isShaken) return { iat, orig, dest, attestation: null, originId: null };
  const attestation = (['A', 'B', 'C'] as const).find((known) => known === attest);
  if (!attestation || typeof origid !== 'string' || origid === '' || origid.length > 100) return null;
  return { iat, orig, dest, attestation, originId: origid };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function readPart(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function isSignedBy(key: KeyObject, bytes: string, signature: string): boolean {
  const given = Buffer.from(signature, 'base64url');
  // RFC 7518 section 3.4: 64 bytes for ES256.
  return (
    given.length === 64 && verify('sha256', Buffer.from(bytes), { key, dsaEncoding: 'ieee-p1363' }, given)
  );
}

function failed(fault: IdentityFault): IdentityVerdict {
  const status = STATUS[fault];
  return {
    verstat: 'TN-Validation-Failed',
    attestation: null,
    originId: null,
    refusal: { status, phrase: PHRASES[status] },
    fault,
  };
}
