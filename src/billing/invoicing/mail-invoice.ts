import type { Job } from '../../jobs/job';
import type { Clock } from '../../kernel/clock';
import type { Log } from '../../kernel/log';
import { money, showMoney } from '../../kernel/money';
import type { Database } from '../../kernel/unit-of-work';
import { domainOf, keptLeftToRight, mailLanguage, type SendMail } from '../../mail/mail';
import { readProfile } from '../profiles/billing-profiles-store';
import { signDownload } from './download-link';
import { pdfOf } from './invoice-files';
import { dayText, INVOICE_WORDS } from './invoice-words';
import { readInvoice } from './invoices-store';

/** How long the link in a mail holds. */
const LINK_MS = 30 * 86_400_000;

export type MailInvoiceParts = {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly send: SendMail;
  /** Our own address. */
  readonly from: string;
  readonly houseLanguage: string;
  /** Signs links of downloads. */
  readonly linkKey: string;
  /** What the API's addresses begin with, from outside; '' leaves the link out. */
  readonly publicUrl: string;
};

/**
 * Mails an issued invoice with its PDF to whoever the account names, in its language. Without an address nothing is sent. The Message-ID is the invoice's,
 * so a mail that is tried again is the same mail.
 */
export async function mailInvoice(parts: MailInvoiceParts, job: Job): Promise<void> {
  const { database, clock, log, send, from, houseLanguage } = parts;
  const invoice = await readInvoice(database.read, String(job.payload.invoiceId));
  const { mail } = await readProfile(database.read, invoice.accountId);
  if (mail === null) return;
  const language = mailLanguage(invoice.parties.buyer.language ?? houseLanguage);
  const words = INVOICE_WORDS[language];
  const title = invoice.kind === 'invoice' ? words.invoice : words.creditNote;
  const kept = (text: string) => keptLeftToRight(language, text);
  const body = words.mailBody({
    title,
    number: kept(invoice.number),
    period: kept(invoice.period),
    total: kept(showMoney(money(invoice.totalMicros, invoice.currency))),
    due: kept(dayText(invoice.dueAtMs)),
  });
  await send({
    to: mail,
    subject: words.mailSubject(title, kept(invoice.number)),
    text: body + linkText(parts, invoice.id, words.mailLink),
    messageId: `invoice-${invoice.id}@${domainOf(from)}`,
    attachments: [
      {
        name: `${invoice.number}.pdf`,
        contentType: 'application/pdf',
        content: await pdfOf(database.read, invoice, houseLanguage),
      },
    ],
  });
  log.info('an invoice was mailed', {
    invoice: invoice.number,
    accountId: invoice.accountId,
    atMs: clock.nowMs(),
  });
}

function linkText(
  { publicUrl, linkKey, clock }: MailInvoiceParts,
  invoiceId: string,
  words: (url: string) => string,
): string {
  if (publicUrl === '') return '';
  const token = signDownload({ invoiceId, format: 'pdf', expiresAtMs: clock.nowMs() + LINK_MS }, linkKey);
  return words(`${publicUrl}/api/v1/invoice-files/${token}`);
}
