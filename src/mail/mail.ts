/** One mail with its files. Addresses are checked before. */
export type Mail = {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same for each try of one mail, so that a mailbox that got it twice knows. Without angle brackets. */
  readonly messageId: string;
  readonly attachments: readonly Attachment[];
};

export type Attachment = { readonly name: string; readonly contentType: string; readonly content: Buffer };

/** Hands a mail to the mail server. @throws what the server or the network says */
export type SendMail = (mail: Mail) => Promise<void>;

/** Waits between tries: a mail server may be away for a day. */
const RETRY_AFTER_MS = [10_000, 60_000, 300_000, 900_000, 3_600_000, 10_800_000, 36_000_000];

/** RFC 5321 4.5.3.1 limits the length; more than one @ or a blank cannot be a mailbox that we write to. */
const MAILBOX = /^[^\s@<>",;:\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,180}[A-Za-z0-9])$/;

/** Unicode's isolates: a number stays readable from left to right within Arabic. */
const LEFT_TO_RIGHT = '\u2066';
const END_OF_ISOLATE = '\u2069';

/** How long after which failed try of a mail the next one comes. */
export function mailRetryDelayMs(attempt: number): number {
  return RETRY_AFTER_MS[Math.min(attempt, RETRY_AFTER_MS.length) - 1] ?? 10_000;
}

/** `House <house@example.org>` → `example.org`: the domain of our message ids. */
export function domainOf(from: string): string {
  return /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? 'localhost';
}

/** Whether a text is one mail address that we write to. */
export function isMailbox(text: string): boolean {
  return MAILBOX.test(text);
}

/** Languages that mails are written in. */
export const MAIL_LANGUAGES = ['en', 'es', 'fr', 'de', 'ar'] as const;

export type MailLanguage = (typeof MAIL_LANGUAGES)[number];

/** The language we write in to somebody: `pt-BR` or one we do not speak is answered in English. */
export function mailLanguage(wanted: string): MailLanguage {
  const [base] = wanted.split('-');
  return MAIL_LANGUAGES.find((language) => language === base) ?? 'en';
}

/** A figure, number or time within a text of a language, readable from left to right where the text is not. */
export function keptLeftToRight(language: MailLanguage, text: string): string {
  return language === 'ar' ? `${LEFT_TO_RIGHT}${text}${END_OF_ISOLATE}` : text;
}
