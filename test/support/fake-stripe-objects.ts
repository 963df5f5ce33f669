/** An object as Stripe's API gives it, with the fields that we read. */
export type StripeObject = { readonly id: string; readonly object: string } & Record<string, unknown>;

type Fields = Readonly<Record<string, unknown>>;

const LIVEMODE = { livemode: false };

export function aCustomer(id: string, fields: Fields): StripeObject {
  return { id, object: 'customer', ...LIVEMODE, email: null, metadata: {}, ...fields };
}

export function aPaymentMethod(id: string, fields: Fields): StripeObject {
  const card = { brand: 'visa', last4: '4242', exp_month: 8, exp_year: 2030 };
  return { id, object: 'payment_method', ...LIVEMODE, type: 'card', card, customer: null, ...fields };
}

export function aCheckoutSession(id: string, fields: Fields): StripeObject {
  return {
    id,
    object: 'checkout.session',
    ...LIVEMODE,
    mode: 'payment',
    status: 'open',
    payment_status: 'unpaid',
    payment_intent: null,
    url: `https://pay.example/${id}`,
    ...fields,
  };
}

export function anIntent(id: string, fields: Fields): StripeObject {
  return {
    id,
    object: 'payment_intent',
    ...LIVEMODE,
    amount_received: 0,
    cancellation_reason: null,
    last_payment_error: null,
    latest_charge: null,
    payment_method: null,
    setup_future_usage: null,
    status: 'requires_payment_method',
    ...fields,
  };
}

export function aCharge(id: string, fields: Fields): StripeObject {
  return { id, object: 'charge', ...LIVEMODE, paid: true, metadata: {}, ...fields };
}

export function aRefund(id: string, fields: Fields): StripeObject {
  return { id, object: 'refund', status: 'succeeded', metadata: {}, ...fields };
}

export function aDispute(id: string, fields: Fields): StripeObject {
  return {
    id,
    object: 'dispute',
    ...LIVEMODE,
    balance_transactions: [],
    reason: 'general',
    metadata: {},
    ...fields,
  };
}

export function anEvent(
  id: string,
  {
    type,
    created,
    object,
  }: { readonly type: string; readonly created: number; readonly object: StripeObject },
): StripeObject {
  return { id, object: 'event', ...LIVEMODE, type, created, data: { object } };
}
