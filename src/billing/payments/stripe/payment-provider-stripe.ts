import StripeApi from 'stripe';
import type { Money } from '../../../kernel/money';
import type {
  ChargeWanted,
  CheckoutWanted,
  PaymentProvider,
  ProviderDispute,
  ProviderEvent,
  ProviderPayment,
  ProviderRefund,
} from '../payment-provider';
import { fromStripe, toStripe } from './stripe-amounts';
import { readEvent } from './stripe-event';

const CALL_LIMIT_MS = 20_000;
/** Tries beside the first, by the library, each under the same idempotency key. */
const MORE_TRIES = 2;
/** Events one look brings at most; the next look goes on from there. */
const MAX_EVENTS = 5_000;

/** Stripe, spoken to by its own library. `apiUrl` leads elsewhere than to Stripe: to a proxy, or to a test's server. */
export function stripeProvider(secretKey: string, apiUrl = ''): PaymentProvider {
  const stripe = new StripeApi(secretKey, {
    maxNetworkRetries: MORE_TRIES,
    timeout: CALL_LIMIT_MS,
    telemetry: false,
    ...(apiUrl === '' ? {} : placeOf(apiUrl)),
  });
  return {
    isLive: /^(sk|rk)_live_/.test(secretKey),
    async createCustomer(accountId) {
      const metadata = { account_id: accountId };
      const options = { idempotencyKey: `customer:${accountId}` };
      return (await stripe.customers.create({ metadata }, options)).id;
    },
    createCheckout: (wanted) => createCheckout(stripe, wanted),
    async readCheckout(sessionKey) {
      const session = await stripe.checkout.sessions.retrieve(sessionKey);
      return { paymentKey: idOf(session.payment_intent), isExpired: session.status === 'expired' };
    },
    readPayment: (paymentKey) => readPayment(stripe, paymentKey),
    async labelOf(methodKey) {
      const { type, card } = await stripe.paymentMethods.retrieve(methodKey);
      return card ? `${card.brand} ${card.last4}, ${card.exp_month}/${card.exp_year}` : type;
    },
    async forgetMethod(methodKey) {
      await stripe.paymentMethods.detach(methodKey);
    },
    charge: (wanted) => charge(stripe, wanted),
    refund: (wanted) => refund(stripe, wanted),
    eventsSince: (sinceMs) => eventsSince(stripe, sinceMs),
  };
}

function placeOf(apiUrl: string) {
  const { hostname, port, protocol } = new URL(apiUrl);
  const kind: 'http' | 'https' = protocol === 'http:' ? 'http' : 'https';
  return { host: hostname, port: port || (kind === 'http' ? 80 : 443), protocol: kind };
}

async function createCheckout(stripe: StripeApi, wanted: CheckoutWanted) {
  const metadata = { payment_id: wanted.paymentId, account_id: wanted.accountId };
  const session = await stripe.checkout.sessions.create(
    {
      mode: 'payment',
      customer: wanted.customerKey,
      client_reference_id: wanted.paymentId,
      metadata,
      line_items: [
        {
          quantity: 1,
          price_data: {
            currency: wanted.amount.currency.toLowerCase(),
            unit_amount: toStripe(wanted.amount),
            product_data: { name: wanted.title },
          },
        },
      ],
      payment_intent_data: {
        metadata,
        ...(wanted.savesMethod ? { setup_future_usage: 'off_session' as const } : {}),
      },
      success_url: wanted.returnUrl,
      cancel_url: wanted.returnUrl,
      expires_at: Math.floor(wanted.expiresAtMs / 1000),
    },
    { idempotencyKey: `checkout:${wanted.paymentId}` },
  );
  return { sessionKey: session.id, url: session.url ?? '' };
}

