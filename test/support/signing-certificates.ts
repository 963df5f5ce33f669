import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** DER (ITU-T X.690), as much as a certificate needs. */
const tlv = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 255 ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
};
const sequence = (...parts: readonly Buffer[]) => tlv(0x30, ...parts);
const oid = (hex: string) => tlv(0x06, Buffer.from(hex, 'hex'));
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const SUBJECT_ALT_NAME = oid('551d11');
/** 1.3.6.1.5.5.7.1.26, RFC 8226. */
const TN_AUTH_LIST = oid('2b0601050507011a');

const name = (text: string) => sequence(tlv(0x31, sequence(COMMON_NAME, tlv(0x0c, Buffer.from(text)))));
/** UTCTime until 2049, as RFC 5280 wants; the years of these tests are within it. */
const time = (ms: number) =>
  tlv(0x17, Buffer.from(`${new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));
const extension = (id: Buffer, value: Buffer) => sequence(id, tlv(0x04, value));

/** One entry of a TN authorization list: a provider's code, numbers from one on, or one number. */
export type TnEntry = { spc: string } | { from: string; count: number } | { one: string };

const tnEntry = (entry: TnEntry): Buffer => {
  if ('spc' in entry) return tlv(0xa0, tlv(0x16, Buffer.from(entry.spc)));
  if ('one' in entry) return tlv(0xa2, tlv(0x16, Buffer.from(entry.one)));
  const count = Buffer.from(entry.count.toString(16).padStart(entry.count > 127 ? 4 : 2, '0'), 'hex');
  return tlv(0xa1, sequence(tlv(0x16, Buffer.from(entry.from)), tlv(0x02, count)));
};

export type Certified = {
  readonly pem: string;
  readonly keyPem: string;
  readonly key: KeyObject;
  readonly subject: string;
};

let serials = 1;

/** A certificate and its key, signed by `issuer` (left out: by itself). */
export function certify(of: {
  readonly subject: string;
  readonly issuer?: Certified;
  readonly isAuthority?: boolean;
  readonly tnAuthList?: readonly TnEntry[] | undefined;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly curve?: 'P-256' | 'P-384';
  readonly hosts?: readonly string[];
}): Certified {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: of.curve ?? 'P-256' });
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const extensions = [
    ...(of.isAuthority ? [extension(BASIC_CONSTRAINTS, sequence(tlv(0x01, Buffer.from([0xff]))))] : []),
    ...(of.tnAuthList ? [extension(TN_AUTH_LIST, sequence(...of.tnAuthList.map(tnEntry)))] : []),
    ...(of.hosts
      ? [extension(SUBJECT_ALT_NAME, sequence(...of.hosts.map((host) => tlv(0x82, Buffer.from(host)))))]
      : []),
  ];
  const toSign = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.from([serials++ & 0x7f || 1])),
    ECDSA_SHA256,
    name(of.issuer?.subject ?? of.subject),
    sequence(time(of.fromMs ?? Date.UTC(2020, 0, 1)), time(of.toMs ?? Date.UTC(2040, 0, 1))),
    name(of.subject),
    publicKey,
    ...(extensions.length > 0 ? [tlv(0xa3, sequence(...extensions))] : []),
  );
  const signature = sign('sha256', toSign, of.issuer?.key ?? privateKey);
  const der = sequence(toSign, ECDSA_SHA256, tlv(0x03, Buffer.from([0]), signature));
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${(der.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    key: privateKey,
    subject: of.subject,
  };
}
