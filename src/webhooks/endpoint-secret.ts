import { createHmac } from 'node:crypto';

const KEY_FORM = /^[0-9a-f]{64}$/i;

/**
 * The secret of an endpoint: derived from WEBHOOK_KEY, so that no table holds it. Each rotation counts `secretNumber` up. Written as the Standard Webhooks
 * specification writes secrets.
 */
export function endpointSecret(key: string, endpointId: string, secretNumber: number): string {
  if (!KEY_FORM.test(key)) throw new TypeError('WEBHOOK_KEY is no key of 32 bytes');
  const mac = createHmac('sha256', Buffer.from(key, 'hex')).update(
    `123-voip webhook ${endpointId} ${secretNumber}`,
  );
  return `whsec_${mac.digest('base64')}`;
}

/** The value of webhook-signature for one secret: `v1,` and the HMAC of id, seconds and body (Standard Webhooks 1.0). */
export function signatureOf(
  secret: string,
  { id, seconds, body }: { readonly id: string; readonly seconds: number; readonly body: string },
): string {
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', bytes).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}
