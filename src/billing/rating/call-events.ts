import type { Money } from '../../kernel/money';
import type { NewEvent } from '../../webhooks/event';

/** That a leg was charged. */
export function callCharged(leg: {
  readonly cdrId: string;
  readonly accountId: string;
  readonly charge: Money;
}): NewEvent {
  return {
    kind: 'call.charged',
    objectKey: `cdr:${leg.cdrId}`,
    accountId: leg.accountId,
    facts: {
      cdrId: leg.cdrId,
      chargeMicros: leg.charge.amountMicros.toString(),
      currency: leg.charge.currency,
    },
  };
}

/** That the price of a leg was corrected. */
export function callCorrected(leg: {
  readonly cdrId: string;
  readonly accountId: string;
  readonly before: Money;
  readonly after: Money;
}): NewEvent {
  return {
    kind: 'call.corrected',
    objectKey: `cdr:${leg.cdrId}`,
    accountId: leg.accountId,
    facts: {
      cdrId: leg.cdrId,
      beforeMicros: leg.before.amountMicros.toString(),
      afterMicros: leg.after.amountMicros.toString(),
      currency: leg.after.currency,
    },
  };
}
