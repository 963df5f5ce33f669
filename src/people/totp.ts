import { createHmac, randomBytes } from 'node:crypto';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;
const DIGITS = 6;
/** RFC 4226 section 4, R6: as long as the hash. */
const SECRET_BYTES = 20;
/** RFC 6238 section 5.2: one step of delay either way. */
const DRIFT_STEPS = 1;

/** A new secret for an authenticator program, in base32 (RFC 4648 section 6). */
export function newTotpSecret(): string {
  return toBase32(randomBytes(SECRET_BYTES));
}

/** What an authenticator program reads from a picture. */
export function totpUri(secret: string, mail: string): string {
  const label = encodeURIComponent(`123-voip:${mail}`);
  return `otpauth://totp/${label}?secret=${secret}&issuer=123-voip&algorithm=SHA1&digits=${DIGITS}&period=${STEP_MS / 1000}`;
}

/** The code of a secret at a step (RFC 6238, HMAC-SHA-1, which is what authenticator programs know). */
export function totpCode(secret: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 0x0f;
  return String((mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** The step whose code was typed: now, or one step off; none that is not newer than the last that was used. Null: no code that counts. */
export function matchingStep(
  secret: string,
  typed: string,
  { nowMs, lastStep }: { readonly nowMs: number; readonly lastStep: number },
): number | null {
  const now = Math.floor(nowMs / STEP_MS);
  let found: number | null = null;
  for (let step = now - DRIFT_STEPS; step <= now + DRIFT_STEPS; step++)
    if (step > lastStep && totpCode(secret, step) === typed) found ??= step;
  return found;
}

/** `bytes` random bytes in base32: for codes that people write down. */
export function randomBase32(bytes: number): string {
  return toBase32(randomBytes(bytes));
}

function toBase32(bytes: Buffer): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32[Number.parseInt(five, 2)]).join('');
}

function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
