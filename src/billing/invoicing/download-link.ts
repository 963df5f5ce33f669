import { createHmac, timingSafeEqual } from 'node:crypto';
import { NotFound } from '../../kernel/app-error';

/** Files of an invoice that can be fetched. */
export const INVOICE_FORMATS = ['pdf', 'json', 'xml', 'csv'] as const;

export type InvoiceFormat = (typeof INVOICE_FORMATS)[number];

export type Download = {
  readonly invoiceId: string;
  readonly format: InvoiceFormat;
  readonly expiresAtMs: number;
};

/** The longest a link may hold. */
export const LONGEST_LINK_MS = 90 * 86_400_000;

/** A text that lets whoever has it fetch one file until it expires. Signed (HMAC-SHA-256), so nobody can make or change one. Pure. */
export function signDownload(download: Download, key: string): string {
  const said = Buffer.from(
    JSON.stringify([download.invoiceId, download.format, download.expiresAtMs]),
  ).toString('base64url');
  return `${said}.${signatureOf(said, key)}`;
}

/** What a link lets fetch. @throws NotFound alike for one that is made up, changed or expired: nobody learns which */
export function readDownload(token: string, key: string, nowMs: number): Download {
  const [said = '', signature = ''] = token.split('.');
  const right = Buffer.from(signatureOf(said, key));
  const given = Buffer.from(signature);
  const fault = new NotFound('file', 'of this link; it may have expired');
  if (right.length !== given.length || !timingSafeEqual(right, given)) throw fault;
  const [invoiceId, format, expiresAtMs] = JSON.parse(Buffer.from(said, 'base64url').toString('utf8')) as [
    string,
    InvoiceFormat,
    number,
  ];
  if (expiresAtMs <= nowMs) throw fault;
  return { invoiceId, format, expiresAtMs };
}

function signatureOf(said: string, key: string): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(`invoice file ${said}`).digest('base64url');
}
