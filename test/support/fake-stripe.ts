import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  aCharge,
  aCheckoutSession,
  aCustomer,
  aDispute,
  anEvent,
  anIntent,
  aPaymentMethod,
  aRefund,
  type StripeObject,
} from './fake-stripe-objects';

/** A form as the official library sends it, with its brackets: `metadata[payment_id]`. */
type Form = URLSearchParams;
type Answer = { readonly status: number; readonly body: object };

/** What Stripe keeps of a charge (2.9 % and 30 coins, rounded). */
export const feeOf = (coins: number) => Math.round(coins * 0.029) + 30;

/**
 * Stripe as far as we speak to it, behind the official library's host, port and protocol options: it keeps objects, honours idempotency keys, and
 * lets a test do what payers, banks and the operator do at Stripe. Events are listed by its API, and signed for webhooks by `webhook`.
 */
export class FakeStripe {
  readonly objects = new Map<string, StripeObject>();
  readonly events: StripeObject[] = [];
  /** Requests by "METHOD path", for tests that count them. */
  readonly requests: string[] = [];
  /** Charges of saved methods are refused with this while it is set. */
  declines: string | null = null;
  /** That many requests more are done, but their answer is 500. */
  failing = 0;
  nowSeconds = 1_768_478_400;
  readonly #answers = new Map<string, Answer>();
  readonly #server = createServer((req, res) => void this.#serve(req, res));
  #next = 1;

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The payer pays on the page of a checkout; gives the payment's id. */
  pay(sessionId: string): string {
    const session = this.#get(sessionId);
    const intent = this.#intentOf(session);
    this.#succeed(intent);
    this.#set(session, { status: 'complete', payment_status: 'paid' });
    this.emit('checkout.session.completed', session);
    return intent.id;
  }

  /** A try of the payer's on the page is refused; he may try again. */
  failTry(sessionId: string): void {
    const intent = this.#intentOf(this.#get(sessionId));
    this.#set(intent, { last_payment_error: { type: 'card_error', code: 'card_declined' } });
    this.emit('payment_intent.payment_failed', intent);
  }

