/** Everything that other programs can be told, with what its facts are. Money is micros as text with the currency. */
export const EVENT_KINDS = {
  'call.charged': 'a leg was priced: cdrId, chargeMicros, currency',
  'call.corrected': 'the price of a leg was corrected: cdrId, beforeMicros, afterMicros, currency',
  'invoice.issued':
    'an invoice has its number: invoiceId, number, isCreditNote, totalMicros, currency, dueAtMs',
  'invoice.settled': 'nothing of an invoice is open any more: invoiceId, number',
  'reminder.sent':
    'somebody is reminded of an invoice: invoiceId, number, step, action, openMicros, currency',
  'payment.received': 'money came in: paymentId, amountMicros, currency, invoiceId (null for credit)',
  'payment.returned': 'money went back, by a refund or a lost dispute: the same facts',
  'account.state': 'an account may do more or less than before: state',
  'endpoint.tested': 'somebody tries whether the endpoint is reached',
} as const;

export type EventKind = keyof typeof EVENT_KINDS;

export function isEventKind(text: string): text is EventKind {
  return Object.hasOwn(EVENT_KINDS, text);
}

/** Something that happened, as it is stored with its cause. */
export type NewEvent = {
  readonly kind: EventKind;
  /** What it happened to, as `kind:id`: of one thing, an endpoint is told in the order of what happened. */
  readonly objectKey: string;
  readonly accountId: string | null;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
};

export type StoredEvent = NewEvent & { readonly id: string; readonly recordedAtMs: number };

/** The body that an endpoint is sent. The same bytes at every try, for they are signed. */
export function bodyOf({ id, kind, recordedAtMs, accountId, facts }: StoredEvent): string {
  return JSON.stringify({ id, kind, recordedAtMs, accountId, facts });
}
