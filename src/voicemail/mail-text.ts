import { keptLeftToRight, type MailLanguage, mailLanguage } from '../mail/mail';

/** What a mail about a message says, in one language. */
type Words = {
  readonly subject: (from: string) => string;
  readonly withheld: string;
  readonly body: (facts: { readonly from: string; readonly when: string; readonly length: string }) => string;
};

const WORDS: Readonly<Record<MailLanguage, Words>> = {
  en: {
    subject: (from) => `Voice message from ${from}`,
    withheld: 'a withheld number',
    body: ({ from, when, length }) =>
      `You have a new voice message.\n\nFrom: ${from}\nLeft: ${when}\nLength: ${length}\n\nThe message is attached.\n`,
  },
  es: {
    subject: (from) => `Mensaje de voz de ${from}`,
    withheld: 'un número oculto',
    body: ({ from, when, length }) =>
      `Tiene un nuevo mensaje de voz.\n\nDe: ${from}\nFecha: ${when}\nDuración: ${length}\n\nEl mensaje va adjunto.\n`,
  },
  fr: {
    subject: (from) => `Message vocal de ${from}`,
    withheld: 'un numéro masqué',
    body: ({ from, when, length }) =>
      `Vous avez un nouveau message vocal.\n\nDe : ${from}\nDate : ${when}\nDurée : ${length}\n\nLe message est en pièce jointe.\n`,
  },
  de: {
    subject: (from) => `Sprachnachricht von ${from}`,
    withheld: 'einer unterdrückten Nummer',
    body: ({ from, when, length }) =>
      `Sie haben eine neue Sprachnachricht.\n\nVon: ${from}\nZeit: ${when}\nLänge: ${length}\n\nDie Nachricht ist angehängt.\n`,
  },
  ar: {
    subject: (from) => `رسالة صوتية من ${from}`,
    withheld: 'رقم محجوب',
    body: ({ from, when, length }) =>
      `لديك رسالة صوتية جديدة.\n\nمن: ${from}\nالوقت: ${when}\nالمدة: ${length}\n\nالرسالة مرفقة.\n`,
  },
};

/** Subject and text of the mail about a message. `language` is ISO 639-1, perhaps with a region; one we do not speak is answered in English. */
export function mailText(
  language: string,
  message: { readonly fromNumber: string | null; readonly seconds: number; readonly leftAtMs: number },
): { readonly subject: string; readonly text: string } {
  const written = mailLanguage(language);
  const words = WORDS[written];
  const kept = (text: string) => keptLeftToRight(written, text);
  const from = message.fromNumber === null ? words.withheld : kept(message.fromNumber);
  const when = kept(`${new Date(message.leftAtMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`);
  const length = kept(minutesAndSeconds(message.seconds));
  return { subject: words.subject(from), text: words.body({ from, when, length }) };
}

/** 75 → "1:15". */
function minutesAndSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
