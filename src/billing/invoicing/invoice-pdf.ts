import { dirname, join } from 'node:path';
import bidiFactory from 'bidi-js';
// oxlint-disable-next-line import/no-named-as-default -- the types of pdfkit know the default alone
import PDFDocument from 'pdfkit';
import { type Currency, money, showMoney } from '../../kernel/money';
import { keptLeftToRight, type MailLanguage, mailLanguage } from '../../mail/mail';
import type { Invoice, InvoiceParty } from './invoice';
import type { InvoiceItem } from './invoice-items';
import { dayText, INVOICE_WORDS, type InvoiceWords, percentText, taxNoteIn } from './invoice-words';

/** Single charges that the pages list; more are in the annex. */
export const MAX_LISTED_ITEMS = 1_000;

const FONTS = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
const MARGIN = 50;
const PAGE_WIDTH = 595.28;
const PAGE_HEIGHT = 841.89;
const WIDTH = PAGE_WIDTH - 2 * MARGIN;
const LAST_Y = PAGE_HEIGHT - 80;
const bidi = bidiFactory();
/** Marks of direction, which are obeyed and not drawn. */
const ISOLATES = /[\u2066-\u2069]/;

/**
 * The pages of an invoice (A4) in the buyer's language. The font (DejaVu Sans, embedded) has Latin, Greek, Cyrillic, Hebrew and Arabic letters;
 * what is written from right to left stands so, letters joined. Letters the font lacks (Chinese, say) are shown as boxes.
 */
export async function invoicePdf(of: {
  readonly invoice: Invoice;
  readonly correctsNumber: string | null;
  readonly items: AsyncIterable<InvoiceItem>;
  /** Language of a buyer who has chosen none. */
  readonly houseLanguage: string;
}): Promise<Buffer> {
  const { invoice } = of;
  const language = mailLanguage(invoice.parties.buyer.language ?? of.houseLanguage);
  const sheet = new Sheet(invoice, language);
  sheet.heading(of.correctsNumber);
  sheet.lines();
  await sheet.items(of.items);
  return sheet.end();
}

type Align = 'start' | 'end';

/** Writes the pages. In a language that is read from right to left the page is mirrored: `start` is the right edge. */
class Sheet {
  readonly #doc: PDFKit.PDFDocument;
  readonly #done: Promise<Buffer>;
  readonly #words: InvoiceWords;
  readonly #isRightToLeft: boolean;
  readonly #kept: (text: string) => string;
  #y = MARGIN;

