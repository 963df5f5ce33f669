import { type Route, route } from '../../http/route';
import { AppError } from '../../kernel/app-error';
import { type PaymentParts, requireProvider } from './payment-parts';
import { receiveEvent } from './receive-event';
import { verifyWebhook } from './stripe/verify-webhook-stripe';

/** No event of Stripe comes near. */
const MAX_WEBHOOK_BYTES = 512 * 1024;

/** A webhook that is not signed by the provider, too old, or no event. It says no more to whoever tries. */
export class WebhookRefused extends AppError {
  readonly code = 'webhook-refused';
  constructor() {
    super('the signature is wrong or too old');
  }
}

/** The URL that Stripe tells of what happened. It only stores: what follows is done by a job, so Stripe has its answer at once. */
export function webhookRoutes(parts: PaymentParts, secrets: readonly string[]): readonly Route[] {
  return [
    route({
      method: 'post',
      path: '/payments/stripe/webhook',
      summary: 'For Stripe alone: signed events, in any order and any number of times',
      scope: 'public',
      upload: { contentType: 'application/json', maxBytes: MAX_WEBHOOK_BYTES },
      // A stream, since Stripe sends no Idempotency-Key: the event's id is one.
      answer: {
        kind: 'stream',
        contentType: 'application/json',
        about: 'received: true',
      },
      handle: async ({ upload, nowMs }, { req, res }) => {
        const provider = requireProvider(parts);
        const event = verifyWebhook(upload, req.get('Stripe-Signature'), { secrets, nowMs });
        if (!event) throw new WebhookRefused();
        await receiveEvent(parts.database, event, { isLive: provider.isLive, nowMs });
        res.status(200).json({ received: true });
      },
    }),
  ];
}
