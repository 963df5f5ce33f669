import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * scrypt's cost (RFC 7914): 32 MiB and about 80 ms a try. Twelve digits at most are cheap to guess offline whatever the cost, so
 * the real guard is the limit on tries; the hash keeps a leaked table from being read at a glance.
 */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** "scrypt$<N>$<salt>$<key>", salt and key in base64. */
export async function hashPin(pin: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(pin, salt);
  return `scrypt$${COST.N}$${salt.toString('base64')}$${key.toString('base64')}`;
}

/** Whether `pin` is the one that was hashed; takes the same time for every answer. A hash we did not write never matches. */
export async function isPin(pin: string, hash: string): Promise<boolean> {
  const [, , salt = '', key = ''] = hash.split('$');
  const expected = Buffer.from(key, 'base64');
  const derived = await derive(pin, Buffer.from(salt, 'base64'));
  return expected.length === derived.length && timingSafeEqual(expected, derived);
}

function derive(pin: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(pin, salt, KEY_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