  constructor(
    private readonly invoice: Invoice,
    language: MailLanguage,
  ) {
    this.#words = INVOICE_WORDS[language];
    this.#isRightToLeft = language === 'ar';
    this.#kept = (text) => keptLeftToRight(language, text);
    this.#doc = new PDFDocument({
      size: 'A4',
      margin: 0,
      bufferPages: true,
      lang: language,
      info: {
        Title: invoice.number,
        Author: invoice.parties.seller.name,
        CreationDate: new Date(invoice.issuedAtMs),
        ModDate: new Date(invoice.issuedAtMs),
      },
    });
    this.#doc.registerFont('plain', join(FONTS, 'DejaVuSans.ttf'));
    this.#doc.registerFont('bold', join(FONTS, 'DejaVuSans-Bold.ttf'));
    const parts: Buffer[] = [];
    this.#done = new Promise((resolve, reject) => {
      this.#doc.on('data', (part: Buffer) => parts.push(part));
      this.#doc.on('end', () => resolve(Buffer.concat(parts)));
      this.#doc.on('error', reject);
    });
  }

  heading(correctsNumber: string | null): void {
    const { invoice } = this;
    const words = this.#words;
    const title = invoice.kind === 'invoice' ? words.invoice : words.creditNote;
    this.#block(partyLines(invoice.parties.seller, words, this.#kept), 0, WIDTH / 2 - 10, 'start', true);
    const sellerEnd = this.#y;
    this.#y = MARGIN;
    this.#font('bold', 20);
    this.#text(title, WIDTH / 2, WIDTH / 2, 'end');
    this.#y += 30;
    const facts: readonly (readonly [string, string])[] = [
      [words.number, invoice.number],
      [words.issued, dayText(invoice.issuedAtMs)],
      ...(invoice.kind === 'invoice' ? [[words.due, dayText(invoice.dueAtMs)] as const] : []),
      [words.period, `${dayText(invoice.periodFromMs)} – ${dayText(invoice.periodUntilMs - 1)}`],
      ...(correctsNumber ? [[words.corrects, correctsNumber] as const] : []),
    ];
    this.#font('plain', 9);
    for (const [name, value] of facts) {
      this.#text(name, WIDTH / 2, 100, 'start');
      this.#text(value, WIDTH / 2 + 100, WIDTH / 2 - 100, 'end');
      this.#y += 14;
    }
    this.#y = Math.max(this.#y, sellerEnd) + 20;
    this.#font('plain', 8);
    this.#text(words.billTo, 0, WIDTH, 'start');
    this.#y += 13;
    this.#block(partyLines(invoice.parties.buyer, words, this.#kept), 0, WIDTH, 'start', true);
    this.#y += 20;
  }

  lines(): void {
    const { invoice } = this;
    const words = this.#words;
    this.#font('bold', 9);
    this.#row([words.description, words.quantity, words.amount]);
    this.#rule();
    this.#font('plain', 9);
    for (const line of invoice.lines)
      this.#row([words.kinds[line.kind] ?? line.kind, String(line.quantity), this.#amount(line.netMicros)]);
    if (invoice.reason) this.#block([invoice.reason], 0, WIDTH - 150, 'start', false);
    this.#rule();
    this.#row([words.net, '', this.#amount(invoice.netMicros)]);
    for (const tax of invoice.taxes)
      this.#row([`${tax.name} ${percentText(tax.ratePpm)} %`, '', this.#amount(tax.taxMicros)]);
    this.#font('bold', 11);
    this.#row([words.total, '', this.#amount(invoice.totalMicros)]);
    this.#font('plain', 8);
    const note = taxNoteIn(words, invoice);
    this.#y += 8;
    if (note !== '') this.#block([note], 0, WIDTH, 'start', false);
    const { bankDetails } = invoice.parties.seller;
    if (bankDetails && invoice.kind === 'invoice')
      this.#block(
        [`${words.payTo}: ${this.#kept(bankDetails)}`, `${words.number}: ${this.#kept(invoice.number)}`],
        0,
        WIDTH,
        'start',
        false,
      );
    this.#y += 16;
  }

  async items(items: AsyncIterable<InvoiceItem>): Promise<void> {
    let listed = 0;
    let left = 0;
    for await (const item of items) {
      if (listed === MAX_LISTED_ITEMS) {
        left++;
        continue;
      }
      if (listed === 0) {
        this.#room(60);
        this.#font('bold', 9);
        this.#row([this.#words.itemized, '', '']);
        this.#rule();
      }
      this.#font('plain', 7.5);
      const atMs = item.call?.startedAtMs ?? item.postedAtMs;
      const about = item.call
        ? `${item.call.direction === 'outbound' ? '→' : '←'} ${item.call.number ?? '…'}`
        : item.note;
      this.#row(
        [
          `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')}  ${about}`,
          item.call ? durationText(item.call.talkSeconds) : '',
          exactText(item.owedMicros, this.invoice.currency),
        ],
        11,
      );
      listed++;
    }
    if (left > 0) this.#row([this.#words.more(left), '', '']);
  }

  /** Numbers the pages and gives the file. */
  end(): Promise<Buffer> {
    const { count } = this.#doc.bufferedPageRange();
    for (let page = 0; page < count; page++) {
      this.#doc.switchToPage(page);
      this.#font('plain', 7);
      this.#y = PAGE_HEIGHT - 40;
      this.#text(this.#words.page(page + 1, count), 0, WIDTH, 'end');
      this.#text(this.invoice.number, 0, WIDTH / 2, 'start');
    }
    this.#doc.end();
    return this.#done;
  }

  #amount(amountMicros: bigint): string {
    return showMoney(money(amountMicros, this.invoice.currency));
  }

  #font(name: 'plain' | 'bold', size: number): void {
    this.#doc.font(name).fontSize(size);
  }

  #room(height: number): void {
    if (this.#y + height <= LAST_Y) return;
    this.#doc.addPage();
    this.#y = MARGIN;
  }

  #row([about, quantity, amount]: readonly [string, string, string], least = 15): void {
    const wrapped = this.#wrap(about, WIDTH - 200);
    const lineHeight = this.#doc.currentLineHeight() + 2;
    this.#room(Math.max(least, wrapped.length * lineHeight));
    const top = this.#y;
    this.#text(quantity, WIDTH - 200, 70, 'end');
    this.#text(amount, WIDTH - 120, 120, 'end');
    for (const line of wrapped) {
      this.#text(line, 0, WIDTH - 200, 'start');
      this.#y += lineHeight;
    }
    this.#y = Math.max(this.#y, top + least);
  }

  #block(lines: readonly string[], x: number, width: number, align: Align, firstIsBold: boolean): void {
    lines.forEach((line, n) => {
      this.#font(firstIsBold && n === 0 ? 'bold' : 'plain', firstIsBold && n === 0 ? 10 : 9);
      for (const part of this.#wrap(line, width)) {
        this.#room(14);
        this.#text(part, x, width, align);
        this.#y += 13;
      }
    });
  }

  #rule(): void {
    this.#doc
      .moveTo(MARGIN, this.#y)
      .lineTo(PAGE_WIDTH - MARGIN, this.#y)
      .lineWidth(0.5)
      .stroke('#888888');
    this.#doc.fillColor('black');
    this.#y += 5;
  }

  /** Lines of at most `width`, broken at blanks, and within words that are longer. */
  #wrap(text: string, width: number): readonly string[] {
    const lines: string[] = [];
    let line = '';
    for (const word of text.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (this.#widthOf(longer) <= width) {
        line = longer;
        continue;
      }
      if (line !== '') lines.push(line);
      line = '';
      for (const letter of word)
        if (this.#widthOf(line + letter) <= width) line += letter;
        else {
          lines.push(line);
          line = letter;
        }
    }
    lines.push(line);
    return lines;
  }

  #widthOf(text: string): number {
    return this.#runs(text).reduce((sum, run) => sum + this.#doc.widthOfString(run.text, run.options), 0);
  }

  /** One line at the height of now; `x` and `width` as they would be from left to right. */
  #text(text: string, x: number, width: number, align: Align): void {
    if (text === '') return;
    const runs = this.#runs(text);
    const textWidth = runs.reduce((sum, run) => sum + this.#doc.widthOfString(run.text, run.options), 0);
    const left = this.#isRightToLeft ? WIDTH - x - width : x;
    const isAtRight = (align === 'end') !== this.#isRightToLeft;
    let at = MARGIN + left + (isAtRight ? width - textWidth : 0);
    for (const run of runs) {
      this.#doc.text(run.text, at, this.#y, { ...run.options, lineBreak: false });
      at += this.#doc.widthOfString(run.text, run.options);
    }
  }

  /**
   * A line as runs of one direction, in the order they stand on the page (UAX #9). The font library orders the letters of a run from right to left itself
   * when it is laid out as a whole, which a named feature asks for.
   */
  #runs(text: string): readonly { text: string; options: { features?: PDFKit.Mixins.OpenTypeFeatures[] } }[] {
    const { levels } = bidi.getEmbeddingLevels(text, 'auto');
    const runs: { text: string; level: number }[] = [];
    for (let n = 0; n < text.length; n++) {
      const level = levels[n] ?? 0;
      const letter = text[n] ?? '';
      if (ISOLATES.test(letter)) continue;
      const shown = level % 2 === 1 ? (bidi.getMirroredCharacter(letter) ?? letter) : letter;
      const last = runs.at(-1);
      if (last?.level === level) last.text += shown;
      else runs.push({ text: shown, level });
    }
    const highest = Math.max(0, ...runs.map(({ level }) => level));
    for (let level = highest; level >= 1; level--) reverseRuns(runs, level);
    return runs.map((run) => ({
      text: run.text,
      options: run.level % 2 === 1 ? { features: ['rtla'] } : {},
    }));
  }
}

/** Rule L2 of UAX #9 for whole runs: each stretch of `level` or higher is turned around. */
function reverseRuns(runs: { level: number; text: string }[], level: number): void {
  for (let from = 0; from < runs.length; from++) {
    if ((runs[from]?.level ?? 0) < level) continue;
    let to = from;
    while (to < runs.length && (runs[to]?.level ?? 0) >= level) to++;
    runs.splice(from, to - from, ...runs.slice(from, to).toReversed());
    from = to;
  }
}

function partyLines(
  party: InvoiceParty,
  words: InvoiceWords,
  kept: (text: string) => string,
): readonly string[] {
  const place = [party.postalCode, party.city, party.region].filter(Boolean).join(' ');
  return [
    party.name,
    party.street,
    [place, party.country].filter(Boolean).join(', '),
    party.vatNumber && `${words.vatNumber}: ${kept(party.vatNumber)}`,
  ].filter((line): line is string => Boolean(line));
}

function exactText(owedMicros: bigint, unit: Currency): string {
  return showMoney(money(owedMicros, unit));
}

function durationText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
