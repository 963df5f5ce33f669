import type { Job } from '../jobs/job';
import { enqueue } from '../jobs/jobs-store';
import type { Clock } from '../kernel/clock';
import { newId } from '../kernel/ids';
import type { Log } from '../kernel/log';
import { type Database, integer, type Sql } from '../kernel/unit-of-work';
import { domainOf, mailLanguage, type SendMail } from '../mail/mail';
import { type LinkKind, linkUrl, makeLink } from './one-time-links';
import { mailText } from './mail-text';

export const PERSON_MAIL = 'person-mail';

/** Links of one kind that somebody is mailed in the life of one; more would only fill his mailbox. */
const MAX_OPEN_LINKS = 5;

/** What people are told of without a link that counts once. */
const TOLD = ['mail-taken', 'password-changed', 'link-added'] as const;
type ToldKind = (typeof TOLD)[number];

/** What we write to people about: with a link, or to tell them what happened. */
export type MailKind = Exclude<LinkKind, 'first-operator'> | ToldKind;

export type PersonMail = {
  readonly kind: MailKind;
  /** Whom its link is for: a mail address or the id of a person. */
  readonly subject: string;
  readonly to: string;
  readonly role?: string | null;
  /** The reader's language, or the house's. */
  readonly language: string;
};

/** Queues a mail inside the caller's transaction. Its token is made when it is sent, so none waits in the queue to be read there. */
export async function queueMail(sql: Sql, mail: PersonMail, nowMs: number): Promise<void> {
  await enqueue(sql, {
    kind: PERSON_MAIL,
    uniqueKey: newId(nowMs),
    payload: { ...mail, role: mail.role ?? null },
    runAtMs: nowMs,
    nowMs,
  });
}

/** Sends a queued mail. A second try makes another token; the first goes on counting, since it may have arrived. */
export async function sendPersonMail(
  parts: {
    readonly database: Database;
    readonly clock: Clock;
    readonly log: Log;
    readonly send: SendMail;
    readonly from: string;
    readonly publicUrl: string;
  },
  job: Job,
): Promise<void> {
  const { database, clock, log, send, from, publicUrl } = parts;
  const mail = job.payload as unknown as PersonMail;
  const nowMs = clock.nowMs();
  const link = await linkOf(database, mail, publicUrl, nowMs);
  if (link !== null && typeof link !== 'string')
    return log.warn('a mail with a link is one too many', { kind: mail.kind });
  await send({
    to: mail.to,
    ...mailText(mailLanguage(mail.language), mail.kind, link ?? publicUrl),
    messageId: `${mail.kind}-${job.id}@${domainOf(from)}`,
    attachments: [],
  });
  log.info('a mail to a person was sent', { kind: mail.kind });
}

async function linkOf(
  database: Database,
  { kind, subject, role }: PersonMail,
  publicUrl: string,
  nowMs: number,
): Promise<string | { readonly tooMany: true } | null> {
  if (isTold(kind)) return null;
  return database.write(async (sql) => {
    const [row] = await sql.all(
      'SELECT COUNT(*) AS open FROM one_time_links WHERE kind = ? AND subject = ? AND expires_at_ms > ?',
      [kind, subject, nowMs],
    );
    if (integer(row?.open) >= MAX_OPEN_LINKS) return { tooMany: true } as const;
    const { token } = await makeLink(sql, kind, { subject, role: role ?? null }, nowMs);
    return linkUrl(publicUrl, kind, token);
  });
}

function isTold(kind: MailKind): kind is ToldKind {
  return TOLD.some((one) => one === kind);
}
