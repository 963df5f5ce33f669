import { createHmac, timingSafeEqual } from 'node:crypto';
import { randomSecret } from '../kernel/ids';

/** A challenge may be answered this long; then it is stale, and a new one is given. */
export const NONCE_LIFETIME_MS = 120_000;

/** Another node's clock may be ahead by this much. */
const CLOCK_DIFFERENCE_MS = 5_000;

const RANDOM_BYTES = 9;
const FORM = /^([0-9a-z]{8,12})\.([A-Za-z0-9_-]{12})\.([A-Za-z0-9_-]{22})$/;

export type JudgedNonce = 'fresh' | 'stale' | 'not-ours';

/** A nonce that any node with the same secret knows for its own: the time, chance, and a seal over both. */
export function makeNonce(secret: string, nowMs: number): string {
  const body = `${Math.trunc(nowMs).toString(36)}.${randomSecret(RANDOM_BYTES)}`;
  return `${body}.${seal(secret, body)}`;
}

/** Whether a nonce is one of ours, and still good. Its counts are checked elsewhere. */
export function judgeNonce(secret: string, nonce: string, nowMs: number): JudgedNonce {
  const [, time = '', chance = '', sealed = ''] = FORM.exec(nonce) ?? [];
  const right = seal(secret, `${time}.${chance}`);
  if (sealed.length !== right.length || !timingSafeEqual(Buffer.from(sealed), Buffer.from(right)))
    return 'not-ours';
  const ageMs = nowMs - Number.parseInt(time, 36);
  return ageMs >= -CLOCK_DIFFERENCE_MS && ageMs <= NONCE_LIFETIME_MS ? 'fresh' : 'stale';
}

/** 128 bits are enough for what lives two minutes. */
function seal(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest().subarray(0, 16).toString('base64url');
}
