import { AppError, InvalidInput } from '../kernel/app-error';
import { seal, unseal } from '../kernel/seal';

const KEY_FORM = /^[0-9a-f]{64}$/i;

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

/** Seals a password; it opens for this trunk alone. */
export function sealPassword(key: TrunkKey, trunkId: string, password: string): string {
  return seal(key.bytes, contextOf(trunkId), password);
}

/** @throws SealBroken */
export function openPassword(key: TrunkKey, trunkId: string, sealed: string): string {
  const password = unseal(key.bytes, contextOf(trunkId), sealed);
  if (password === null) throw new SealBroken(trunkId);
  return password;
}

function contextOf(trunkId: string): string {
  return `123-voip trunk ${trunkId}`;
}
