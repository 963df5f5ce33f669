import { z } from 'zod';
import type { ProviderEvent } from '../payment-provider';

/** Longest id that Stripe promises: docs.stripe.com/upgrades, "object IDs". */
const key = z.string().min(1).max(120);

const eventSchema = z.object({
  id: key,
  type: z.string().min(1).max(120),
  created: z.number().int().nonnegative(),
  livemode: z.boolean(),
  data: z.object({
    object: z.object({
      id: key.optional(),
      object: z.string().max(60),
      payment_intent: z.unknown().optional(),
    }),
  }),
});

/** Fields of Stripe's objects that say who somebody is or what card he has. */
const PERSONAL = new Set([
  'address',
  'billing_details',
  'card',
  'customer_details',
  'customer_email',
  'email',
  'evidence',
  'name',
  'payment_method_details',
  'phone',
  'receipt_email',
  'shipping',
]);

/** An event as it may be kept: nobody's name, address or card is in it. */
function withoutPersons(payload: string): string {
  return JSON.stringify(JSON.parse(payload), (field, value: unknown) =>
    PERSONAL.has(field) ? undefined : value,
  );
}

/**
 * Reads what we need of an event of Stripe: which payment or checkout it is about. What it says of them is not believed, it may be old: their
 * present state is asked for. @throws ZodError, SyntaxError for what is no event
 */
export function readEvent(payload: string): ProviderEvent {
  const { id, type, created, livemode, data } = eventSchema.parse(JSON.parse(payload));
  const { object } = data;
  const intent = typeof object.payment_intent === 'string' ? object.payment_intent : null;
  const about = {
    payment_intent: { paymentKey: object.id ?? null, sessionKey: null },
    charge: { paymentKey: intent, sessionKey: null },
    refund: { paymentKey: intent, sessionKey: null },
    dispute: { paymentKey: intent, sessionKey: null },
    'checkout.session': { paymentKey: intent, sessionKey: object.id ?? null },
  }[object.object] ?? { paymentKey: null, sessionKey: null };
  return {
    id,
    type,
    createdAtMs: created * 1000,
    isLive: livemode,
    ...about,
    payload: withoutPersons(payload),
  };
}
