import { randomUUID } from 'node:crypto';
import { readBalance } from '../../src/billing/ledger/ledger-accounts';
import { FakeStripe, signedWebhook } from '../support/fake-stripe';
import { eventually, TestService } from '../support/service';

describe('credit is paid by card', () => {
  const stripe = new FakeStripe();
  let service: TestService;
  beforeAll(async () => {
    service = await TestService.start({
      STRIPE_SECRET_KEY: 'sk_test_123',
      STRIPE_WEBHOOK_SECRETS: 'whsec_abc',
      STRIPE_API_URL: await stripe.start(),
    });
  });
  afterAll(async () => {
    await service.close();
    await stripe.stop();
  });

  const api = (path: string) => `http://127.0.0.1:${service.httpPort}/api/v1${path}`;
  it('the webhook is answered at once, and the service itself credits what was paid and keeps its secrets', async () => {
    const { accountId } = service.seed;
    const { balance: before } = await readBalance(service.database.read, accountId);
    const begun = await fetch(api(`/accounts/${accountId}/checkouts`), {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${service.adminKey}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': randomUUID(),
      },
      body: JSON.stringify({ amount: '15' }),
    });
    expect(begun.status).toBe(201);
    stripe.pay(stripe.lastSession.id);
    for (const event of stripe.events) {
      const { body, signature } = signedWebhook(event, {
        secrets: ['whsec_abc'],
        atSeconds: Math.floor(Date.now() / 1000),
      });
      const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': signature };
      const told = await fetch(api('/payments/stripe/webhook'), { method: 'POST', headers, body });
      expect([told.status, await told.json()]).toEqual([200, { received: true }]);
    }
    await eventually(20_000, async () => {
      const { balance } = await readBalance(service.database.read, accountId);
      return balance.amountMicros === before.amountMicros + 15_000_000n;
    });
    const schedules = await service.database.read.all('SELECT name FROM schedules');
    expect(schedules.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['seal-ledger', 'prove-ledger', 'auto-recharges', 'reconcile-payments']),
    );
    expect((await service.ledger()).faults).toEqual([]);
    expect(service.logLines.join('\n')).not.toMatch(/sk_test_123|whsec_abc/);
  });
});