async function readPayment(stripe: StripeApi, paymentKey: string): Promise<ProviderPayment> {
  const intent = await stripe.paymentIntents.retrieve(paymentKey, {
    expand: ['latest_charge.balance_transaction'],
  });
  const refunds = await stripe.refunds.list({ payment_intent: paymentKey, limit: 100 });
  const disputes = await stripe.disputes.list({ payment_intent: paymentKey, limit: 100 });
  return {
    key: intent.id,
    status: statusOf(intent),
    amount: fromStripe(intent.amount, intent.currency),
    received: fromStripe(intent.amount_received, intent.currency),
    customerKey: idOf(intent.customer),
    paymentId: intent.metadata.payment_id ?? null,
    isLive: intent.livemode,
    methodKey: intent.setup_future_usage === 'off_session' ? idOf(intent.payment_method) : null,
    failure: intent.last_payment_error?.code ?? intent.cancellation_reason,
    fee: feeOf(intent),
    // Lists come the newest first.
    refunds: refunds.data.toReversed().map(toRefund),
    disputes: disputes.data.toReversed().map(toDispute),
  };
}

function statusOf({ status }: StripeApi.PaymentIntent): ProviderPayment['status'] {
  if (status === 'succeeded') return 'succeeded';
  return status === 'canceled' ? 'failed' : 'open';
}

function feeOf({ latest_charge: charge }: StripeApi.PaymentIntent): Money | null {
  if (!charge || typeof charge === 'string') return null;
  const balance = charge.balance_transaction;
  return balance && typeof balance !== 'string' ? fromStripe(balance.fee, balance.currency) : null;
}

function toRefund(refund: StripeApi.Refund): ProviderRefund {
  const { status } = refund;
  return {
    key: refund.id,
    refundId: refund.metadata?.refund_id ?? null,
    amount: fromStripe(refund.amount, refund.currency),
    state:
      status === 'succeeded' ? 'paid' : status === 'failed' || status === 'canceled' ? 'failed' : 'pending',
  };
}

function toDispute(dispute: StripeApi.Dispute): ProviderDispute {
  const fee = dispute.balance_transactions.reduce((sum, one) => sum + one.fee, 0);
  const [first] = dispute.balance_transactions;
  return {
    key: dispute.id,
    amount: fromStripe(dispute.amount, dispute.currency),
    state: disputeStateOf(dispute.status),
    fee: first && fee > 0 ? fromStripe(fee, first.currency) : null,
  };
}

function disputeStateOf(status: string): ProviderDispute['state'] {
  if (status === 'won' || status === 'lost') return status;
  return status.startsWith('warning_') || status === 'prevented' ? 'inquiry' : 'open';
}

async function charge(stripe: StripeApi, wanted: ChargeWanted) {
  try {
    const intent = await stripe.paymentIntents.create(
      {
        amount: toStripe(wanted.amount),
        currency: wanted.amount.currency.toLowerCase(),
        customer: wanted.customerKey,
        payment_method: wanted.methodKey,
        off_session: true,
        confirm: true,
        metadata: { payment_id: wanted.paymentId, account_id: wanted.accountId },
      },
      { idempotencyKey: `charge:${wanted.paymentId}` },
    );
    return { paymentKey: intent.id, declined: null };
  } catch (error) {
    if (!(error instanceof StripeApi.errors.StripeCardError)) throw error;
    const intent = error.payment_intent as { id?: string } | undefined;
    return { paymentKey: intent?.id ?? null, declined: error.decline_code ?? error.code ?? 'declined' };
  }
}

async function refund(
  stripe: StripeApi,
  {
    refundId,
    paymentKey,
    amount,
  }: { readonly refundId: string; readonly paymentKey: string; readonly amount: Money },
) {
  try {
    await stripe.refunds.create(
      { payment_intent: paymentKey, amount: toStripe(amount), metadata: { refund_id: refundId } },
      { idempotencyKey: `refund:${refundId}` },
    );
    return { refusal: null };
  } catch (error) {
    // Refused for good, for example because the payment was refunded by hand before; anything else may go through the next time.
    if (error instanceof StripeApi.errors.StripeInvalidRequestError)
      return { refusal: error.code ?? error.message };
    throw error;
  }
}

async function eventsSince(stripe: StripeApi, sinceMs: number): Promise<readonly ProviderEvent[]> {
  const found: ProviderEvent[] = [];
  const pages = stripe.events.list({ created: { gte: Math.floor(sinceMs / 1000) }, limit: 100 });
  for await (const event of pages) {
    found.push(readEvent(JSON.stringify(event)));
    if (found.length >= MAX_EVENTS) break;
  }
  return found.toReversed();
}

function idOf(of: string | { id: string } | null | undefined): string | null {
  return typeof of === 'string' ? of : (of?.id ?? null);
}
