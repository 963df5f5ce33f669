import type { Mailbox } from './calling/calling-parts';
import { startJobRunner } from './jobs/job-runner';
import type { Database } from './kernel/unit-of-work';
import { MessageKeeper } from './voicemail/keep-message';
import { mailBySmtp } from './voicemail/mailer-nodemailer';
import { mailJobKind, mailRetryDelayMs, mailVoicemail } from './voicemail/mail-voicemail';
import { hasRoomForVoicemail } from './voicemail/voicemails-store';
import { voicemailPlace, type World } from './wiring-api';

/** How often mail that is due is looked for when nothing new was left. */
const MAIL_POLL_MS = 5_000;

/** Voicemail as the service runs it. */
export type VoicemailService = {
  readonly mailbox: Mailbox;
  /** Keeps messages that an earlier run left in the spool; once its legs are closed. */
  keepLeftOver(spoolFolder: string): void;
  stop(): Promise<void>;
};

/** Puts voicemail together; its mails go out by a job runner of their own, so that a slow mail server delays no price. */
export function startVoicemail({ config, log, clock }: World, database: Database): VoicemailService {
  const place = voicemailPlace(config);
  const canMail = config.SMTP_URL !== '';
  const parts = { database, place, clock, log, from: config.MAIL_FROM, houseLanguage: config.HOUSE_LANGUAGE };
  const send = canMail ? mailBySmtp(config.SMTP_URL, config.MAIL_FROM) : null;
  const runner = startJobRunner({
    database,
    clock,
    log,
    handlers: send ? { [mailJobKind(place.nodeId)]: (job) => mailVoicemail({ ...parts, send }, job) } : {},
    retryDelayMs: mailRetryDelayMs,
    pollMs: MAIL_POLL_MS,
  });
  const keeper = new MessageKeeper({ ...parts, canMail, onKept: () => runner.nudge() });
  return {
    mailbox: {
      hasRoom: (accountId) => hasRoomForVoicemail(database.read, accountId),
      keep: (left) => keeper.keep(left),
    },
    keepLeftOver: (spoolFolder) => {
      keeper
        .keepLeftOver(spoolFolder)
        .then((kept) => {
          if (kept > 0) log.warn('messages that a crash had left in the spool are kept', { messages: kept });
        })
        .catch((error: unknown) => log.error('the spool could not be looked through', { error }));
    },
    stop: () => {
      keeper.stop();
      return runner.stop();
    },
  };
}
