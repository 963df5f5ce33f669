import { accountRoutes } from './billing/accounts-routes';
import { bundleRoutes } from './billing/bundles/bundles-routes';
import { limitRoutes } from './billing/credit/limits-routes';
import { capRoutes } from './billing/fraud-caps/caps-routes';
import { chargeNumberFees } from './billing/number-fees/charge-number-fees';
import type { FeeBearingNumbers } from './billing/number-fees/fee-bearing-number';
import { numberFeeRoutes } from './billing/number-fees/number-fees-routes';
import { endExpiredBatches } from './billing/payments/vouchers/voucher-batches';
import { voucherRoutes } from './billing/payments/vouchers/vouchers-routes';
import { CdrImports } from './billing/rating/cdr-imports';
import { cdrImportRoutes } from './billing/rating/cdr-imports-routes';
import { DeckImports } from './billing/rating/deck-imports';
import { deckImportRoutes } from './billing/rating/deck-imports-routes';
import { deckVersionRoutes } from './billing/rating/deck-versions-routes';
import { deckRoutes } from './billing/rating/decks-routes';
import { importFormRoutes } from './billing/rating/import-forms-routes';
import { PUBLISH_RATES, publishScheduled } from './billing/rating/publish-version';
import { Reratings } from './billing/rating/reratings';
import { reratingRoutes } from './billing/rating/reratings-routes';
import { rateCdrHandlers } from './billing/rating/rate-cdr';
import { webhookRoutes } from './webhooks/webhooks-routes';
import type { Targets } from './webhooks/target-address';
import { sendEvent } from './webhooks/send-event';
import { WebhookSender } from './webhooks/webhook-sender';
import { forgetOldEvents } from './webhooks/events-store';
import type { Route } from './http/route';
import type { Schedule } from './jobs/schedule';
import type { JobRunnerParts } from './jobs/job-runner';
import { type Database, integer, text } from './kernel/unit-of-work';
import { feeBearingNumbers } from './numbers/did-owners-store';
import type { World } from './wiring-api';
import { ledgerAndPaymentRoutes, paymentSchedules } from './wiring-payments';

const EVENTS_KEPT_MS = 30 * 86_400_000;
const FORGOTTEN_AT_ONCE = 5_000;

/** What the money half does by the calendar. */
export function moneySchedules(world: World, database: Database): readonly Schedule[] {
  const numbers: FeeBearingNumbers = (after, limit) => feeBearingNumbers(database.read, after, limit);
  return [
    {
      name: 'number-fees',
      cron: '0 * * * *',
      says: 'charges what numbers cost for the periods that have begun, and what could not be paid before',
      run: ({ nowMs }) => chargeNumberFees(database, { numbers, nowMs }),
    },
    {
      name: 'expired-vouchers',
      cron: '10 * * * *',
      says: 'ends batches of vouchers that have expired: what is left of them is earned',
      run: ({ nowMs }) => endExpiredBatches(database, nowMs),
    },
    {
      name: 'old-events',
      cron: '20 * * * *',
      says: 'forgets events that were told to everybody and are older than 30 days',
      run: ({ nowMs }) =>
        database.write((sql) => forgetOldEvents(sql, nowMs - EVENTS_KEPT_MS, FORGOTTEN_AT_ONCE)),
    },
    ...paymentSchedules(world, database),
  ];
}

/** What the money half does when something stored asks for it, by kind of job. */
export function moneyJobs(
  { clock }: World,
  database: Database,
): Pick<JobRunnerParts, 'handlers' | 'together'> {
  const ratings = rateCdrHandlers({ database, clock });
  return {
    handlers: {
      ...ratings.handlers,
      [PUBLISH_RATES]: ({ payload }) =>
        publishScheduled(database, {
          deckId: text(payload.deckId),
          version: integer(payload.version),
          nowMs: clock.nowMs(),
        }),
    },
    ...(ratings.together ? { together: ratings.together } : {}),
  };
}

/** Tells other programs what happened. */
export function startWebhooks({ config, clock, log }: World, database: Database): WebhookSender {
  const sender = new WebhookSender({
    database,
    clock,
    log,
    key: config.WEBHOOK_KEY,
    targets: config.WEBHOOK_TARGETS as Targets,
    send: sendEvent,
  });
  sender.start();
  return sender;
}

/** The money half's URLs. */
export function moneyRoutes({ config, clock, log }: World, database: Database): readonly Route[] {
  return [
    ...webhookRoutes(database, { key: config.WEBHOOK_KEY, targets: config.WEBHOOK_TARGETS as Targets }),
    ...accountRoutes(database),
    ...bundleRoutes(database),
    ...limitRoutes(database),
    ...capRoutes(database),
    ...numberFeeRoutes(database),
    ...voucherRoutes(database),
    ...deckRoutes(database),
    ...deckVersionRoutes(database),
    ...deckImportRoutes(database, new DeckImports({ database, clock, log })),
    ...importFormRoutes(database),
    ...reratingRoutes(database, new Reratings({ database, clock, log })),
    ...cdrImportRoutes(database, new CdrImports({ database, clock, log })),
    ...ledgerAndPaymentRoutes(config, database),
  ];
}
