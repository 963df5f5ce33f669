import { readAccount } from '../accounts/accounts-store';
import { raiseAccountAlert } from '../alerts/alerts-store';
import type { Job } from '../jobs/job';
import { MAX_ATTEMPTS } from '../jobs/job-runner';
import type { Clock } from '../kernel/clock';
import { fingerprint, newId } from '../kernel/ids';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import { domainOf, type SendMail } from '../mail/mail';
import { readHandling } from '../phones/call-handling';
import { mailText } from './mail-text';
import { readSealed, type VoicemailPlace } from './sealed-sound';
import { findVoicemail, markMailed } from './voicemails-store';

/** The kind of a node's mail jobs: the sound lies on its disk, so no other node can do them. */
export function mailJobKind(nodeId: string): string {
  return `mail-voicemail-${fingerprint(nodeId).slice(0, 16)}`;
}

export type MailParts = {
  readonly database: Database;
  readonly place: VoicemailPlace;
  readonly send: SendMail;
  /** Our own address; its domain is that of our message ids. */
  readonly from: string;
  readonly houseLanguage: string;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Mails one message to its owner. A message that was mailed, deleted, or whose owner takes no mail any more needs nothing. The message id is that of the
 * voicemail: should we die between the server's yes and our own note of it, the mailbox gets the same mail again and not another one.
 */
export async function mailVoicemail(parts: MailParts, job: Job): Promise<void> {
  const { database, place, send, from, houseLanguage, clock, log } = parts;
  const sql = database.read;
  const message = await findVoicemail(sql, String(job.payload.voicemailId));
  if (!message || message.mailedAtMs !== null) return;
  const { voicemailTo } = await readHandling(sql, message.accountId);
  if (voicemailTo === null) return;
  const { language } = await readAccount(sql, message.accountId);
  try {
    await send({
      to: voicemailTo,
      ...mailText(language ?? houseLanguage, message),
      messageId: `voicemail-${message.id}@${domainOf(from)}`,
      attachments: [
        {
          name: `message-${new Date(message.leftAtMs).toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}.wav`,
          contentType: 'audio/wav',
          content: await readSealed(place, message),
        },
      ],
    });
  } catch (error) {
    if (job.attempt >= MAX_ATTEMPTS) await tellOwner(parts, message.accountId, message.id);
    throw error;
  }
  await database.write((unit) => markMailed(unit, message.id, clock.nowMs()));
  log.info('a message was mailed', { voicemailId: message.id, accountId: message.accountId });
}

async function tellOwner({ database, clock }: MailParts, ownerAccountId: string, id: string): Promise<void> {
  const nowMs = clock.nowMs();
  await database.write((sql) =>
    raiseAccountAlert(sql, {
      id: newId(nowMs),
      kind: 'voicemail-not-mailed',
      ownerAccountId,
      details: { voicemailId: id },
      raisedAtMs: nowMs,
    }),
  );
}
