import { releaseForgotten } from './billing/credit/release-credit';
import { ledgerRoutes } from './billing/ledger/ledger-routes';
import { expireFreezes } from './billing/ledger/freezes';
import { proveLedger } from './billing/ledger/prove-ledger';
import { sealLedger } from './billing/ledger/seal-ledger';
import { noteWhatIsPaid, owedOfInvoice } from './billing/invoicing/open-amounts';
import { beginRecharges, chargeRecharge } from './billing/payments/auto-recharge';
import { bankRoutes } from './billing/payments/bank-routes';
import { paymentEvent } from './billing/payments/payment-event';
import type { PaymentNeighbours } from './billing/payments/payment';
import type { PaymentParts } from './billing/payments/payment-parts';
import { paymentRoutes } from './billing/payments/payments-routes';
import { followEvent } from './billing/payments/receive-event';
import { rechargeRoutes } from './billing/payments/recharge-routes';
import { reconcilePayments } from './billing/payments/reconcile';
import { sendRefund } from './billing/payments/refunds';
import { stripeProvider } from './billing/payments/stripe/payment-provider-stripe';
import { webhookRoutes } from './billing/payments/webhook-routes';
import { payoutRoutes } from './billing/payouts/payouts-routes';
import type { Config } from './config/settings';
import type { Route } from './http/route';
import type { JobRunnerParts } from './jobs/job-runner';
import type { Schedule } from './jobs/schedule';
import type { Database } from './kernel/unit-of-work';
import { recordEvents } from './webhooks/record-events';
import type { World } from './wiring-api';

/** Invoicing is asked what is owed of an invoice, and told what was paid in the unit of work that posts it; so are those who want to know. */
const NEIGHBOURS: PaymentNeighbours = {
  owedOf: owedOfInvoice,
  onPayment: async (sql, fact) => {
    await noteWhatIsPaid(sql, [fact.accountId], fact.nowMs);
    await recordEvents(sql, [paymentEvent(fact)], fact.nowMs);
  },
};

/** What payments are made with, and whom they tell. */
export function paymentParts(config: Config, database: Database): PaymentParts {
  const provider =
    config.STRIPE_SECRET_KEY === '' ? null : stripeProvider(config.STRIPE_SECRET_KEY, config.STRIPE_API_URL);
  return { database, provider, neighbours: NEIGHBOURS };
}

/** What the ledger and payments do by the calendar. */
export function paymentSchedules({ config }: World, database: Database): readonly Schedule[] {
  const parts = paymentParts(config, database);
  return [
    {
      name: 'seal-ledger',
      cron: '* * * * *',
      says: 'closes what was posted since the last seal into the ledger’s hash chain',
      run: (turn) => sealLedger(database, { nowMs: turn.nowMs, goesOn: () => turn.goesOn() }),
    },
    {
      name: 'prove-ledger',
      cron: '20 2 * * *',
      says: 'proves the whole ledger and tells the operator of faults',
      run: async (turn) => {
        const proof = await proveLedger(database, { nowMs: turn.nowMs, goesOn: () => turn.goesOn() });
        return proof && { transactions: proof.transactions, faultCount: proof.faultCount };
      },
    },
    {
      name: 'forgotten-holds',
      cron: '40 * * * *',
      says: 'frees credit that calls held and that no call has touched for a day',
      run: ({ nowMs }) => releaseForgotten(database, nowMs),
    },
    {
      name: 'expired-freezes',
      cron: '*/5 * * * *',
      says: 'gives credit back that was kept aside for longer than it may',
      run: ({ nowMs }) => expireFreezes(database, nowMs),
    },
    {
      name: 'auto-recharges',
      cron: '* * * * *',
      says: 'begins recharges of accounts that have fallen below their threshold',
      run: async ({ nowMs }) => (parts.provider ? beginRecharges(database, nowMs) : 0),
    },
    {
      name: 'reconcile-payments',
      cron: '*/5 * * * *',
      says: 'looks at the payment provider for what no webhook has told of',
      run: (turn) => reconcilePayments(parts, { nowMs: turn.nowMs, goesOn: () => turn.goesOn() }),
    },
  ];
}

/** What payments do when something stored asks for it, by kind of job. */
export function paymentJobs({ config, clock }: World, database: Database): JobRunnerParts['handlers'] {
  const parts = paymentParts(config, database);
  return {
    'payment-event': ({ payload }) => followEvent(parts, String(payload.eventId), clock.nowMs()),
    'send-refund': ({ payload }) => sendRefund(parts, String(payload.refundId), clock.nowMs()),
    'charge-saved-method': ({ payload }) => chargeRecharge(parts, String(payload.paymentId), clock.nowMs()),
  };
}

/** URLs of the ledger as a whole, payments and payouts. */
export function ledgerAndPaymentRoutes(config: Config, database: Database): readonly Route[] {
  const parts = paymentParts(config, database);
  const settings = { returnUrl: config.PAYMENT_RETURN_URL, bankDetails: config.BANK_TRANSFER_DETAILS };
  const secrets = config.STRIPE_WEBHOOK_SECRETS.split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
  return [
    ...ledgerRoutes(database, config.ADJUSTMENT_APPROVAL_ABOVE),
    ...webhookRoutes(parts, secrets),
    ...paymentRoutes(parts, settings),
    ...rechargeRoutes(parts),
    ...bankRoutes(parts, settings),
    ...payoutRoutes(database, config.EARNINGS_HOLD_DAYS),
  ];
}
