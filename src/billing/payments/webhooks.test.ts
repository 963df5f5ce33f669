import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { anAccount, eur, START_MS } from '../../../test/support/billing-builders';
import { DIALECTS } from '../../../test/support/databases';
import { signedWebhook } from '../../../test/support/fake-stripe';
import * as fakes from '../../../test/support/fake-stripe-objects';
import { type PaymentStage, paymentStage } from '../../../test/support/payment-stage';
import { seededRandom } from '../../../test/support/seeded-random';
import { money } from '../../kernel/money';
import { verifyLedger } from '../ledger/verify-ledger';
import { fromStripe, toStripe } from './stripe/stripe-amounts';
import { verifyWebhook } from './stripe/verify-webhook-stripe';

const SECRETS = ['whsec_new', 'whsec_old'];
const NOW_SECONDS = START_MS / 1000;

const anEvent = fakes.anEvent('evt_1', {
  type: 'payment_intent.succeeded',
  created: NOW_SECONDS,
  object: fakes.anIntent('pi_1', { amount: 2_000, currency: 'eur' }),
});

function isAccepted(body: string, signature: string | undefined, nowMs = START_MS): boolean {
  return verifyWebhook(Buffer.from(body), signature, { secrets: SECRETS, nowMs }) !== null;
}

const signed = (secrets = ['whsec_new'], atSeconds = NOW_SECONDS) =>
  signedWebhook(anEvent, { secrets, atSeconds });

describe('a webhook', () => {
  it('is accepted under either secret while they are exchanged, and with several signatures', () => {
    for (const secrets of [['whsec_new'], ['whsec_old'], ['whsec_other', 'whsec_old']]) {
      const { body, signature } = signed(secrets);
      expect(
        verifyWebhook(Buffer.from(body), signature, { secrets: SECRETS, nowMs: START_MS }),
      ).toMatchObject({ id: 'evt_1', paymentKey: 'pi_1', isLive: false });
    }
  });

  it('is good for 300 seconds, either way', () => {
    for (const [age, accepted] of [
      [300, true],
      [301, false],
      [-300, true],
      [-301, false],
    ] as const) {
      const { body, signature } = signed(['whsec_new'], NOW_SECONDS - age);
      expect(isAccepted(body, signature)).toBe(accepted);
    }
  });

  it('that was written anew, is signed by others or by an old scheme, or has no signature, is refused', () => {
    const { body, signature } = signed();
    const pretty = JSON.stringify(anEvent, null, 2);
    expect(isAccepted(pretty, signature)).toBe(false);
    expect(isAccepted(body, signature.replace('v1=', 'v0='))).toBe(false);
    expect(isAccepted(body, signed(['whsec_others']).signature)).toBe(false);
    for (const wrong of [undefined, '', 't=1', 'v1=', `t=${NOW_SECONDS}`, 'nonsense'])
      expect(isAccepted(body, wrong)).toBe(false);
    expect(
      isAccepted('no json', signedWebhook({}, { secrets: SECRETS, atSeconds: NOW_SECONDS }).signature),
    ).toBe(false);
  });

  it('is refused in every one of 100,000 forgeries', () => {
    const random = seededRandom(5);
    const { body, signature } = signed();
    const bytes = Buffer.from(body);
    let accepted = 0;
    for (let n = 0; n < 100_000; n++) {
      const mutant = Buffer.from(bytes);
      let forgedSignature = signature;
      if (n % 2 === 0) {
        const at = Math.floor(random() * mutant.length);
        mutant[at] = (mutant[at] as number) ^ (1 << Math.floor(random() * 8));
      } else {
        // Of the signature itself: another digit of the time or of the hash.
        const at = 2 + Math.floor(random() * (signature.length - 2));
        const others = '0123456789abcdef'.split('').filter((digit) => digit !== signature[at]);
        forgedSignature =
          signature.slice(0, at) + others[Math.floor(random() * others.length)] + signature.slice(at + 1);
      }
      if (verifyWebhook(mutant, forgedSignature, { secrets: ['whsec_new'], nowMs: START_MS })) accepted++;
    }
    expect(accepted).toBe(0);
    expect(isAccepted(body, signature)).toBe(true);
  });
});

