import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { stripeProvider } from '../../src/billing/payments/stripe/payment-provider-stripe';
import { followEvent } from '../../src/billing/payments/receive-event';
import { testApi } from '../support/api';
import { anAccount, START_MS } from '../support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { FakeStripe, signedWebhook } from '../support/fake-stripe';

const SECRETS = ['whsec_abc', 'whsec_def'];

describe.each(DIALECTS)('money by the API on %s', (dialect) => {
  let test: TestDatabase;
  let api: ReturnType<typeof testApi>;
  let bare: ReturnType<typeof testApi>;
  let keys: Record<string, string>;
  let accountId: string;
  let url: string;
  const stripe = new FakeStripe();
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    url = await stripe.start();
    api = testApi(test.database, undefined, {
      STRIPE_SECRET_KEY: 'sk_test_123',
      STRIPE_WEBHOOK_SECRETS: SECRETS.join(', '),
      STRIPE_API_URL: url,
      BANK_TRANSFER_DETAILS: 'House, BE68 5390 0754 7034',
      EARNINGS_HOLD_DAYS: '0',
    });
    bare = testApi(test.database);
    keys = Object.fromEntries(
      await Promise.all(
        ['admin', 'finance', 'support', 'network'].map(
          async (role) => [role, await api.keyFor(role)] as const,
        ),
      ),
    );
    accountId = (await anAccount(test.database, { credit: '20' })).id;
  });
  afterAll(async () => {
    await stripe.stop();
    await test.drop();
  });

  const ask = (
    method: 'get' | 'post' | 'patch' | 'delete',
    path: string,
    body?: object,
    { role = 'finance', app = api.app } = {},
  ) => {
    const agent = supertest(app);
    const request = agent[method](`/api/v1${path}`)
      .set('Authorization', `Bearer ${keys[role] ?? ''}`)
      .set('Idempotency-Key', randomUUID());
    return body ? request.send(body) : request;
  };
  const tell = (event: object, secrets = SECRETS.slice(0, 1), app = api.app) => {
    const { body, signature } = signedWebhook(event, { secrets, atSeconds: START_MS / 1000 });
    return supertest(app)
      .post('/api/v1/payments/stripe/webhook')
      .set('Content-Type', 'application/json; charset=utf-8')
      .set('Stripe-Signature', signature)
      .send(body);
  };
  const follow = async () => {
    const provider = stripeProvider('sk_test_123', url);
    const neighbours = { owedOf: () => Promise.reject(new Error('none')), onPayment: async () => undefined };
    for (const { id } of stripe.events)
      await followEvent({ database: test.database, provider, neighbours }, id, START_MS);
  };

  it('sells credit by card: checkout, webhook, payment, refund', async () => {
    const begun = await ask('post', `/accounts/${accountId}/checkouts`, {
      amount: '12.34',
      saveMethod: true,
    });
    expect([begun.status, begun.body.amount.text]).toEqual([201, '12.34 EUR']);
    stripe.pay(stripe.lastSession.id);
    for (const event of stripe.events) expect((await tell(event)).body).toEqual({ received: true });
    expect((await tell(stripe.events[0] as object, ['whsec_def'])).status).toBe(200);
    await follow();
    const shown = await ask('get', `/payments/${begun.body.paymentId}`);
    expect(shown.body).toMatchObject({ state: 'succeeded', received: { text: '12.34 EUR' } });
    const refunded = await ask('post', `/payments/${begun.body.paymentId}/refunds`, {
      amount: '2.34',
      reason: 'too much',
    });
    expect([refunded.status, refunded.body.state]).toEqual([201, 'pending']);
    expect((await ask('get', `/payments?account=${accountId}`)).body.payments).toHaveLength(1);
    const recharge = {
      enabled: true,
      threshold: '5',
      amount: '10',
      mostADay: 2,
      mostADayAmount: '30',
    };
    const set = await ask('patch', `/accounts/${accountId}/auto-recharge`, recharge);
    expect(set.body).toMatchObject({ enabled: true, amount: { text: '10.00 EUR' } });
    const known = await ask('get', `/accounts/${accountId}/auto-recharge`);
    expect(known.body.method).toBe('visa 4242, 8/2030');
    await ask('delete', `/accounts/${accountId}/payment-method`);
    expect((await ask('get', `/accounts/${accountId}/auto-recharge`)).body).toMatchObject({
      method: null,
      autoRecharge: { enabled: false },
    });
  });

  it('believes no webhook that Stripe did not sign', async () => {
    const event = stripe.emit('payment_intent.succeeded', { id: 'pi_x', object: 'payment_intent' });
    const { status, body } = await tell(event, ['whsec_wrong']);
    expect([status, body.type]).toEqual([400, 'urn:123-voip:webhook-refused']);
    const unsigned = await supertest(api.app).post('/api/v1/payments/stripe/webhook').send(event);
    expect(unsigned.status).toBe(400);
    const rows = await test.database.read.all('SELECT id FROM payment_events WHERE id = ?', [event.id]);
    expect(rows).toEqual([]);
  });

  it('without a key of Stripe says so and offers vouchers and bank transfer', async () => {
    const options = await ask('get', '/payment-options', undefined, { app: bare.app });
    expect(options.body).toMatchObject({
      card: { offered: false, says: expect.stringContaining('STRIPE_SECRET_KEY') },
      voucher: { offered: true },
      bankTransfer: { offered: false },
    });
    expect((await ask('get', '/payment-options')).body.bankTransfer.says).toContain('BE68');
    const refused = await ask('post', `/accounts/${accountId}/checkouts`, { amount: '5' }, { app: bare.app });
    expect([refused.status, refused.body.type]).toEqual([409, 'urn:123-voip:no-payment-provider']);
    expect((await tell({ id: 'evt' }, SECRETS, bare.app)).status).toBe(409);
  });

  it('takes bank transfers: a reference, a booking, a confirmation', async () => {
    const wanted = await ask('post', `/accounts/${accountId}/bank-payments`, { amount: '30' });
    expect(wanted.body.payTo).toContain('BE68');
    const booking = {
      bankId: 'b-1',
      amount: '30',
      currency: 'EUR',
      remittance: `for ${wanted.body.reference}`,
      receivedAt: '2026-01-15T10:00:00Z',
    };
    const noted = await ask('post', '/bank-transfers', booking);
    expect(noted.body).toMatchObject({ state: 'matched', paymentId: wanted.body.payment.id });
    const confirmed = await ask('post', `/bank-transfers/${noted.body.id}/confirm`, {});
    expect(confirmed.body).toMatchObject({ state: 'confirmed', decidedBy: 'finance' });
    expect((await ask('post', `/bank-transfers/${noted.body.id}/confirm`, {})).status).toBe(409);
    expect((await ask('get', '/bank-transfers?state=confirmed')).body.transfers).toHaveLength(1);
  });

  it('corrects balances, large ones by two people, and shows balances of any moment', async () => {
    const wish = { amount: '-60', reason: 'credited twice' };
    const asked = await ask('post', `/accounts/${accountId}/adjustments`, wish);
    expect([asked.status, asked.body.state]).toEqual([201, 'waiting']);
    const path = `/adjustments/${asked.body.id}/approve`;
    const alone = await ask('post', path, {});
    expect([alone.status, alone.body.type]).toEqual([403, 'urn:123-voip:second-person-needed']);
    expect((await ask('post', path, {}, { role: 'support' })).status).toBe(403);
    const approved = await ask('post', path, {}, { role: 'admin' });
    expect(approved.body).toMatchObject({ state: 'posted', decidedBy: { name: 'admin' } });
    const now = await ask('get', `/accounts/${accountId}/balance-at?at=${START_MS}`);
    const before = await ask('get', `/accounts/${accountId}/balance-at?at=${START_MS - 1}`);
    expect([now.body.balance.text, before.body.balance.text]).toEqual(['0.00 EUR', '0.00 EUR']);
    const house = await ask('get', '/ledger/accounts?kind=adjustments');
    expect(house.body.accounts).toMatchObject([{ balance: { text: '60.00 EUR' } }]);
    const at = await ask('get', `/ledger/accounts/house:adjustments:EUR/balance-at?at=${START_MS}`);
    expect(at.body.balance.text).toBe('60.00 EUR');
    expect((await ask('get', '/adjustments?state=posted')).body.adjustments).toHaveLength(1);
    expect((await ask('get', '/ledger/proofs')).body.proofs).toEqual([]);
    expect((await ask('get', `/accounts/${accountId}/freezes`)).body.freezes).toEqual([]);
  });

  it('credits earnings and pays them out', async () => {
    const share = { source: 'call 1', currency: 'EUR', amount: '4.20', note: 'a conversation' };
    const earned = await ask('post', `/accounts/${accountId}/earnings`, share);
    expect(earned.status).toBe(201);
    const made = await ask('post', `/accounts/${accountId}/payouts`, { currency: 'EUR' });
    expect(made.body).toMatchObject({ state: 'pending', amount: { text: '4.20 EUR' } });
    const end = { state: 'paid', note: 'SEPA 77' };
    expect((await ask('post', `/payouts/${made.body.id}/end`, end)).body.endedNote).toBe('SEPA 77');
    const statement = await ask(
      'get',
      `/accounts/${accountId}/earnings-statement?currency=EUR&from=${START_MS}&to=${START_MS + 1}`,
    );
    expect(statement.body).toMatchObject({
      opening: { text: '0.00 EUR' },
      closing: { text: '0.00 EUR' },
      lines: expect.arrayContaining([
        expect.objectContaining({ kind: 'earning' }),
        expect.objectContaining({ kind: 'payout' }),
      ]),
    });
    const back = await ask('post', '/earnings/claw-back', { source: 'call 1', reason: 'disputed' });
    expect(back.body.amount.text).toBe('-4.20 EUR');
    expect((await ask('get', `/accounts/${accountId}/earnings`)).body.sums).toMatchObject([
      { mature: { text: '-4.20 EUR' } },
    ]);
    expect((await ask('get', '/payouts?state=paid')).body.payouts).toHaveLength(1);
  });

  it.each(['/payments', '/payment-quarantine', '/bank-transfers', '/payouts', '/adjustments', '/disputes'])(
    'shows %s to nobody without the right',
    async (path) => {
      expect((await ask('get', path, undefined, { role: 'network' })).status).toBe(403);
      expect((await ask('get', path, undefined, { role: 'support' })).status).toBe(200);
    },
  );
});
