import StripeApi from 'stripe';
import type { ProviderEvent } from '../payment-provider';
import { readEvent } from './stripe-event';

/** How old, or how far ahead, a signature may be: older ones may have been recorded and sent again. */
const TOLERANCE_SECONDS = 300;

/**
 * The event of a webhook whose signature over the raw body is right under one of the secrets (several while one is exchanged for another), else null.
 * Pure: time is an argument.
 */
export function verifyWebhook(
  body: Buffer,
  signature: string | undefined,
  { secrets, nowMs }: { readonly secrets: readonly string[]; readonly nowMs: number },
): ProviderEvent | null {
  const text = body.toString('utf8');
  const sentAtSeconds = Number(/(?:^|,)t=(\d{1,12})(?:,|$)/.exec(signature ?? '')?.[1]);
  // The library looks for signatures that are too old only.
  if (!signature || !(sentAtSeconds - nowMs / 1000 <= TOLERANCE_SECONDS)) return null;
  for (const secret of secrets)
    try {
      StripeApi.webhooks.constructEvent(text, signature, secret, TOLERANCE_SECONDS, undefined, nowMs);
      return readEvent(text);
    } catch {
      // Signed by another secret, or by nobody who knows one.
    }
  return null;
}
