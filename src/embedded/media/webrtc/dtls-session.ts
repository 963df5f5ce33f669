import { createHash, createVerify, timingSafeEqual, X509Certificate } from 'node:crypto';
import { CipherContext, DtlsServer, HashAlgorithm, NamedCurveAlgorithm, SignatureAlgorithm } from 'werift';
import { srtpKeyBytes } from '../srtp';

/** A certificate of ours, PEM, and how SDP names it (RFC 8122). */
export type DtlsIdentity = {
  readonly key: string;
  readonly cert: string;
  readonly fingerprint: string;
};

/** The keys of SRTP both ways (RFC 5764 section 4.2): key and salt. */
export type DtlsKeys = { readonly ours: Buffer; readonly theirs: Buffer };

export type DtlsSessionOptions = {
  readonly identity: DtlsIdentity;
  /** The peer's certificate as its SDP names it, `sha-256 AB:CD:…`. */
  readonly peerFingerprint: string;
  send(datagram: Buffer): void;
  connected(keys: DtlsKeys): void;
  failed(why: string): void;
};

/** RFC 5764 section 4.1.2: SRTP_AES128_CM_HMAC_SHA1_80, which every browser knows. */
const srtpProfile = 1;
const certificateVerify = 15;
const finished = 20;
/** That of the client's certificate and proof (RFC 6347 4.2.4). */
const lastSignedFlight = 5;
const keyLength = 16;
const saltLength = 14;
/** RFC 5246 section 7.4.1.4.1: what a peer may sign with. */
const signatureHashes: Readonly<Record<number, string>> = {
  0x04_01: 'sha256',
  0x05_01: 'sha384',
  0x06_01: 'sha512',
  0x04_03: 'sha256',
  0x05_03: 'sha384',
  0x06_03: 'sha512',
};
const hashes: ReadonlySet<string> = new Set(['sha-256', 'sha-384', 'sha-512']);

/** Makes a certificate that nobody vouches for: the SDP says which it is. */
export async function newDtlsIdentity(): Promise<DtlsIdentity> {
  const { certPem, keyPem } = await CipherContext.createSelfSignedCertificateWithKey(
    { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
    NamedCurveAlgorithm.secp256r1_23,
  );
  return {
    key: keyPem,
    cert: certPem,
    fingerprint: fingerprintOf(new X509Certificate(certPem).raw, 'sha-256'),
  };
}

/**
 * One DTLS handshake as the server, for the keys of SRTP (RFC 5764). The peer is who its SDP says only when its certificate has the
 * fingerprint and it signed the handshake with that certificate's key.
 */
export class DtlsSession {
  private readonly server: DtlsServer;
  private readonly transport;
  private done = false;

  constructor(private readonly options: DtlsSessionOptions) {
    const { identity } = options;
    this.transport = {
      type: 'ice',
      address: { address: '127.0.0.1', family: 'IPv4', port: 0 },
      closed: false,
      onData: (_datagram: Buffer): void => {},
      send: async (datagram: Buffer): Promise<void> => options.send(datagram),
      close: async (): Promise<void> => {},
    };
    this.server = new DtlsServer({
      transport: this.transport,
      key: identity.key,
      cert: identity.cert,
      signatureHash: { signature: SignatureAlgorithm.ecdsa_3, hash: HashAlgorithm.sha256_4 },
      srtpProfiles: [srtpProfile],
      certificateRequest: true,
      extendedMasterSecret: true,
    });
    this.server.onConnect.subscribe(() => this.onConnect());
    this.server.onError.subscribe((error) => this.fail(error instanceof Error ? error.message : 'failed'));
  }

  /** Takes a datagram of the peer. Never throws. */
  take(datagram: Buffer): void {
    this.transport.onData(datagram);
  }

  /** werift reads the proof and does not check it (RFC 5246 7.4.8): it signs all messages before it with the certificate's key. */
  private isSigned(certificate: Buffer): boolean {
    const { handshakeCache } = this.server.dtls;
    const messages = Object.values(handshakeCache)
      .filter(({ flight }) => flight <= lastSignedFlight)
      .toSorted((one, other) => one.flight - other.flight)
      .flatMap(({ data }) => data.toSorted((one, other) => one.message_seq - other.message_seq));
    const proof = messages.find(({ msg_type: type }) => type === certificateVerify)?.fragment;
    const hash = proof && proof.length > 4 ? signatureHashes[proof.readUInt16BE(0)] : undefined;
    if (proof === undefined || hash === undefined) return false;
    const verifier = createVerify(hash);
    for (const message of messages) {
      const { msg_type: type } = message;
      if (type !== certificateVerify && type !== finished) verifier.update(message.serialize());
    }
    const { publicKey } = new X509Certificate(certificate);
    return verifier.verify(publicKey, proof.subarray(4, 4 + proof.readUInt16BE(2)));
  }

  private isSignedSafely(certificate: Buffer): boolean {
    try {
      return this.isSigned(certificate);
    } catch {
      return false;
    }
  }

  private onConnect(): void {
    if (this.done) return;
    const { remoteCertificate } = this.server;
    if (remoteCertificate === undefined) return this.fail('no certificate');
    if (!this.isSignedSafely(remoteCertificate))
      return this.fail('handshake is not signed by its certificate');
    if (!hasFingerprint(remoteCertificate, this.options.peerFingerprint))
      return this.fail('certificate is not the one of the SDP');
    if (this.server.srtp.srtpProfile !== srtpProfile) return this.fail('no SRTP profile in common');
    this.done = true;
    const keys = this.server.extractSessionKeys(keyLength, saltLength);
    this.options.connected({
      ours: Buffer.concat([keys.localKey, keys.localSalt], srtpKeyBytes),
      theirs: Buffer.concat([keys.remoteKey, keys.remoteSalt], srtpKeyBytes),
    });
  }

  private fail(why: string): void {
    if (this.done) return;
    this.done = true;
    this.options.failed(why);
  }
}

function fingerprintOf(certificate: Buffer, hash: string): string {
  const digest = createHash(hash.replace('-', '')).update(certificate).digest('hex').toUpperCase();
  return `${hash} ${digest.match(/../g)?.join(':') ?? ''}`;
}

function hasFingerprint(certificate: Buffer, named: string): boolean {
  const hash = named.split(' ')[0]?.toLowerCase() ?? '';
  if (!hashes.has(hash)) return false;
  const [expected, actual] = [named, fingerprintOf(certificate, hash)].map((text) =>
    Buffer.from(text.toUpperCase()),
  );
  return expected?.length === actual?.length && timingSafeEqual(expected as Buffer, actual as Buffer);
}
