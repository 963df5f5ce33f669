import type { NewEvent } from '../../webhooks/event';
import type { PaymentFact } from './payment';

/** That money came in, or went back. */
export function paymentEvent({ kind, paymentId, accountId, amount, purpose }: PaymentFact): NewEvent {
  return {
    kind: kind === 'received' ? 'payment.received' : 'payment.returned',
    objectKey: `payment:${paymentId}`,
    accountId,
    facts: {
      paymentId,
      amountMicros: amount.amountMicros.toString(),
      currency: amount.currency,
      invoiceId: purpose.kind === 'invoice' ? purpose.invoiceId : null,
    },
  };
}
