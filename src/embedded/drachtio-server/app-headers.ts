import type { HeaderLine } from '../sip/serialize';
import type { AppHeader } from './admin-message';

// drachtio-server writes these itself, whatever the application says.
const neverFromApp = new Set(['via', 'route', 'record-route', 'rseq', 'content-length']);
const dialogOwned = new Set(['from', 'to', 'call-id', 'cseq', 'max-forwards']);
const localhostHeaders = new Set(['from', 'to', 'contact', 'p-asserted-identity']);

/** First value of an application's header. */
export function appHeader(headers: readonly AppHeader[], key: string): string | undefined {
  for (const header of headers) if (header.key === key) return header.value;
  return undefined;
}

/**
 * The application's headers as they may go out, without those the server owns. `localhost` in From, To, Contact and P-Asserted-Identity
 * becomes `hostPort`, because srf writes it where only the server knows the address.
 */
export function allowedHeaders(
  headers: readonly AppHeader[],
  hostPort: string,
  keepDialogHeaders = false,
): HeaderLine[] {
  const allowed: HeaderLine[] = [];
  for (const { key, name, value } of headers) {
    if (neverFromApp.has(key) || (!keepDialogHeaders && dialogOwned.has(key))) continue;
    allowed.push([name, localhostHeaders.has(key) ? replaceLocalhost(value, hostPort) : value]);
  }
  return allowed;
}

/** Replaces the host `localhost` (with its port, if any) of the URIs in a header value. */
export function replaceLocalhost(value: string, hostPort: string): string {
  return value.indexOf('localhost') === -1
    ? value
    : value.replace(/([@:])localhost(:\d{1,5})?(?=[>;,?\s]|$)/g, (_, before: string) => before + hostPort);
}

/** The Content-Type to add to the application's headers: SDP is recognised; undefined when nothing is to be added. */
export function contentTypeFor(headers: readonly AppHeader[], body: string): string | undefined {
  if (!body.startsWith('v=0') || appHeader(headers, 'content-type') !== undefined) return undefined;
  return 'application/sdp';
}

/** Whether there is a body that neither the application nor its looks name a type for. */
export function lacksContentType(headers: readonly AppHeader[], body: string): boolean {
  return body !== '' && !body.startsWith('v=0') && appHeader(headers, 'content-type') === undefined;
}
