import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto';

/** A new id: UUID version 7 text (RFC 9562 section 5.7), so that ids sort by the time they were made. */
export function newId(nowMs: number): string {
  const time = timeDigits(nowMs);
  const rest = randomBytes(10);
  rest[0] = 0x70 | ((rest[0] as number) & 0x0f);
  rest[2] = 0x80 | ((rest[2] as number) & 0x3f);
  const hex = rest.toString('hex');
  return `${time.slice(0, 8)}-${time.slice(8)}-${hex.slice(0, 4)}-${hex.slice(4, 8)}-${hex.slice(8)}`;
}

/** What every id that was made at `timeMs` or later sorts behind. */
export function leastId(timeMs: number): string {
  const time = timeDigits(Math.max(0, timeMs));
  return `${time.slice(0, 8)}-${time.slice(8)}-`;
}

function timeDigits(timeMs: number): string {
  return Math.trunc(timeMs).toString(16).padStart(12, '0');
}

/** A random UUID version 4, for ids on wires that promise nothing about order. */
export function randomId(): string {
  return randomUUID();
}

/** `count` decimal digits drawn evenly by a cryptographic generator, first digit not zero. */
export function randomDigits(count: number): string {
  let digits = String(randomInt(1, 10));
  while (digits.length < count) digits += String(randomInt(0, 10));
  return digits;
}

/** A secret of `bytes` random bytes in URL-safe base64. */
export function randomSecret(bytes = 24): string {
  return randomBytes(bytes).toString('base64url');
}

/** `bytes` random bytes in hex: for keys. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

/** SHA-256 in hex: for contents, and for keys that are long and random (API keys), where a slow hash would protect nothing. */
export function fingerprint(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** `count` decimal digits drawn evenly by a cryptographic generator, leading zeros allowed. */
export function randomSerial(count: number): string {
  return String(randomInt(0, 10 ** count)).padStart(count, '0');
}

/** A number drawn evenly from 0 to 1. */
export function randomShare(): number {
  return randomInt(0, 2 ** 32) / 2 ** 32;
}
