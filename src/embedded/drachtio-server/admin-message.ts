import { isToken, wholeNumber } from '../sip/characters';
import { headerName } from '../sip/header-names';

/** A header an application wrote: key to compare by, name as it goes on the wire. */
export type AppHeader = { readonly key: string; readonly name: string; readonly value: string };

/** SIP that an application wants sent; not yet fit for the wire. */
export type AppSip = {
  readonly start:
    | { readonly kind: 'request'; readonly method: string; readonly uri: string }
    | { readonly kind: 'response'; readonly status: number; readonly reason: string };
  readonly headers: readonly AppHeader[];
  readonly body: string;
};

/** What an application can say (drachtio admin protocol, client to server). */
export type AdminMessage =
  | { readonly kind: 'authenticate'; readonly id: string; readonly secret: string }
  | { readonly kind: 'route'; readonly id: string; readonly verb: string }
  | { readonly kind: 'remove-route'; readonly id: string; readonly verb: string }
  | { readonly kind: 'ping'; readonly id: string }
  | {
      readonly kind: 'sip';
      readonly id: string;
      readonly transactionId: string;
      readonly dialogId: string;
      readonly routeUrl: string;
      readonly sip: AppSip;
    }
  | { readonly kind: 'proxy'; readonly id: string }
  | { readonly kind: 'invalid'; readonly id: string; readonly reason: string };

/** Reads one admin message (wire text). Never throws: what cannot be read is 'invalid' with the reason of the NO. */
export function parseAdminMessage(message: string): AdminMessage {
  const lineEnd = message.indexOf('\r\n');
  const fields = (lineEnd === -1 ? message : message.slice(0, lineEnd)).split('|');
  const [id = '', verb = '', first = '', second = '', third = ''] = fields;
  switch (verb) {
    case 'authenticate':
      return { kind: 'authenticate', id, secret: first };
    case 'route':
      return { kind: 'route', id, verb: first.toLowerCase() };
    case 'remove_route':
      return { kind: 'remove-route', id, verb: first.toLowerCase() };
    case 'ping':
      return { kind: 'ping', id };
    case 'proxy':
      return { kind: 'proxy', id };
    case 'sip': {
      const sip = lineEnd === -1 || fields.length < 4 ? undefined : parseAppSip(message.slice(lineEnd + 2));
      if (sip === undefined) return { kind: 'invalid', id, reason: 'Invalid message format' };
      return { kind: 'sip', id, transactionId: first, dialogId: second, routeUrl: third, sip };
    }
    default:
      return { kind: 'invalid', id, reason: 'Unknown message type' };
  }
}

/** Reads the SIP part. The body is what the frame holds: srf's Content-Length counts characters, so it is not believed. */
export function parseAppSip(text: string): AppSip | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  const head = headEnd === -1 ? text : text.slice(0, headEnd);
  const body = headEnd === -1 ? '' : text.slice(headEnd + 4);
  const lines = head.split('\r\n');
  const start = readStart(lines[0] ?? '');
  if (start === undefined) return undefined;
  const headers: AppHeader[] = [];
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at] as string;
    if (line === '') continue;
    const colon = line.indexOf(':');
    const sent = line.slice(0, colon).trim();
    if (colon === -1 || !isToken(sent) || hasLineBreak(line)) return undefined;
    const { key, name } = headerName(sent);
    const value = line.slice(colon + 1).trim();
    if (value !== '') headers.push({ key, name: wireName(key, name), value });
  }
  return { start, headers, body };
}

// srf lowers the names it copies; names we do not know are written the way applications spell X- headers.
function wireName(key: string, name: string): string {
  if (name !== key) return name;
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

function hasLineBreak(line: string): boolean {
  return line.indexOf('\r') !== -1 || line.indexOf('\n') !== -1;
}

function readStart(line: string): AppSip['start'] | undefined {
  if (hasLineBreak(line)) return undefined;
  const first = line.indexOf(' ');
  if (first <= 0) return undefined;
  const rest = line.slice(first + 1);
  const space = rest.indexOf(' ');
  if (line.startsWith('SIP/2.0 ')) {
    const status = wholeNumber(space === -1 ? rest : rest.slice(0, space), 699);
    if (status === undefined || status < 100) return undefined;
    return { kind: 'response', status, reason: space === -1 ? '' : rest.slice(space + 1) };
  }
  const method = line.slice(0, first);
  if (space <= 0 || !isToken(method)) return undefined;
  return { kind: 'request', method: method.toUpperCase(), uri: rest.slice(0, space) };
}
