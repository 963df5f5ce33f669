import { Conflict } from '../../kernel/app-error';
import { coinDecimals, type Currency } from '../../kernel/money';
import type { Invoice, InvoiceParty } from './invoice';
import { dayText, INVOICE_WORDS, percentText } from './invoice-words';

const INVOICE_NS = 'urn:oasis:names:specification:ubl:schema:xsd:Invoice-2';
const CREDIT_NOTE_NS = 'urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2';
const PARTS_NS = `xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"`;

/** VAT category codes (UNCL5305) that EN 16931 knows, by how the invoice is taxed. */
const CATEGORIES = {
  domestic: 'S',
  destination: 'S',
  'reverse-charge': 'AE',
  outside: 'O',
} as const;

/**
 * The invoice as EN 16931 wants it, in UBL 2.1; its totals are the invoice's own. A credit note's amounts stand without sign (code 381).
 * @throws Conflict when it cannot be said in that standard: another tax than one VAT
 */
export function invoiceXml(invoice: Invoice, correctsNumber: string | null): string {
  const category = CATEGORIES[invoice.taxTreatment as keyof typeof CATEGORIES];
  const [tax] = invoice.taxes;
  if (!category || invoice.taxes.length > 1 || (category === 'S' && !tax))
    throw new Conflict('EN 16931 is for invoices with VAT; this one has none, or several taxes', {
      invoice: invoice.number,
    });
  const isCredit = invoice.kind === 'credit-note';
  const root = isCredit ? 'CreditNote' : 'Invoice';
  const sign = isCredit ? -1n : 1n;
  const amount = (name: string, micros: bigint) =>
    `<cbc:${name} currencyID="${invoice.currency}">${coinText(sign * micros, invoice.currency)}</cbc:${name}>`;
  const rate = tax?.ratePpm ?? 0;
  const percent = category === 'O' ? '' : `<cbc:Percent>${percentText(rate)}</cbc:Percent>`;
  const scheme = '<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>';
  const exemption =
    category === 'S'
      ? ''
      : `<cbc:TaxExemptionReasonCode>${category === 'AE' ? 'VATEX-EU-AE' : 'VATEX-EU-O'}</cbc:TaxExemptionReasonCode><cbc:TaxExemptionReason>${escaped(invoice.taxNote)}</cbc:TaxExemptionReason>`;
  const quantityName = isCredit ? 'CreditedQuantity' : 'InvoicedQuantity';
  const lines = invoice.lines.map(
    (line, n) =>
      `<cac:${root}Line><cbc:ID>${n + 1}</cbc:ID><cbc:${quantityName} unitCode="C62">1</cbc:${quantityName}>${amount('LineExtensionAmount', line.netMicros)}<cac:Item><cbc:Description>${line.quantity} items</cbc:Description><cbc:Name>${escaped(INVOICE_WORDS.en.kinds[line.kind] ?? line.kind)}</cbc:Name><cac:ClassifiedTaxCategory><cbc:ID>${category}</cbc:ID>${percent}${scheme}</cac:ClassifiedTaxCategory></cac:Item><cac:Price>${priceOf(line.netMicros * sign, amount)}</cac:Price></cac:${root}Line>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<${root} xmlns="${isCredit ? CREDIT_NOTE_NS : INVOICE_NS}" ${PARTS_NS}>`,
    '<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>',
    `<cbc:ID>${escaped(invoice.number)}</cbc:ID>`,
    `<cbc:IssueDate>${dayText(invoice.issuedAtMs)}</cbc:IssueDate>`,
    isCredit
      ? '<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>'
      : `<cbc:DueDate>${dayText(invoice.dueAtMs)}</cbc:DueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>`,
    invoice.reason ? `<cbc:Note>${escaped(invoice.reason)}</cbc:Note>` : '',
    `<cbc:DocumentCurrencyCode>${invoice.currency}</cbc:DocumentCurrencyCode>`,
    `<cac:InvoicePeriod><cbc:StartDate>${dayText(invoice.periodFromMs)}</cbc:StartDate><cbc:EndDate>${dayText(invoice.periodUntilMs - 1)}</cbc:EndDate></cac:InvoicePeriod>`,
    correctsNumber
      ? `<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>${escaped(correctsNumber)}</cbc:ID></cac:InvoiceDocumentReference></cac:BillingReference>`
      : '',
    `<cac:AccountingSupplierParty>${partyXml(invoice.parties.seller, category !== 'O')}</cac:AccountingSupplierParty>`,
    `<cac:AccountingCustomerParty>${partyXml(invoice.parties.buyer, category !== 'O')}</cac:AccountingCustomerParty>`,
    `<cac:TaxTotal>${amount('TaxAmount', invoice.taxMicros)}<cac:TaxSubtotal>${amount('TaxableAmount', invoice.netMicros)}${amount('TaxAmount', invoice.taxMicros)}<cac:TaxCategory><cbc:ID>${category}</cbc:ID>${percent}${exemption}${scheme}</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>`,
    `<cac:LegalMonetaryTotal>${amount('LineExtensionAmount', invoice.netMicros)}${amount('TaxExclusiveAmount', invoice.netMicros)}${amount('TaxInclusiveAmount', invoice.totalMicros)}${amount('PayableAmount', invoice.totalMicros)}</cac:LegalMonetaryTotal>`,
    ...lines,
    `</${root}>`,
    '',
  ]
    .filter((line, n, all) => line !== '' || n === all.length - 1)
    .join('\n');
}

/** BR-27: a price is never negative; a line that takes something back says so by its amount. */
function priceOf(micros: bigint, amount: (name: string, micros: bigint) => string): string {
  return amount('PriceAmount', micros).replace('>-', '>');
}

/** BR-O-02: who is outside of VAT names no VAT number. */
function partyXml(party: InvoiceParty, showsVatNumber: boolean): string {
  const address = `<cac:PostalAddress>${element('StreetName', party.street)}${element('CityName', party.city)}${element('PostalZone', party.postalCode)}${element('CountrySubentity', party.region)}<cac:Country>${element('IdentificationCode', party.country)}</cac:Country></cac:PostalAddress>`;
  const tax =
    showsVatNumber && party.vatNumber
      ? `<cac:PartyTaxScheme>${element('CompanyID', party.vatNumber)}<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>`
      : '';
  return `<cac:Party>${address}${tax}<cac:PartyLegalEntity>${element('RegistrationName', party.name)}</cac:PartyLegalEntity></cac:Party>`;
}

function element(name: string, value: string | null): string {
  return value === null ? '' : `<cbc:${name}>${escaped(value)}</cbc:${name}>`;
}

/** Whole coins: 12500000n, EUR → "12.50". @throws Error for what is none: an invoice has whole coins only */
export function coinText(micros: bigint, unit: Currency): string {
  const decimals = coinDecimals(unit);
  const step = 10n ** BigInt(6 - decimals);
  if (micros % step !== 0n) throw new Error(`${micros} micros are no whole coins`);
  const digits = (micros < 0n ? -micros : micros) / step;
  const padded = digits.toString().padStart(decimals + 1, '0');
  const sign = micros < 0n ? '-' : '';
  return decimals === 0
    ? `${sign}${padded}`
    : `${sign}${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}

/** Text within XML; what XML 1.0 cannot hold (section 2.2) is left out. */
function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