describe('an amount of Stripe', () => {
  it.each([
    [12_340_000n, 'EUR', 1_234],
    [500_000_000n, 'JPY', 500],
    [1_230_000n, 'KWD', 1_230],
    [5_000_000n, 'ISK', 500],
    [1_000_000_000n, 'UGX', 100_000],
  ])('%s micros of %s are %s coins', (amountMicros, unit, coins) => {
    const amount = money(amountMicros, unit as never);
    expect(toStripe(amount)).toBe(coins);
    expect(fromStripe(coins, unit.toLowerCase())).toEqual(amount);
  });

  it.each([
    [12_345_000n, 'EUR'],
    [500_500_000n, 'JPY'],
    [1_234_000n, 'KWD'],
    [0n, 'EUR'],
    [-1_000_000n, 'EUR'],
  ])('%s micros of %s cannot be paid', (amountMicros, unit) => {
    expect(() => toStripe(money(amountMicros, unit as never))).toThrow('cannot be paid');
  });
});

const FIXTURES = [
  process.env.STRIPE_FIXTURES ?? '',
  resolve(__dirname, '../../../../shared/data/stripe/fixtures3.json'),
].find((file) => file !== '' && existsSync(file));

(FIXTURES ? describe : describe.skip)('an object of the tests’ Stripe', () => {
  const { resources } = JSON.parse(readFileSync(FIXTURES ?? '', 'utf8')) as {
    resources: Record<string, Record<string, unknown>>;
  };
  it.each([
    ['customer', fakes.aCustomer('x', {})],
    ['payment_method', fakes.aPaymentMethod('x', {})],
    ['checkout.session', fakes.aCheckoutSession('x', { amount_total: 1, currency: 'eur', expires_at: 1 })],
    ['payment_intent', fakes.anIntent('x', { amount: 1, currency: 'eur', metadata: {} })],
    ['charge', fakes.aCharge('x', { amount: 1, currency: 'eur', payment_intent: 'pi' })],
    ['refund', fakes.aRefund('x', { amount: 1, currency: 'eur', charge: 'ch' })],
    ['dispute', fakes.aDispute('x', { amount: 1, currency: 'eur', charge: 'ch', status: 'won' })],
    ['event', anEvent],
  ])('has the fields of Stripe’s own %s, of their types', (name, ours) => {
    const theirs = resources[name] ?? {};
    expect(ours.object).toBe(theirs.object);
    expect(Object.keys(theirs)).toEqual(expect.arrayContaining(Object.keys(ours)));
    // A field that is empty in either is of no type.
    const filled = Object.keys(ours).filter((field) => ours[field] !== null && theirs[field] !== null);
    const typesOf = (object: Record<string, unknown>) =>
      filled.map((field) => [field, typeof object[field], Array.isArray(object[field])]);
    expect(typesOf(ours)).toEqual(typesOf(theirs));
  });
});

describe.each(DIALECTS)('the six things that can happen to a payment, on %s', (dialect) => {
  let stage: PaymentStage;
  beforeAll(async () => {
    stage = await paymentStage(dialect);
  });
  afterAll(() => stage.close());

  // On MariaDB a sixth of them, with every one of the six as the first: all take a minute and find nothing else.
  const orders = ordersOf([0, 1, 2, 3, 4, 5]).filter((_, n) => dialect === 'sqlite' || n % 6 === 0);

  it(`end in the same ledger in all ${orders.length} orders in which they are told, each twice`, async () => {
    const ends = new Set<string>();
    for (const order of orders) {
      const { id } = await anAccount(stage.database, { credit: '5' });
      const { sessionId, paymentId } = await stage.checkout(id, '20');
      const from = stage.stripe.events.length;
      stage.stripe.failTry(sessionId);
      const intentId = stage.stripe.pay(sessionId);
      stage.stripe.refundByHand(intentId, 400);
      stage.stripe.closeDispute(stage.stripe.dispute(intentId, 1_600), 'lost');
      const six = stage.stripe.events.slice(from);
      expect(six).toHaveLength(6);
      for (const index of order) {
        await stage.deliver(six[index] as object);
        await stage.deliver(six[index] as object);
      }
      const entries = await stage.database.read.all(
        `SELECT t.kind, e.amount_micros FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
         WHERE e.ledger_account_id = ? ORDER BY t.kind, e.amount_micros`,
        [`account:${id}`],
      );
      const [payment] = await stage.database.read.all(
        'SELECT state, received_micros, returned_micros FROM payments WHERE id = ?',
        [paymentId],
      );
      ends.add(JSON.stringify([entries, payment, (await stage.balanceOf(id)).amountMicros.toString()]));
    }
    expect([...ends]).toHaveLength(1);
    expect(await stage.balanceOf((await anAccount(stage.database, { credit: '5' })).id)).toEqual(eur('5'));
    expect((await verifyLedger(stage.database)).faults).toEqual([]);
  });
});

function ordersOf(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item) =>
    ordersOf(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}
