import { anAccount, eur, START_MS } from '../../../test/support/billing-builders';
import { DIALECTS } from '../../../test/support/databases';
import { requireProven } from '../../../test/support/require-proven';
import { feeOf } from '../../../test/support/fake-stripe';
import { type PaymentStage, paymentStage } from '../../../test/support/payment-stage';
import { Conflict, InvalidInput, NotFound } from '../../kernel/app-error';
import { InsufficientCredit } from '../ledger/ledger-errors';
import { adjustment } from '../ledger/movements';
import { postEntries } from '../ledger/post-entries';
import { beginRecharges, readAutoRecharge, setAutoRecharge } from './auto-recharge';
import { forgetMethod, savedMethod } from './payment-customers';
import { paidOfInvoices, readPayment } from './payments-store';
import { closeQuarantined, listQuarantined } from './quarantine';
import { reconcilePayments } from './reconcile';
import { askRefund, refundsOf } from './refunds';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe.each(DIALECTS)('payments through Stripe on %s', (dialect) => {
  let stage: PaymentStage;
  beforeAll(async () => {
    stage = await paymentStage(dialect);
  });
  afterAll(() => stage.close());
  beforeEach(() => {
    stage.stripe.declines = null;
    stage.facts.length = 0;
  });
  afterEach(() => requireProven(stage.database));

  const anAccountWith = (credit = '0') => anAccount(stage.database, { credit });
  const house = async (kind: string) =>
    Number(
      (
        await stage.database.read.all('SELECT balance_micros FROM ledger_accounts WHERE id = ?', [
          `house:${kind}:EUR`,
        ])
      )[0]?.balance_micros ?? 0,
    );
  const spend = (accountId: string, amount: string) =>
    stage.database.write((sql) =>
      postEntries(
        sql,
        adjustment({
          accountId,
          amount: eur(`-${amount}`),
          reason: 'talked',
          reference: `${accountId} ${amount}`,
        }),
        START_MS,
      ),
    );
  /** An account that has paid 20 EUR by card; gives the ids of it all. */
  const paid = async (savesMethod = false) => {
    const { id } = await anAccountWith();
    const { sessionId, paymentId } = await stage.checkout(id, '20', { savesMethod });
    const intentId = stage.stripe.pay(sessionId);
    await stage.deliverAll();
    return { id, paymentId, intentId };
  };

  it('credit what was paid once, however often and from however many sides it is told, and book what Stripe kept', async () => {
    const { id } = await anAccountWith();
    const fees = await house('payment-fees');
    const { sessionId, paymentId, url } = await stage.checkout(id);
    expect(url).toContain(sessionId);
    stage.stripe.pay(sessionId);
    await Promise.all(
      Array.from({ length: 10 }, () =>
        Promise.all(stage.stripe.events.slice(-2).map((event) => stage.deliver(event))),
      ),
    );
    expect(await stage.balanceOf(id)).toEqual(eur('20'));
    expect(await readPayment(stage.database.read, paymentId)).toMatchObject({
      state: 'succeeded',
      received: eur('20'),
    });
    expect((await house('payment-fees')) - fees).toBe(-feeOf(2_000) * 10_000);
    expect(stage.facts).toMatchObject([{ kind: 'received', paymentId, amount: eur('20') }]);
  });

  it('of an invoice ask for what is owed, and say which invoice was paid', async () => {
    const { id } = await anAccountWith();
    stage.owed.set('inv-1', '33.10');
    const purpose = { kind: 'invoice', invoiceId: 'inv-1' } as const;
    await expect(stage.checkout(id, '33.11', { purpose })).rejects.toBeInstanceOf(InvalidInput);
    const { sessionId, amount } = await stage.checkout(id, null, { purpose });
    expect(amount).toEqual(eur('33.10'));
    stage.stripe.pay(sessionId);
    await stage.deliverAll();
    expect(stage.facts).toMatchObject([{ kind: 'received', purpose, amount: eur('33.10') }]);
    expect(await paidOfInvoices(stage.database.read, id)).toEqual(new Map([['inv-1', 33_100_000n]]));
    await expect(
      stage.checkout(id, null, { purpose: { kind: 'invoice', invoiceId: 'nobody’s' } }),
    ).rejects.toBeInstanceOf(NotFound);
  });

  it.each([
    ['other-amount', { amount: 1_999, amount_received: 1_999 }],
    ['other-amount', { amount_received: 1_999 }],
    ['other-currency', { currency: 'usd' }],
    ['other-customer', { customer: 'cus_other' }],
    ['other-mode', { livemode: true }],
    ['unknown-payment', { metadata: {} }],
  ])('are quarantined with an alert for %s and credit nothing', async (reason, wrong) => {
    const { id } = await anAccountWith();
    const { sessionId } = await stage.checkout(id);
    const alertsBefore = await stage.alerts('payment-quarantined');
    const intentId = stage.stripe.pay(sessionId);
    stage.stripe.tamper(intentId, wrong);
    await stage.deliverAll();
    await stage.deliverAll();
    expect(await stage.balanceOf(id)).toEqual(eur('0'));
    const [kept] = await listQuarantined(stage.database.read, { state: 'open', beforeId: null, limit: 1 });
    expect(kept).toMatchObject({ reason, details: { paymentKey: intentId } });
    expect((await stage.alerts('payment-quarantined')) - alertsBefore).toBe(1);
    const close = () =>
      closeQuarantined(stage.database, kept?.id ?? '', {
        name: 'finance',
        note: 'refunded by hand',
        nowMs: START_MS,
      });
    expect(await close()).toMatchObject({ state: 'closed', closedNote: 'refunded by hand' });
    await expect(close()).rejects.toBeInstanceOf(Conflict);
  });

  it('of the other mode are kept apart at the door', async () => {
    const { id } = await anAccountWith();
    const { sessionId } = await stage.checkout(id);
    stage.stripe.pay(sessionId);
    const [event] = stage.stripe.events.slice(-1);
    await stage.deliver({ ...event, id: `evt_live_${id}`, livemode: true });
    expect(await stage.balanceOf(id)).toEqual(eur('0'));
  });

  it('that nobody made are told as expired, and are credited when they come after all', async () => {
    const { id } = await anAccountWith();
    const { sessionId, paymentId } = await stage.checkout(id);
    stage.stripe.expire(sessionId);
    await stage.deliverAll();
    expect(await readPayment(stage.database.read, paymentId)).toMatchObject({ state: 'expired' });
    stage.stripe.pay(sessionId);
    await stage.deliverAll();
    expect(await stage.balanceOf(id)).toEqual(eur('20'));
  });

  it('of kinds we do nothing for are kept, without persons and cards', async () => {
    const event = stage.stripe.emit('radar.early_fraud_warning.created', {
      id: 'issfr_1',
      object: 'radar.early_fraud_warning',
      charge: { billing_details: { name: 'Ada' }, payment_method_details: { card: { last4: '4242' } } },
      fraud_type: 'made_with_stolen_card',
    });
    expect(await stage.deliver(event)).toBe(true);
    expect(await stage.deliver(event)).toBe(false);
    const [row] = await stage.database.read.all(
      'SELECT state, type, payload FROM payment_events WHERE id = ?',
      [event.id],
    );
    expect(row).toMatchObject({ state: 'kept', type: 'radar.early_fraud_warning.created' });
    expect(row?.payload).toContain('made_with_stolen_card');
    expect(row?.payload).not.toMatch(/Ada|4242/);
  });

  it('that no webhook announced are found within a quarter of an hour, and a webhook that comes later changes nothing', async () => {
    const accounts = await Promise.all([1, 2, 3].map(() => anAccountWith()));
    for (const { id } of accounts) stage.stripe.pay((await stage.checkout(id)).sessionId);
    // Stripe drops everything for three days; then it is looked for, every five minutes.
    stage.stripe.nowSeconds += 3 * 86_400;
    const nowMs = START_MS + 3 * DAY_MS;
    for (const minutes of [0, 5, 10]) {
      await reconcilePayments(stage.parts, { nowMs: nowMs + minutes * MINUTE_MS });
      await stage.work(nowMs + minutes * MINUTE_MS);
    }
    for (const { id } of accounts) expect(await stage.balanceOf(id)).toEqual(eur('20'));
    await stage.deliverAll(nowMs);
    for (const { id } of accounts) expect(await stage.balanceOf(id)).toEqual(eur('20'));
    expect(await reconcilePayments(stage.parts, { nowMs: nowMs + 15 * MINUTE_MS })).toMatchObject({
      newEvents: 0,
    });
  });

  it('are refunded to their source, no more than is unspent and no more than was paid', async () => {
    const { id, paymentId } = await paid();
    await spend(id, '8');
    const ask = (amount: string) =>
      askRefund(stage.parts, {
        paymentId,
        amount: eur(amount),
        reason: 'leaves',
        askedBy: 'finance',
        nowMs: START_MS,
      });
    await expect(ask('12.01')).rejects.toBeInstanceOf(InsufficientCredit);
    await expect(ask('0')).rejects.toBeInstanceOf(InvalidInput);
    const outcomes = await Promise.allSettled([ask('7'), ask('7')]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await stage.balanceOf(id)).toEqual(eur('5'));
    await stage.work();
    await stage.deliverAll();
    expect(await refundsOf(stage.database.read, paymentId)).toMatchObject([
      { state: 'paid', amount: eur('7') },
    ]);
    expect(stage.facts).toContainEqual(
      expect.objectContaining({ kind: 'returned', paymentId, amount: eur('7') }),
    );
    await anotherTopUp(id);
    await expect(ask('13.01')).rejects.toBeInstanceOf(Conflict);
  });

  const anotherTopUp = async (accountId: string) => {
    stage.stripe.pay((await stage.checkout(accountId)).sessionId);
    await stage.deliverAll();
  };

  it('whose refund fails are credit again', async () => {
    const { id, paymentId } = await paid();
    await askRefund(stage.parts, {
      paymentId,
      amount: eur('20'),
      reason: 'leaves',
      askedBy: 'finance',
      nowMs: START_MS,
    });
    await stage.work();
    const refund = [...stage.stripe.objects.values()].findLast(({ object }) => object === 'refund');
    stage.stripe.failRefund(refund?.id ?? '');
    await stage.deliverAll();
    expect(await stage.balanceOf(id)).toEqual(eur('20'));
    expect(await readPayment(stage.database.read, paymentId)).toMatchObject({ returned: eur('0') });
  });

  it('that were refunded at Stripe’s own desk are taken from the account as far as it has them', async () => {
    const { id, intentId, paymentId } = await paid();
    await spend(id, '15');
    const losses = await house('dispute-losses');
    stage.stripe.refundByHand(intentId, 2_000);
    await stage.deliverAll();
    expect(await stage.balanceOf(id)).toEqual(eur('0'));
    expect((await house('dispute-losses')) - losses).toBe(-15_000_000);
    expect(await readPayment(stage.database.read, paymentId)).toMatchObject({ returned: eur('20') });
  });

  it('that are disputed freeze that amount and no more; won it is free again', async () => {
    const { id, intentId } = await paid();
    await anotherTopUp(id);
    const disputeId = stage.stripe.dispute(intentId, 2_000);
    await stage.deliverAll();
    expect([await stage.balanceOf(id), await stage.heldOf(id)]).toEqual([eur('40'), eur('20')]);
    await expect(spend(id, '20.01')).rejects.toBeInstanceOf(InsufficientCredit);
    stage.stripe.closeDispute(disputeId, 'won');
    await stage.deliverAll();
    expect([await stage.balanceOf(id), await stage.heldOf(id)]).toEqual([eur('40'), eur('0')]);
  });

  it('that are disputed and lost are taken: what is frozen, what came in meanwhile, and the rest is the house’s loss', async () => {
    const { id, intentId } = await paid();
    await spend(id, '14');
    const losses = await house('dispute-losses');
    const disputeId = stage.stripe.dispute(intentId, 2_000);
    await stage.deliverAll();
    expect(await stage.heldOf(id)).toEqual(eur('6'));
    await stage.database.write((sql) =>
      postEntries(
        sql,
        adjustment({ accountId: id, amount: eur('4'), reason: 'gift', reference: id }),
        START_MS,
      ),
    );
    stage.stripe.closeDispute(disputeId, 'lost');
    await stage.deliverAll();
    expect([await stage.balanceOf(id), await stage.heldOf(id)]).toEqual([eur('0'), eur('0')]);
    expect((await house('dispute-losses')) - losses).toBe(-10_000_000);
    expect(await stage.alerts('dispute-lost')).toBeGreaterThan(0);
  });

  it('of which somebody only asks questions freeze nothing', async () => {
    const { id, intentId } = await paid();
    stage.stripe.dispute(intentId, 2_000, 'warning_needs_response');
    await stage.deliverAll();
    expect(await stage.heldOf(id)).toEqual(eur('0'));
  });

  const set = (accountId: string, more: object = {}) =>
    setAutoRecharge(
      stage.database,
      accountId,
      {
        enabled: true,
        threshold: eur('5'),
        amount: eur('10'),
        mostADay: 2,
        mostADayAmount: eur('100'),
        ...more,
      },
      START_MS,
    );
  const recharge = async (nowMs = START_MS) => {
    await beginRecharges(stage.database, nowMs);
    await stage.work(nowMs);
  };

  /** An account with a saved method, 2 EUR and recharging set. */
  const recharging = async (more: object = {}) => {
    const { id } = await paid(true);
    await set(id, more);
    await spend(id, '18');
    return id;
  };

  describe('that an account makes by itself', () => {
    it('begin below the threshold, once, and end with a notice', async () => {
      const id = await recharging();
      const notices = await stage.alerts('auto-recharge-done');
      await Promise.all([1, 2, 3].map(() => beginRecharges(stage.database, START_MS)));
      await stage.work();
      await recharge();
      expect(await stage.balanceOf(id)).toEqual(eur('12'));
      expect((await stage.alerts('auto-recharge-done')) - notices).toBe(1);
    });

    it('are no more in a day than their owner allows, by count and by amount', async () => {
      const byCount = await recharging({ mostADay: 1 });
      const byAmount = await recharging({ mostADay: 9, mostADayAmount: eur('19.99') });
      await recharge();
      for (const id of [byCount, byAmount]) await spend(id, '12');
      await recharge(START_MS + MINUTE_MS);
      await recharge(START_MS + 2 * MINUTE_MS);
      for (const id of [byCount, byAmount]) expect(await stage.balanceOf(id)).toEqual(eur('0'));
      expect(await stage.alerts('auto-recharge-capped')).toBe(2);
      await recharge(START_MS + DAY_MS);
      for (const id of [byCount, byAmount]) expect(await stage.balanceOf(id)).toEqual(eur('10'));
    });

    it('wait longer after each refusal, and stop after the fourth', async () => {
      const id = await recharging();
      stage.stripe.declines = 'insufficient_funds';
      const tries: number[] = [];
      for (let hour = 0; hour < 24 * 5; hour++) {
        const before = stage.stripe.requests.length;
        await recharge(START_MS + hour * 60 * MINUTE_MS);
        if (stage.stripe.requests.slice(before).includes('POST /v1/payment_intents')) tries.push(hour);
      }
      expect(tries).toEqual([0, 1, 7, 31]);
      expect(await readAutoRecharge(stage.database.read, id)).toMatchObject({ enabled: false });
      expect([
        await stage.alerts('auto-recharge-declined'),
        await stage.alerts('auto-recharge-stopped'),
      ]).toEqual([3, 1]);
      expect(await stage.balanceOf(id)).toEqual(eur('2'));
    });

    it('charge once when the answer of Stripe is lost', async () => {
      const id = await recharging();
      stage.stripe.failing = 3;
      await beginRecharges(stage.database, START_MS);
      await expect(stage.work()).rejects.toMatchObject({ statusCode: 500 });
      await stage.work();
      await stage.deliverAll();
      expect(await stage.balanceOf(id)).toEqual(eur('12'));
    });

    it('need a saved method, which can be forgotten', async () => {
      const { id } = await anAccountWith('1');
      await expect(set(id)).rejects.toBeInstanceOf(Conflict);
      const other = await recharging();
      expect(await savedMethod(stage.database.read, other)).toMatchObject({ label: 'visa 4242, 8/2030' });
      await forgetMethod(stage.parts, other, START_MS);
      await recharge();
      expect(await stage.balanceOf(other)).toEqual(eur('2'));
      await expect(set(other, { mostADayAmount: eur('9') })).rejects.toBeInstanceOf(InvalidInput);
    });
  });
});
