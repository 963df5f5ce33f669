import type { NewEvent } from '../../webhooks/event';
import type { Invoice } from './invoice';

/** That an invoice or a credit note has its number. */
export function invoiceIssued(invoice: Invoice): NewEvent {
  return {
    kind: 'invoice.issued',
    objectKey: `invoice:${invoice.id}`,
    accountId: invoice.accountId,
    facts: {
      invoiceId: invoice.id,
      number: invoice.number,
      isCreditNote: invoice.kind === 'credit-note',
      totalMicros: invoice.totalMicros.toString(),
      currency: invoice.currency,
      dueAtMs: invoice.dueAtMs,
    },
  };
}

/** That nothing of an invoice is open any more. It may be opened again, by a payment that goes back. */
export function invoiceSettled(invoice: {
  readonly id: string;
  readonly number: string;
  readonly accountId: string;
}): NewEvent {
  return {
    kind: 'invoice.settled',
    objectKey: `invoice:${invoice.id}`,
    accountId: invoice.accountId,
    facts: { invoiceId: invoice.id, number: invoice.number },
  };
}
