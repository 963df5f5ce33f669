import { readAccount } from '../../accounts/accounts-store';
import type { Job } from '../../jobs/job';
import { enqueue } from '../../jobs/jobs-store';
import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import { type Money, money, showMoney } from '../../kernel/money';
import { type Database, integer, text } from '../../kernel/unit-of-work';
import { domainOf, mailLanguage, type SendMail } from '../../mail/mail';
import { pdfOf } from '../invoicing/invoice-files';
import { readProfile } from '../profiles/billing-profiles-store';
import { afterQuietHours } from './reminder-plan';
import { REMINDER_CALL, stillOwed } from './take-steps';

export type SendReminderParts = {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly send: SendMail;
  /** Our own address. */
  readonly from: string;
  readonly houseLanguage: string;
};

/**
 * Mails a reminder that was taken, unless it was paid or disputed, or the next one was taken, since: asked right before it goes out. The words are those
 * of the notice. The Message-ID is that of invoice and step: should we die between the server's yes and our own note of it, the mailbox gets the
 * same mail again and not another one.
 */
export async function sendReminder(parts: SendReminderParts, job: Job): Promise<void> {
  const { database, clock, log, send, from, houseLanguage } = parts;
  const facts = { invoiceId: String(job.payload.invoiceId), step: Number(job.payload.step) };
  const [row] = await database.read.all('SELECT state FROM reminders WHERE invoice_id = ? AND step = ?', [
    facts.invoiceId,
    facts.step,
  ]);
  if (!row || text(row.state) !== 'queued') return;
  const owed = await stillOwed(database, facts, clock.nowMs());
  const profile = owed && (await readProfile(database.read, owed.invoice.accountId));
  if (!owed || !profile || profile.mail === null) return note(parts, facts, 'stopped');
  const [notice] = await database.read.all('SELECT title, body FROM notices WHERE notice_key = ?', [
    `reminder:${facts.invoiceId}:${facts.step}`,
  ]);
  if (!notice) throw new Error(`there is no notice for step ${facts.step} of invoice ${facts.invoiceId}`);
  await send({
    to: profile.mail,
    subject: text(notice.title),
    text: text(notice.body),
    messageId: `reminder-${facts.invoiceId}-${facts.step}@${domainOf(from)}`,
    attachments: [
      {
        name: `${owed.invoice.number}.pdf`,
        contentType: 'application/pdf',
        content: await pdfOf(database.read, owed.invoice, houseLanguage),
      },
    ],
  });
  await note(parts, facts, 'sent');
  log.info('a payment reminder was mailed', { invoice: owed.invoice.number, step: facts.step });
}

async function note(
  { database, clock }: Pick<SendReminderParts, 'database' | 'clock'>,
  { invoiceId, step }: { readonly invoiceId: string; readonly step: number },
  state: 'sent' | 'stopped',
): Promise<void> {
  await database.write((sql) =>
    sql.run(
      "UPDATE reminders SET state = ?, sent_at_ms = ? WHERE invoice_id = ? AND step = ? AND state = 'queued'",
      [state, state === 'sent' ? clock.nowMs() : null, invoiceId, step],
    ),
  );
}

/** What a telephone reminder is to say, and to whom. */
export type ReminderCall = {
  /** The same for each try: `<invoice>:<step>`. */
  readonly key: string;
  readonly accountId: string;
  /** E.164. */
  readonly to: string;
  readonly language: string;
  readonly invoiceNumber: string;
  readonly amount: Money;
  readonly amountText: string;
  readonly dueAtMs: number;
  /** Said to whoever presses 1; null when the house has told nobody. */
  readonly howToPay: string | null;
};

/**
 * Calls somebody and speaks amount and due date; 1 tells how to pay. Whoever makes calls gives this. Rejects when the call could not be placed: it is
 * tried again, so placing one key twice calls once.
 */
export type PlaceReminderCall = (call: ReminderCall) => Promise<void>;

/** The job that has a reminder called out, unless it was paid since. A try that falls into quiet hours, because those before it failed, is put off to their end. */
export async function callReminder(
  parts: Pick<SendReminderParts, 'database' | 'clock' | 'houseLanguage'> & {
    readonly placeReminderCall: PlaceReminderCall;
  },
  job: Job,
): Promise<void> {
  const { database, clock, houseLanguage, placeReminderCall } = parts;
  const facts = { invoiceId: String(job.payload.invoiceId), step: Number(job.payload.step) };
  const nowMs = clock.nowMs();
  const owed = await stillOwed(database, facts, nowMs);
  if (!owed) return;
  const runAtMs = afterQuietHours(nowMs, {
    quietFromHour: integer(job.payload.quietFromHour),
    quietUntilHour: integer(job.payload.quietUntilHour),
    timeZone: text(job.payload.timeZone),
  });
  if (runAtMs > nowMs) {
    const uniqueKey = `${facts.invoiceId}:${facts.step} at ${runAtMs}`;
    await database.write((sql) =>
      enqueue(sql, { kind: REMINDER_CALL, uniqueKey, payload: job.payload, runAtMs, nowMs }),
    );
    return;
  }
  const { invoice, openMicros } = owed;
  const profile = await readProfile(database.read, invoice.accountId);
  if (profile.phone === null || !profile.wantsReminderCalls) return;
  const { language } = await readAccount(database.read, invoice.accountId);
  const amount = money(openMicros, invoice.currency);
  await placeReminderCall({
    key: `${facts.invoiceId}:${facts.step}`,
    accountId: invoice.accountId,
    to: profile.phone,
    language: mailLanguage(language ?? houseLanguage),
    invoiceNumber: invoice.number,
    amount,
    amountText: showMoney(amount),
    dueAtMs: invoice.dueAtMs,
    howToPay: invoice.parties.seller.bankDetails,
  });
}
