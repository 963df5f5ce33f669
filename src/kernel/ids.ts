import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto';

/** What the last id of the same millisecond counted to. */
let last = { ms: 0, count: 0 };

/** Half of what 26 bits can count to: an id begins at random below it, so that those of its millisecond have room to count on. */
const FIRST_COUNT_BELOW = 2 ** 25;

/**
 * A new id: UUID version 7 text (RFC 9562 section 5.7). Ids of one process sort by the order in which they were made, those of one millisecond too (section
 * 6.2, method 1: a counter in the 26 bits after the time that the version and the variant leave).
 */
export function newId(nowMs: number): string {
  const ms = Math.trunc(nowMs);
  const count = ms === last.ms ? last.count + 1 : randomInt(0, FIRST_COUNT_BELOW);
  last = { ms, count };
  const time = timeDigits(ms);
  const high = (0x7000 | ((count >> 14) & 0x0fff)).toString(16);
  const low = (0x8000 | (count & 0x3fff)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-${high}-${low}-${randomBytes(6).toString('hex')}`;
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
