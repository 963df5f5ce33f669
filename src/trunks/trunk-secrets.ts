import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError, InvalidInput } from '../kernel/app-error';

const KEY_FORM = /^[0-9a-f]{64}$/i;
const VERSION = '1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Seals our passwords at carriers. */
export type TrunkKey = { readonly bytes: Buffer };

/** A sealed password cannot be opened: another key, another trunk's, or damaged. */
export class SealBroken extends AppError {
  readonly code = 'seal-broken';
  constructor(trunkId: string) {
    super('the password of this trunk was sealed with another key, or is damaged; set it again', { trunkId });
  }
}

/** TRUNK_KEY as it is configured: 32 bytes in hex. @throws InvalidInput, which does not show the key */
export function trunkKey(text: string): TrunkKey {
  if (!KEY_FORM.test(text))
    throw new InvalidInput('TRUNK_KEY', 'is no key', 'write 64 hexadecimal digits (32 random bytes)');
  return { bytes: Buffer.from(text, 'hex') };
}

/** Seals a password with AES-256-GCM; it opens for this trunk alone. */
export function sealPassword(key: TrunkKey, trunkId: string, password: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce).setAAD(contextOf(trunkId));
  const sealed = Buffer.concat([nonce, cipher.update(password, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${VERSION}.${sealed.toString('base64url')}`;
}

/** @throws SealBroken */
export function openPassword(key: TrunkKey, trunkId: string, sealed: string): string {
  const [version, body = ''] = sealed.split('.');
  const bytes = Buffer.from(body, 'base64url');
  if (version !== VERSION || bytes.length < NONCE_BYTES + TAG_BYTES) throw new SealBroken(trunkId);
  const decipher = createDecipheriv('aes-256-gcm', key.bytes, bytes.subarray(0, NONCE_BYTES))
    .setAAD(contextOf(trunkId))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return (
      decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    );
  } catch {
    throw new SealBroken(trunkId);
  }
}

function contextOf(trunkId: string): Buffer {
  return Buffer.from(`123-voip trunk ${trunkId}`);
}