  expire(sessionId: string): void {
    this.emit('checkout.session.expired', this.#set(this.#get(sessionId), { status: 'expired' }));
  }

  /** Somebody refunds at Stripe's own desk. */
  refundByHand(intentId: string, coins: number): string {
    return this.#refund(this.#get(intentId), coins, {}).id;
  }

  /** A refund that was on its way comes back. */
  failRefund(refundId: string): void {
    this.emit('refund.failed', this.#set(this.#get(refundId), { status: 'failed' }));
  }

  dispute(intentId: string, coins: number, status = 'needs_response'): string {
    const intent = this.#get(intentId);
    const fields = { amount: coins, currency: intent.currency, charge: intent.latest_charge, status };
    const dispute = this.#keep(
      aDispute(this.#id('dp'), { ...fields, payment_intent: intentId, created: this.nowSeconds }),
    );
    this.emit('charge.dispute.created', dispute);
    return dispute.id;
  }

  closeDispute(disputeId: string, status: 'won' | 'lost'): void {
    this.emit('charge.dispute.closed', this.#set(this.#get(disputeId), { status }));
  }

  /** Changes an object behind our back. */
  tamper(id: string, fields: object): void {
    this.#set(this.#get(id), fields);
  }

  emit(type: string, object: StripeObject): StripeObject {
    const event = anEvent(this.#id('evt'), { type, created: this.nowSeconds, object: { ...object } });
    this.events.push(event);
    return event;
  }

  /** The newest session that was made. */
  get lastSession(): StripeObject {
    return [...this.objects.values()]
      .filter(({ object }) => object === 'checkout.session')
      .at(-1) as StripeObject;
  }

  #succeed(intent: StripeObject): void {
    const coins = Number(intent.amount);
    const charge = this.#keep(
      aCharge(this.#id('ch'), {
        amount: coins,
        currency: intent.currency,
        customer: intent.customer,
        payment_intent: intent.id,
        balance_transaction: {
          id: this.#id('txn'),
          object: 'balance_transaction',
          fee: feeOf(coins),
          currency: intent.currency,
        },
        created: this.nowSeconds,
      }),
    );
    this.#set(intent, {
      status: 'succeeded',
      amount_received: coins,
      latest_charge: charge.id,
      payment_method: intent.payment_method ?? this.#keep(aPaymentMethod(this.#id('pm'), {})).id,
    });
    this.emit('payment_intent.succeeded', intent);
  }

  #intentOf(session: StripeObject): StripeObject {
    if (typeof session.payment_intent === 'string') return this.#get(session.payment_intent);
    const intent = this.#keep(
      anIntent(this.#id('pi'), {
        amount: session.amount_total,
        currency: session.currency,
        customer: session.customer,
        metadata: session.metadata,
        setup_future_usage: this.#saves.has(session.id) ? 'off_session' : null,
        created: this.nowSeconds,
      }),
    );
    this.#set(session, { payment_intent: intent.id });
    return intent;
  }

  readonly #saves = new Set<string>();

  #refund(intent: StripeObject, coins: number, metadata: object): StripeObject {
    const refund = this.#keep(
      aRefund(this.#id('re'), {
        amount: coins,
        currency: intent.currency,
        charge: intent.latest_charge,
        payment_intent: intent.id,
        metadata,
        created: this.nowSeconds,
      }),
    );
    this.emit('charge.refunded', this.#get(String(intent.latest_charge)));
    return refund;
  }

  #id(prefix: string): string {
    return `${prefix}_fake${String(this.#next++).padStart(8, '0')}`;
  }
  #keep(object: StripeObject): StripeObject {
    this.objects.set(object.id, object);
    return object;
  }
  #get(id: string): StripeObject {
    const found = this.objects.get(id);
    if (!found) throw new NoSuchObject(id);
    return found;
  }
  #set(object: StripeObject, fields: object): StripeObject {
    return Object.assign(object, fields);
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://fake');
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
    this.requests.push(`${req.method} ${pathname}`);
    const key = req.headers['idempotency-key'];
    const known = typeof key === 'string' && req.method === 'POST' ? this.#answers.get(key) : undefined;
    const answer = known ?? this.#answer(req.method ?? 'GET', pathname, { query: searchParams, form });
    if (typeof key === 'string' && req.method === 'POST') this.#answers.set(key, answer);
    const shown = this.failing > 0 ? { status: 500, body: { error: { type: 'api_error' } } } : answer;
    if (this.failing > 0) this.failing--;
    res.writeHead(shown.status, { 'content-type': 'application/json' }).end(JSON.stringify(shown.body));
  }

  #answer(method: string, path: string, { query, form }: { query: Form; form: Form }): Answer {
    const [, , kind = '', id = '', more = ''] = path
      .replace('checkout/sessions', 'checkout-sessions')
      .split('/');
    try {
      const made = method === 'POST' ? this.#post(kind, id, more, form) : this.#read(kind, id, query);
      return { status: 200, body: made };
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  }

  #post(kind: string, id: string, more: string, form: Form): object {
    const metadata = fieldsOf(form, 'metadata');
    if (kind === 'customers')
      return this.#keep(aCustomer(this.#id('cus'), { metadata, created: this.nowSeconds }));
    if (kind === 'checkout-sessions') return this.#makeSession(form, metadata);
    if (kind === 'payment_intents') return this.#chargeMethod(form, metadata);
    if (kind === 'payment_methods' && more === 'detach') return this.#set(this.#get(id), { customer: null });
    if (kind === 'refunds') {
      const intent = this.#get(form.get('payment_intent') ?? '');
      const coins = Number(form.get('amount'));
      const before = this.#of('refund', intent.id).reduce((sum, one) => sum + Number(one.amount), 0);
      if (before + coins > Number(intent.amount_received))
        throw new Refusal(400, { type: 'invalid_request_error', code: 'charge_already_refunded' });
      return this.#refund(intent, coins, metadata);
    }
    throw new NoSuchObject(kind);
  }

  #makeSession(form: Form, metadata: object): StripeObject {
    const price = 'line_items[0][price_data]';
    const session = this.#keep(
      aCheckoutSession(this.#id('cs'), {
        amount_total: Number(form.get(`${price}[unit_amount]`)),
        amount_subtotal: Number(form.get(`${price}[unit_amount]`)),
        currency: form.get(`${price}[currency]`),
        customer: form.get('customer'),
        client_reference_id: form.get('client_reference_id'),
        expires_at: Number(form.get('expires_at')),
        metadata,
        created: this.nowSeconds,
      }),
    );
    if (form.get('payment_intent_data[setup_future_usage]') === 'off_session') this.#saves.add(session.id);
    return session;
  }

  #chargeMethod(form: Form, metadata: object): StripeObject {
    const intent = this.#keep(
      anIntent(this.#id('pi'), {
        amount: Number(form.get('amount')),
        currency: form.get('currency'),
        customer: form.get('customer'),
        payment_method: form.get('payment_method'),
        metadata,
        created: this.nowSeconds,
      }),
    );
    if (this.declines === null) {
      this.#succeed(intent);
      return intent;
    }
    const error = { type: 'card_error', code: 'card_declined', decline_code: this.declines };
    this.#set(intent, { last_payment_error: error });
    this.emit('payment_intent.payment_failed', intent);
    throw new Refusal(402, { ...error, message: 'declined', payment_intent: { ...intent } });
  }

  #read(kind: string, id: string, query: Form): object {
    if (kind === 'events') {
      const since = Number(query.get('created[gte]') ?? 0);
      const newest = this.events.filter(({ created }) => Number(created) >= since).toReversed();
      const after = query.get('starting_after');
      const from = after === null ? 0 : newest.findIndex((event) => event.id === after) + 1;
      const limit = Number(query.get('limit') ?? 10);
      return list('/v1/events', newest.slice(from, from + limit), from + limit < newest.length);
    }
    const intentId = query.get('payment_intent') ?? '';
    if (kind === 'refunds' && id === '')
      return list('/v1/refunds', this.#of('refund', intentId).toReversed());
    if (kind === 'disputes' && id === '')
      return list('/v1/disputes', this.#of('dispute', intentId).toReversed());
    const found = this.#get(id);
    return kind === 'payment_intents' && typeof found.latest_charge === 'string'
      ? { ...found, latest_charge: this.#get(found.latest_charge) }
      : found;
  }

  #of(kind: string, intentId: string): StripeObject[] {
    return [...this.objects.values()].filter(
      ({ object, payment_intent }) => object === kind && payment_intent === intentId,
    );
  }
}

/** The body and the signature of a webhook: HMAC-SHA256 over "<seconds>.<body>" under every secret that is given. */
export function signedWebhook(
  event: object,
  { secrets, atSeconds }: { readonly secrets: readonly string[]; readonly atSeconds: number },
): { readonly body: string; readonly signature: string } {
  const body = JSON.stringify(event);
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex')}`,
  );
  return { body, signature: [`t=${atSeconds}`, ...signatures].join(',') };
}

class Refusal extends Error {
  readonly answer: Answer;
  constructor(status: number, error: object) {
    super('refused');
    this.answer = { status, body: { error } };
  }
}

class NoSuchObject extends Refusal {
  constructor(id: string) {
    super(404, { type: 'invalid_request_error', code: 'resource_missing', message: `no such object: ${id}` });
  }
}

function fieldsOf(form: Form, name: string): Record<string, string> {
  return Object.fromEntries(
    [...form].flatMap(([key, value]) => {
      const field = new RegExp(`^${name}\\[(\\w+)\\]$`).exec(key)?.[1];
      return field === undefined ? [] : [[field, value]];
    }),
  );
}

function list(url: string, data: readonly object[], hasMore = false): object {
  return { object: 'list', url, has_more: hasMore, data };
}
