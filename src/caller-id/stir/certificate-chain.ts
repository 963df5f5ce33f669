import { X509Certificate } from 'node:crypto';
import { InvalidInput } from '../../kernel/app-error';
import { allowsNumber, tnAuthList } from './tn-auth-list';

/** Certificates of one chain, and bytes of one file. */
const MAX_CHAIN = 5;
export const MAX_CHAIN_BYTES = 65_536;
const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** Whose certificates are believed. */
export type Authorities = {
  readonly certificates: readonly X509Certificate[];
  /** SHAKEN's certificates name whom they speak for (RFC 8226); false accepts those that do not. */
  readonly requiresTnAuthList: boolean;
};

/** Why a certificate is not believed. */
export type ChainFault =
  | 'unreadable'
  | 'too-long'
  | 'not-valid-now'
  | 'not-p256'
  | 'no-authority'
  | 'not-from-authority'
  | 'forged'
  | 'no-tn-auth-list'
  | 'number-not-covered';

/** Reads the authorities of STIR_CA_FILE. @throws InvalidInput when it holds none */
export function authoritiesFrom(pem: string, requiresTnAuthList = true): Authorities {
  const certificates = readChain(pem, 100);
  if (!certificates || certificates.length === 0)
    throw new InvalidInput('STIR_CA_FILE', 'holds no certificate', 'give the authorities in PEM');
  return { certificates, requiresTnAuthList };
}

/**
 * The signer's certificate of a file, when a chain leads from it to an authority at this moment (RFC 5280 section 6, as far as names,
 * times, signatures and the right to sign go), and may speak for the number; else why not.
 */
export function trustedCertificate(
  pem: string,
  { orig, nowMs }: { readonly orig: string; readonly nowMs: number },
  authorities: Authorities,
): { readonly certificate: X509Certificate } | { readonly fault: ChainFault } {
  const chain = pem.length > MAX_CHAIN_BYTES ? null : readChain(pem, MAX_CHAIN + 1);
  try {
    return judgeChain(chain ?? [], { orig, nowMs }, authorities);
  } catch {
    // Certificates with keys of a kind that OpenSSL does not know fail when they are looked at, not when they are read.
    return { fault: 'unreadable' };
  }
}

function judgeChain(
  chain: readonly X509Certificate[],
  { orig, nowMs }: { readonly orig: string; readonly nowMs: number },
  authorities: Authorities,
): { readonly certificate: X509Certificate } | { readonly fault: ChainFault } {
  const [leaf] = chain;
  if (!leaf) return { fault: 'unreadable' };
  if (chain.length > MAX_CHAIN) return { fault: 'too-long' };
  if (leaf.publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return { fault: 'not-p256' };
  const fault = chainFault(leaf, chain.slice(1), authorities.certificates, nowMs);
  if (fault) return { fault };
  const allowed = tnAuthList(leaf.raw);
  if (allowed === null)
    return authorities.requiresTnAuthList ? { fault: 'no-tn-auth-list' } : { certificate: leaf };
  return allowsNumber(allowed, orig) ? { certificate: leaf } : { fault: 'number-not-covered' };
}

function chainFault(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  nowMs: number,
): ChainFault | null {
  let subject = leaf;
  for (let length = 0; length <= MAX_CHAIN; length++) {
    if (!isValidAt(subject, nowMs)) return 'not-valid-now';
    if (authorities.some(({ fingerprint256 }) => fingerprint256 === subject.fingerprint256)) return null;
    const issuer = [...authorities, ...others].find((one) => one !== subject && subject.checkIssued(one));
    if (!issuer) return 'no-authority';
    // RFC 5280 section 4.2.1.9: who is no authority signs no certificates, whatever its own chain says.
    if (!issuer.ca) return 'not-from-authority';
    if (!subject.verify(issuer.publicKey)) return 'forged';
    subject = issuer;
  }
  return 'too-long';
}

function isValidAt(certificate: X509Certificate, nowMs: number): boolean {
  return Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo);
}

function readChain(pem: string, most: number): X509Certificate[] | null {
  try {
    return (pem.match(PEM) ?? []).slice(0, most).map((one) => new X509Certificate(one));
  } catch {
    return null;
  }
}
