import { accountRoutes } from './billing/accounts-routes';
import { bundleRoutes } from './billing/bundles/bundles-routes';
import { limitRoutes } from './billing/credit/limits-routes';
import { capRoutes } from './billing/fraud-caps/caps-routes';
import { chargeNumberFees } from './billing/number-fees/charge-number-fees';
import type { FeeBearingNumbers } from './billing/number-fees/fee-bearing-number';
import { numberFeeRoutes } from './billing/number-fees/number-fees-routes';
import { type OnPosted, postDueCharges } from './billing/due-charges/due-charges';
import { invoiceRoutes } from './billing/invoicing/invoices-routes';
import { issueInvoices, MAIL_INVOICE } from './billing/invoicing/issue-invoices';
import { mailInvoice } from './billing/invoicing/mail-invoice';
import { noteAllPaid } from './billing/invoicing/open-amounts';
import { endedPeriods } from './billing/invoicing/period';
import { chargePlans, grantIncluded } from './billing/plans/charge-plans';
import { planRoutes } from './billing/plans/plans-routes';
import { callMoneyRoutes } from './billing/invoicing/call-money-routes';
import { profileRoutes } from './billing/profiles/profiles-routes';
import { liftWhatIsPaid } from './billing/reminders/ladder';
import { PaymentWatch } from './billing/reminders/payment-watch';
import { reminderRoutes } from './billing/reminders/reminders-routes';
import { callReminder, type PlaceReminderCall, sendReminder } from './billing/reminders/send-reminder';
import { REMINDER_CALL, SEND_REMINDER, takeDueSteps } from './billing/reminders/take-steps';
import { taxRoutes } from './billing/tax/tax-routes';
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
import type { DueTurn, Schedule } from './jobs/schedule';
import { type JobRunnerParts, startJobRunner } from './jobs/job-runner';
import { mailRetryDelayMs } from './mail/mail';
import { mailBySmtp } from './mail/mailer-nodemailer';
import { type Database, integer, text } from './kernel/unit-of-work';
import { feeBearingNumbers } from './numbers/did-owners-store';
import { PERSON_MAIL, sendPersonMail } from './people/people-mails';
import type { World } from './wiring-api';
import { ledgerAndPaymentRoutes, paymentSchedules } from './wiring-payments';

const EVENTS_KEPT_MS = 30 * 86_400_000;
const FORGOTTEN_AT_ONCE = 5_000;

/** What follows from a posted fee. */
export const ON_POSTED: OnPosted = { 'plan-fee': grantIncluded };

/** How often mail that is due is looked for. */
const MAIL_POLL_MS = 5_000;

/** What long work asks of its turn. */
function stepsOf(turn: DueTurn): { readonly nowMs: number; readonly goesOn: () => boolean } {
  return { nowMs: turn.nowMs, goesOn: () => turn.goesOn() };
}

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
    {
      name: 'plans',
      cron: '2 * * * *',
      says: 'notes what plans cost for the periods that have begun',
      run: (turn) => chargePlans(database, stepsOf(turn)),
    },
    {
      name: 'due-charges',
      cron: '5 * * * *',
      says: 'posts fees and taxes that are due, and those that could not be paid before',
      run: (turn) => postDueCharges(database, { ...stepsOf(turn), onPosted: ON_POSTED }),
    },
    {
      name: 'invoices',
      cron: '30 2 1 * *',
      says: 'issues the invoices of the month that has ended, and of those that were missed',
      run: async (turn) => {
        const runs = [];
        for (const period of endedPeriods(turn.dueAtMs, turn.nowMs))
          if (turn.goesOn())
            runs.push(await issueInvoices(database, { period, ...stepsOf(turn), onPosted: ON_POSTED }));
        return runs;
      },
    },
    {
      name: 'paid-invoices',
      cron: '35 * * * *',
      says: 'notes which invoices are paid by now, and which are open again',
      run: (turn) => noteAllPaid(database, stepsOf(turn)),
    },
    {
      name: 'reminders',
      cron: '*/5 * * * *',
      says: 'reminds of invoices, by each account’s plan and outside of its quiet hours',
      run: (turn) => takeDueSteps(database, { ...stepsOf(turn), houseLanguage: world.config.HOUSE_LANGUAGE }),
    },
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
    ...invoiceRoutes({
      database,
      houseLanguage: config.HOUSE_LANGUAGE,
      linkKey: config.LINK_KEY,
      publicUrl: config.PUBLIC_URL,
      judge: (accountId, nowMs) => database.write((sql) => liftWhatIsPaid(sql, accountId, nowMs)),
    }),
    ...callMoneyRoutes(database),
    ...profileRoutes(database),
    ...taxRoutes(database),
    ...planRoutes(database),
    ...reminderRoutes(database),
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

/**
 * Mail of the money half, by a job runner of its own so that a slow mail server delays no price, calls that remind by another, which waits while many go
 * on, and the watch over accounts in arrears. Without a way to place them calls wait.
 */
export function startMoney(
  { config, clock, log }: World,
  database: Database,
  placeReminderCall: PlaceReminderCall | null = null,
): { stop(): Promise<void> } {
  const parts = { database, clock, log, from: config.MAIL_FROM, houseLanguage: config.HOUSE_LANGUAGE };
  const send = config.SMTP_URL === '' ? null : mailBySmtp(config.SMTP_URL, config.MAIL_FROM);
  const links = { linkKey: config.LINK_KEY, publicUrl: config.PUBLIC_URL };
  const runner = startJobRunner({
    database,
    clock,
    log,
    handlers: send
      ? {
          [MAIL_INVOICE]: (job) => mailInvoice({ ...parts, ...links, send }, job),
          [PERSON_MAIL]: (job) => sendPersonMail({ ...parts, publicUrl: config.PUBLIC_URL, send }, job),
          [SEND_REMINDER]: (job) => sendReminder({ ...parts, send }, job),
        }
      : {},
    retryDelayMs: mailRetryDelayMs,
    pollMs: MAIL_POLL_MS,
  });
  const caller = startJobRunner({
    database,
    clock,
    log,
    handlers: placeReminderCall
      ? { [REMINDER_CALL]: (job) => callReminder({ ...parts, placeReminderCall }, job) }
      : {},
    retryDelayMs: mailRetryDelayMs,
    pollMs: MAIL_POLL_MS,
  });
  const watch = new PaymentWatch({ database, clock, log, onPosted: ON_POSTED });
  watch.start();
  return {
    stop: async () => {
      await watch.stop();
      await Promise.all([runner.stop(), caller.stop()]);
    },
  };
}
