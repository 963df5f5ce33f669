import type { PaymentFact, PaymentPurpose } from '../../src/billing/payments/payment';
import type { PaymentParts } from '../../src/billing/payments/payment-parts';
import { beginCheckout } from '../../src/billing/payments/checkout';
import { chargeRecharge } from '../../src/billing/payments/auto-recharge';
import { followEvent, receiveEvent } from '../../src/billing/payments/receive-event';
import { sendRefund } from '../../src/billing/payments/refunds';
import { readEvent } from '../../src/billing/payments/stripe/stripe-event';
import { stripeProvider } from '../../src/billing/payments/stripe/payment-provider-stripe';
import { readBalance } from '../../src/billing/ledger/ledger-accounts';
import { findDueJobs } from '../../src/jobs/jobs-store';
import { NotFound } from '../../src/kernel/app-error';
import { integer, text } from '../../src/kernel/unit-of-work';
import { eur, START_MS } from './billing-builders';
import { type Dialect, emptyDatabase } from './databases';
import { FakeStripe } from './fake-stripe';

/** Payments over an empty database, with a Stripe of the test's own. What neighbours are told stands in `facts`. */
export async function paymentStage(dialect: Dialect) {
  const test = await emptyDatabase(dialect);
  const stripe = new FakeStripe();
  const url = await stripe.start();
  const facts: PaymentFact[] = [];
  const owed = new Map<string, string>();
  const parts: PaymentParts = {
    database: test.database,
    provider: stripeProvider('sk_test_123', url),
    neighbours: {
      owedOf: async (_, { invoiceId }) => {
        const amount = owed.get(invoiceId);
        if (amount === undefined) throw new NotFound('invoice', invoiceId);
        return eur(amount);
      },
      onPayment: async (_, fact) => void facts.push(fact),
    },
  };
  const deliver = async (event: object, nowMs = START_MS) => {
    const isNew = await receiveEvent(test.database, readEvent(JSON.stringify(event)), {
      isLive: false,
      nowMs,
    });
    const { id } = event as { id: string };
    await followEvent(parts, id, nowMs);
    return isNew;
  };
  /** Runs the jobs that payments have stored until none is due. */
  const work = async (nowMs = START_MS): Promise<void> => {
    const kinds = ['payment-event', 'send-refund', 'charge-saved-method'];
    const due = await findDueJobs(test.database.read, { kinds, limit: 100, nowMs });
    for (const id of due) {
      const [row] = await test.database.read.all('SELECT kind, unique_key FROM jobs WHERE id = ?', [id]);
      const key = text(row?.unique_key);
      if (row?.kind === 'payment-event') await followEvent(parts, key, nowMs);
      if (row?.kind === 'send-refund') await sendRefund(parts, key, nowMs);
      if (row?.kind === 'charge-saved-method') await chargeRecharge(parts, key, nowMs);
      await test.database.write((sql) => sql.run("UPDATE jobs SET state = 'done' WHERE id = ?", [id]));
    }
    if (due.length > 0) await work(nowMs);
  };
  return {
    ...test,
    stripe,
    parts,
    facts,
    owed,
    deliver,
    work,
    /** Delivers everything that has happened so far. */
    deliverAll: async (nowMs = START_MS) => {
      for (const event of stripe.events) await deliver(event, nowMs);
    },
    checkout: async (
      accountId: string,
      amount: string | null = '20',
      more: { purpose?: PaymentPurpose; savesMethod?: boolean } = {},
    ) => {
      const begun = await beginCheckout(parts, {
        accountId,
        amount: amount === null ? null : eur(amount),
        purpose: more.purpose ?? { kind: 'credit' },
        savesMethod: more.savesMethod ?? false,
        returnUrl: 'https://voip.example/paid',
        nowMs: START_MS,
      });
      return { ...begun, sessionId: stripe.lastSession.id };
    },
    balanceOf: async (accountId: string) => (await readBalance(test.database.read, accountId)).balance,
    heldOf: async (accountId: string) => (await readBalance(test.database.read, accountId)).held,
    alerts: async (kind: string) =>
      integer(
        (await test.database.read.all('SELECT COUNT(*) AS n FROM alerts WHERE kind = ?', [kind]))[0]?.n,
      ),
    close: async () => {
      await stripe.stop();
      await test.drop();
    },
  };
}

export type PaymentStage = Awaited<ReturnType<typeof paymentStage>>;
