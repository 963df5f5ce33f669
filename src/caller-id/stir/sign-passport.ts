import { createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { InvalidInput } from '../../kernel/app-error';
import type { E164 } from '../../kernel/phone-number';
import type { Attestation } from '../outward-caller-id';
import { canonicalNumber, signedPart } from './passport';

/** What calls are signed with. */
export type PassportSigner = {
  readonly key: KeyObject;
  /** Where others find the certificate. */
  readonly certificateUrl: string;
};

export type CallToSign = {
  readonly orig: E164;
  /** As it stands in To: a number, or an emergency number. */
  readonly dest: string;
  readonly attestation: Attestation;
  /** Names the origin of the call within our network, without telling who it is: a UUID (RFC 8588 section 5). */
  readonly originId: string;
  readonly nowMs: number;
};

/**
 * The signer from the files of the settings. @throws InvalidInput when certificate and key do not belong together, are no P-256, or the URL
 * is no https
 */
export function passportSigner(of: {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly certificateUrl: string;
}): PassportSigner {
  const certificate = readable('STIR_CERT_FILE', () => new X509Certificate(of.certificatePem));
  const key = readable('STIR_KEY_FILE', () => createPrivateKey(of.keyPem));
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new InvalidInput('STIR_KEY_FILE', 'is no key on P-256', 'ES256 of RFC 8225 needs one');
  if (!certificate.checkPrivateKey(key))
    throw new InvalidInput(
      'STIR_KEY_FILE',
      'is not the key of the certificate',
      'give the two that belong together',
    );
  if (!/^https:\/\/[\x21-\x7e]{1,500}$/.test(of.certificateUrl) || /[<>"]/.test(of.certificateUrl))
    throw new InvalidInput(
      'STIR_CERT_URL',
      'is no https URL',
      'give the address at which others find the certificate',
    );
  return { key, certificateUrl: of.certificateUrl };
}

/** Value of the Identity header of a call: a SHAKEN PASSporT in its full form (RFC 8224, 8225, 8588). */
export function signCall(signer: PassportSigner, call: CallToSign): string {
  const token = signed(
    signer,
    signedPart(
      { alg: 'ES256', ppt: 'shaken', typ: 'passport', x5u: signer.certificateUrl },
      {
        attest: call.attestation,
        dest: { tn: [canonicalNumber(call.dest)] },
        iat: Math.floor(call.nowMs / 1_000),
        orig: { tn: canonicalNumber(call.orig) },
        origid: call.originId,
      },
    ),
  );
  return `${token};info=<${signer.certificateUrl}>;alg=ES256;ppt=shaken`;
}

/**
 * The same without an extension and in the compact form: header and claims are left out, because the other side makes them from the call,
 * `iat` from its Date (RFC 8224 section 4.1.1). SHAKEN has no compact form, since nobody could make its origid.
 */
export function signCallCompactly(
  signer: PassportSigner,
  call: Pick<CallToSign, 'orig' | 'dest' | 'nowMs'>,
): string {
  const token = signed(
    signer,
    signedPart(
      { alg: 'ES256', typ: 'passport', x5u: signer.certificateUrl },
      {
        dest: { tn: [canonicalNumber(call.dest)] },
        iat: Math.floor(call.nowMs / 1_000),
        orig: { tn: canonicalNumber(call.orig) },
      },
    ),
  );
  return `..${token.split('.')[2]};info=<${signer.certificateUrl}>;alg=ES256`;
}

function signed({ key }: PassportSigner, part: string): string {
  // RFC 7518 section 3.4: R and S side by side, not in DER.
  const signature = sign('sha256', Buffer.from(part), { key, dsaEncoding: 'ieee-p1363' });
  return `${part}.${signature.toString('base64url')}`;
}

function readable<T>(setting: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new InvalidInput(setting, 'cannot be read', 'give a file in PEM');
  }
}
