import type { MailLanguage } from '../../mail/mail';
import type { Invoice } from './invoice';

/** Everything an invoice's pages say, in one language. */
export type InvoiceWords = {
  readonly invoice: string;
  readonly creditNote: string;
  readonly number: string;
  readonly issued: string;
  readonly due: string;
  readonly period: string;
  readonly corrects: string;
  readonly billTo: string;
  readonly vatNumber: string;
  readonly description: string;
  readonly quantity: string;
  readonly amount: string;
  readonly net: string;
  readonly total: string;
  readonly payTo: string;
  readonly page: (page: number, pages: number) => string;
  readonly itemized: string;
  readonly more: (left: number) => string;
  readonly time: string;
  readonly calls: string;
  readonly kinds: Readonly<Record<string, string>>;
  readonly taxNotes: Readonly<Record<'reverse-charge' | 'outside', string>>;
  readonly mailSubject: (title: string, number: string) => string;
  readonly mailBody: (facts: {
    readonly title: string;
    readonly number: string;
    readonly period: string;
    readonly total: string;
    readonly due: string;
  }) => string;
  readonly mailLink: (url: string) => string;
};

export const INVOICE_WORDS: Readonly<Record<MailLanguage, InvoiceWords>> = {
  en: {
    invoice: 'Invoice',
    creditNote: 'Credit note',
    number: 'Number',
    issued: 'Date',
    due: 'Due',
    period: 'Period',
    corrects: 'Corrects',
    billTo: 'Bill to',
    vatNumber: 'VAT number',
    description: 'Description',
    quantity: 'Quantity',
    amount: 'Amount',
    net: 'Net amount',
    total: 'Total',
    payTo: 'Please pay to',
    page: (page, pages) => `Page ${page} of ${pages}`,
    itemized: 'What it consists of',
    more: (left) => `and ${left} more: see the list of single charges`,
    time: 'Time (UTC)',
    calls: 'Calls',
    kinds: {
      'call-charge': 'Calls',
      'call-correction': 'Corrected calls',
      'number-fee': 'Telephone numbers',
      'plan-fee': 'Plans',
      'late-fee': 'Late fees',
      'credit-note': 'Credit',
    },
    taxNotes: {
      'reverse-charge': 'Reverse charge: VAT is owed by the recipient (Directive 2006/112/EC, article 196)',
      outside: 'Not subject to VAT: place of supply outside the EU',
    },
    mailSubject: (title, number) => `${title} ${number}`,
    mailBody: ({ title, number, period, total, due }) =>
      `Your ${title.toLowerCase()} ${number} for ${period} is attached.\n\nTotal: ${total}\nDue: ${due}\n`,
    mailLink: (url) => `\nIt can also be fetched here for 30 days:\n${url}\n`,
  },
  es: {
    invoice: 'Factura',
    creditNote: 'Nota de crédito',
    number: 'Número',
    issued: 'Fecha',
    due: 'Vencimiento',
    period: 'Período',
    corrects: 'Rectifica',
    billTo: 'Cliente',
    vatNumber: 'NIF-IVA',
    description: 'Concepto',
    quantity: 'Cantidad',
    amount: 'Importe',
    net: 'Base imponible',
    total: 'Total',
    payTo: 'Pagar a',
    page: (page, pages) => `Página ${page} de ${pages}`,
    itemized: 'Detalle',
    more: (left) => `y ${left} más: véase la lista de cargos`,
    time: 'Hora (UTC)',
    calls: 'Llamadas',
    kinds: {
      'call-charge': 'Llamadas',
      'call-correction': 'Llamadas corregidas',
      'number-fee': 'Números de teléfono',
      'plan-fee': 'Planes',
      'late-fee': 'Recargos por demora',
      'credit-note': 'Abono',
    },
    taxNotes: {
      'reverse-charge': 'Inversión del sujeto pasivo (Directiva 2006/112/CE, artículo 196)',
      outside: 'No sujeto a IVA: lugar de prestación fuera de la UE',
    },
    mailSubject: (title, number) => `${title} ${number}`,
    mailBody: ({ title, number, period, total, due }) =>
      `Adjuntamos su ${title.toLowerCase()} ${number} de ${period}.\n\nTotal: ${total}\nVencimiento: ${due}\n`,
    mailLink: (url) => `\nTambién puede descargarla aquí durante 30 días:\n${url}\n`,
  },
  fr: {
    invoice: 'Facture',
    creditNote: 'Avoir',
    number: 'Numéro',
    issued: 'Date',
    due: 'Échéance',
    period: 'Période',
    corrects: 'Rectifie',
    billTo: 'Client',
    vatNumber: 'N° de TVA',
    description: 'Désignation',
    quantity: 'Quantité',
    amount: 'Montant',
    net: 'Montant HT',
    total: 'Total TTC',
    payTo: 'À payer à',
    page: (page, pages) => `Page ${page} sur ${pages}`,
    itemized: 'Détail',
    more: (left) => `et ${left} de plus : voir la liste des frais`,
    time: 'Heure (UTC)',
    calls: 'Appels',
    kinds: {
      'call-charge': 'Appels',
      'call-correction': 'Appels corrigés',
      'number-fee': 'Numéros de téléphone',
      'plan-fee': 'Forfaits',
      'late-fee': 'Frais de retard',
      'credit-note': 'Avoir',
    },
    taxNotes: {
      'reverse-charge': 'Autoliquidation de la TVA (directive 2006/112/CE, article 196)',
      outside: 'Non soumis à la TVA : lieu de prestation hors de l’UE',
    },
    mailSubject: (title, number) => `${title} ${number}`,
    mailBody: ({ title, number, period, total, due }) =>
      `Veuillez trouver ci-joint : ${title.toLowerCase()} ${number}, ${period}.\n\nTotal : ${total}\nÉchéance : ${due}\n`,
    mailLink: (url) => `\nÀ télécharger aussi ici pendant 30 jours :\n${url}\n`,
  },
  de: {
    invoice: 'Rechnung',
    creditNote: 'Gutschrift',
    number: 'Nummer',
    issued: 'Datum',
    due: 'Fällig',
    period: 'Zeitraum',
    corrects: 'Berichtigt',
    billTo: 'Rechnung an',
    vatNumber: 'USt-IdNr.',
    description: 'Bezeichnung',
    quantity: 'Menge',
    amount: 'Betrag',
    net: 'Nettobetrag',
    total: 'Gesamtbetrag',
    payTo: 'Bitte zahlen an',
    page: (page, pages) => `Seite ${page} von ${pages}`,
    itemized: 'Im Einzelnen',
    more: (left) => `und ${left} weitere: siehe Liste der Einzelposten`,
    time: 'Zeit (UTC)',
    calls: 'Anrufe',
    kinds: {
      'call-charge': 'Anrufe',
      'call-correction': 'Berichtigte Anrufe',
      'number-fee': 'Rufnummern',
      'plan-fee': 'Tarife',
      'late-fee': 'Mahngebühren',
      'credit-note': 'Gutschrift',
    },
    taxNotes: {
      'reverse-charge': 'Steuerschuldnerschaft des Leistungsempfängers (Richtlinie 2006/112/EG, Artikel 196)',
      outside: 'Nicht steuerbar: Ort der Leistung außerhalb der EU',
    },
    mailSubject: (title, number) => `${title} ${number}`,
    mailBody: ({ title, number, period, total, due }) =>
      `Anbei: ${title} ${number} für ${period}.\n\nGesamtbetrag: ${total}\nFällig: ${due}\n`,
    mailLink: (url) => `\nSie ist 30 Tage lang auch hier zu haben:\n${url}\n`,
  },
  ar: {
    invoice: 'فاتورة',
    creditNote: 'إشعار دائن',
    number: 'الرقم',
    issued: 'التاريخ',
    due: 'تاريخ الاستحقاق',
    period: 'الفترة',
    corrects: 'يصحح',
    billTo: 'إلى',
    vatNumber: 'الرقم الضريبي',
    description: 'البيان',
    quantity: 'الكمية',
    amount: 'المبلغ',
    net: 'المبلغ الصافي',
    total: 'الإجمالي',
    payTo: 'يرجى الدفع إلى',
    page: (page, pages) => `صفحة ${page} من ${pages}`,
    itemized: 'التفاصيل',
    more: (left) => `و ${left} أخرى: انظر قائمة الرسوم`,
    time: 'الوقت (UTC)',
    calls: 'المكالمات',
    kinds: {
      'call-charge': 'المكالمات',
      'call-correction': 'مكالمات مصححة',
      'number-fee': 'أرقام الهاتف',
      'plan-fee': 'الباقات',
      'late-fee': 'رسوم التأخير',
      'credit-note': 'رصيد دائن',
    },
    taxNotes: {
      'reverse-charge': 'الاحتساب العكسي لضريبة القيمة المضافة (التوجيه \u20662006/112/EC\u2069، المادة 196)',
      outside: 'غير خاضع لضريبة القيمة المضافة: مكان التوريد خارج الاتحاد الأوروبي',
    },
    mailSubject: (title, number) => `${title} ${number}`,
    mailBody: ({ title, number, period, total, due }) =>
      `مرفق طيه ${title} ${number} عن ${period}.\n\nالإجمالي: ${total}\nتاريخ الاستحقاق: ${due}\n`,
    mailLink: (url) => `\nيمكن تنزيلها أيضا من هنا لمدة 30 يوما:\n${url}\n`,
  },
};

/** What an invoice says about its tax, in a language; '' for nothing. */
export function taxNoteIn(words: InvoiceWords, invoice: Invoice): string {
  const { taxTreatment } = invoice;
  return taxTreatment === 'reverse-charge' || taxTreatment === 'outside' ? words.taxNotes[taxTreatment] : '';
}

/** A day as all languages read it: 2026-01-31. */
export function dayText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** 210000 → "21", 255000 → "25.5". */
export function percentText(ratePpm: number): string {
  return String(ratePpm / 10_000);
}
