import { keptLeftToRight, type MailLanguage } from '../../mail/mail';
import type { ReminderAction } from './reminder-plan';

/** What a reminder is about. */
export type ReminderFacts = {
  readonly number: string;
  readonly amount: string;
  readonly dueDay: string;
  readonly isDue: boolean;
  readonly action: ReminderAction;
  /** What comes next, where it takes something from the account. */
  readonly announced: { readonly action: ReminderAction; readonly day: string } | null;
  readonly bankDetails: string | null;
};

type Words = {
  readonly subject: (number: string) => string;
  readonly notDue: (facts: { number: string; amount: string; day: string }) => string;
  readonly due: (facts: { number: string; amount: string; day: string }) => string;
  readonly done: Readonly<Record<Exclude<ReminderAction, 'remind'>, string>>;
  readonly announced: Readonly<Record<Exclude<ReminderAction, 'remind'>, (day: string) => string>>;
  readonly payTo: (bank: string, number: string) => string;
  readonly paid: string;
};

const WORDS: Readonly<Record<MailLanguage, Words>> = {
  en: {
    subject: (number) => `Reminder: invoice ${number}`,
    notDue: ({ number, amount, day }) => `${amount} of invoice ${number} are due on ${day}.`,
    due: ({ number, amount, day }) =>
      `${amount} of invoice ${number}, due on ${day}, have not been paid yet.`,
    done: {
      limit: 'Until they are paid the account takes incoming calls and calls for help only.',
      suspend: 'Until they are paid the account makes calls for help only.',
      close: 'The account has been closed.',
    },
    announced: {
      limit: (day) =>
        `If nothing is paid until ${day}, the account will take incoming calls and calls for help only.`,
      suspend: (day) => `If nothing is paid until ${day}, the account will make calls for help only.`,
      close: (day) => `If nothing is paid until ${day}, the account will be closed for good.`,
    },
    payTo: (bank, number) => `Please pay to ${bank}, reference ${number}.`,
    paid: 'If you have paid in the meantime, please ignore this message.',
  },
  es: {
    subject: (number) => `Recordatorio: factura ${number}`,
    notDue: ({ number, amount, day }) => `${amount} de la factura ${number} vencen el ${day}.`,
    due: ({ number, amount, day }) =>
      `${amount} de la factura ${number}, vencida el ${day}, siguen pendientes de pago.`,
    done: {
      limit: 'Hasta que se pague, la cuenta solo recibe llamadas y hace llamadas de emergencia.',
      suspend: 'Hasta que se pague, la cuenta solo hace llamadas de emergencia.',
      close: 'La cuenta se ha cerrado.',
    },
    announced: {
      limit: (day) =>
        `Si no se paga antes del ${day}, la cuenta solo recibirá llamadas y hará llamadas de emergencia.`,
      suspend: (day) => `Si no se paga antes del ${day}, la cuenta solo hará llamadas de emergencia.`,
      close: (day) => `Si no se paga antes del ${day}, la cuenta se cerrará definitivamente.`,
    },
    payTo: (bank, number) => `Pague a ${bank}, referencia ${number}.`,
    paid: 'Si ya ha pagado, no tenga en cuenta este mensaje.',
  },
  fr: {
    subject: (number) => `Rappel : facture ${number}`,
    notDue: ({ number, amount, day }) => `${amount} de la facture ${number} sont à payer le ${day}.`,
    due: ({ number, amount, day }) => `${amount} de la facture ${number}, échue le ${day}, restent à payer.`,
    done: {
      limit: 'Jusqu’au paiement, le compte ne reçoit que des appels et n’émet que des appels d’urgence.',
      suspend: 'Jusqu’au paiement, le compte n’émet que des appels d’urgence.',
      close: 'Le compte a été fermé.',
    },
    announced: {
      limit: (day) =>
        `Sans paiement avant le ${day}, le compte ne recevra que des appels et n’émettra que des appels d’urgence.`,
      suspend: (day) => `Sans paiement avant le ${day}, le compte n’émettra que des appels d’urgence.`,
      close: (day) => `Sans paiement avant le ${day}, le compte sera fermé définitivement.`,
    },
    payTo: (bank, number) => `Veuillez payer à ${bank}, référence ${number}.`,
    paid: 'Si vous avez payé entre-temps, ne tenez pas compte de ce message.',
  },
  de: {
    subject: (number) => `Zahlungserinnerung: Rechnung ${number}`,
    notDue: ({ number, amount, day }) => `${amount} der Rechnung ${number} sind am ${day} fällig.`,
    due: ({ number, amount, day }) =>
      `${amount} der Rechnung ${number}, fällig am ${day}, sind noch nicht bezahlt.`,
    done: {
      limit: 'Bis zur Zahlung nimmt das Konto nur Anrufe an und macht nur Notrufe.',
      suspend: 'Bis zur Zahlung macht das Konto nur Notrufe.',
      close: 'Das Konto wurde geschlossen.',
    },
    announced: {
      limit: (day) =>
        `Ohne Zahlung bis zum ${day} wird das Konto nur noch Anrufe annehmen und Notrufe machen.`,
      suspend: (day) => `Ohne Zahlung bis zum ${day} wird das Konto nur noch Notrufe machen.`,
      close: (day) => `Ohne Zahlung bis zum ${day} wird das Konto endgültig geschlossen.`,
    },
    payTo: (bank, number) => `Bitte zahlen Sie an ${bank}, Verwendungszweck ${number}.`,
    paid: 'Falls Sie inzwischen bezahlt haben, ist diese Nachricht gegenstandslos.',
  },
  ar: {
    subject: (number) => `تذكير: الفاتورة ${number}`,
    notDue: ({ number, amount, day }) => `يستحق مبلغ ${amount} من الفاتورة ${number} في ${day}.`,
    due: ({ number, amount, day }) => `لم يدفع بعد مبلغ ${amount} من الفاتورة ${number} المستحقة في ${day}.`,
    done: {
      limit: 'حتى السداد يستقبل الحساب المكالمات الواردة ويجري مكالمات الطوارئ فقط.',
      suspend: 'حتى السداد يجري الحساب مكالمات الطوارئ فقط.',
      close: 'تم إغلاق الحساب.',
    },
    announced: {
      limit: (day) =>
        `إن لم يتم السداد قبل ${day} فسيستقبل الحساب المكالمات الواردة ويجري مكالمات الطوارئ فقط.`,
      suspend: (day) => `إن لم يتم السداد قبل ${day} فسيجري الحساب مكالمات الطوارئ فقط.`,
      close: (day) => `إن لم يتم السداد قبل ${day} فسيغلق الحساب نهائيا.`,
    },
    payTo: (bank, number) => `يرجى الدفع إلى ${bank}، المرجع ${number}.`,
    paid: 'إذا كنت قد دفعت في هذه الأثناء فيرجى تجاهل هذه الرسالة.',
  },
};

/** Subject and text of a reminder in a language. */
export function reminderText(
  language: MailLanguage,
  facts: ReminderFacts,
): { readonly subject: string; readonly text: string } {
  const words = WORDS[language];
  const kept = (value: string) => keptLeftToRight(language, value);
  const shown = { number: kept(facts.number), amount: kept(facts.amount), day: kept(facts.dueDay) };
  const { action, announced, bankDetails } = facts;
  const lines = [
    facts.isDue ? words.due(shown) : words.notDue(shown),
    ...(action === 'remind' ? [] : [words.done[action]]),
    ...(announced && announced.action !== 'remind'
      ? [words.announced[announced.action](kept(announced.day))]
      : []),
    ...(bankDetails ? [words.payTo(kept(bankDetails), shown.number)] : []),
    words.paid,
  ];
  return { subject: words.subject(shown.number), text: `${lines.join('\n\n')}\n` };
}
