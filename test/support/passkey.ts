import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

type Flags = { readonly isVerified?: boolean };

/** An authenticator with one passkey on P-256: makes it and shows it as browsers do (WebAuthn level 2). */
export class SoftPasskey {
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #id = randomBytes(16);
  #count = 0;

  constructor(private readonly origin: string) {}

  /** The answer to options for making a passkey. */
  make({ challenge }: { challenge: string }, flags: Flags = {}) {
    const key = this.#keys.publicKey.export({ format: 'jwk' });
    // COSE (RFC 9053): a map of 5: kty 1 = EC2, alg 3 = ES256, crv -1 = P-256, x -2, y -3.
    const cose = Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(key.x ?? '', 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(key.y ?? '', 'base64url'),
    ]);
    const length = Buffer.from([0, this.#id.length]);
    const data = Buffer.concat([this.#data(0x40, flags), Buffer.alloc(16), length, this.#id, cose]);
    const attestation = Buffer.concat([
      Buffer.from('a363', 'hex'),
      Buffer.from('fmt'),
      Buffer.from('64', 'hex'),
      Buffer.from('none'),
      Buffer.from('67', 'hex'),
      Buffer.from('attStmt'),
      Buffer.from('a068', 'hex'),
      Buffer.from('authData'),
      Buffer.from([0x58, data.length]),
      data,
    ]);
    return this.#credential({
      clientDataJSON: this.#client('webauthn.create', challenge).toString('base64url'),
      attestationObject: attestation.toString('base64url'),
    });
  }

  /** The answer to options for signing in. */
  show({ challenge }: { challenge: string }, flags: Flags = {}) {
    this.#count++;
    const client = this.#client('webauthn.get', challenge);
    const data = this.#data(0, flags);
    const signed = Buffer.concat([data, createHash('sha256').update(client).digest()]);
    return this.#credential({
      clientDataJSON: client.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: sign('sha256', signed, this.#keys.privateKey).toString('base64url'),
    });
  }

  #credential<T>(response: T) {
    const id = this.#id.toString('base64url');
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  #client(type: string, challenge: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin }));
  }

  #data(flags: number, { isVerified = true }: Flags): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(this.#count);
    const host = createHash('sha256').update(new URL(this.origin).hostname).digest();
    return Buffer.concat([host, Buffer.from([flags | 0x01 | (isVerified ? 0x04 : 0)]), count]);
  }
}
