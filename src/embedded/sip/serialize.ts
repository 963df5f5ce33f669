import type { SipMessage } from './message';

/** A header to write: name and value, both wire text. */
export type HeaderLine = readonly [name: string, value: string];

/** `Name: value` lines. A CR or LF in a value becomes a blank, so that no value can start a header or a message of its own. */
export function headerLines(headers: readonly HeaderLine[]): string {
  let text = '';
  for (const [name, value] of headers) text += `${oneLine(name)}: ${oneLine(value)}\r\n`;
  return text;
}

/** The text with each run of CR and LF replaced by one blank. */
export function oneLine(text: string): string {
  return text.indexOf('\r') === -1 && text.indexOf('\n') === -1 ? text : text.replace(/[\r\n]+/g, ' ');
}

/** A whole request as wire text; Content-Length is written from the body's bytes. */
export function requestText(method: string, uri: string, headers: readonly HeaderLine[], body = ''): string {
  return `${oneLine(method)} ${oneLine(uri)} SIP/2.0\r\n${headerLines(headers)}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** A whole response as wire text; Content-Length is written from the body's bytes. */
export function responseText(
  status: number,
  reason: string,
  headers: readonly HeaderLine[],
  body = '',
): string {
  return `SIP/2.0 ${status} ${oneLine(reason)}\r\n${headerLines(headers)}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** A parsed message as wire text again: unfolded, long header names, one Content-Length that is true. */
export function serializeMessage(message: SipMessage): string {
  const headers: HeaderLine[] = [];
  for (const { key, name, value } of message.headers)
    if (key !== 'content-length') headers.push([name, value]);
  return message.kind === 'request'
    ? requestText(message.method, message.uri, headers, message.body)
    : responseText(message.status, message.reason, headers, message.body);
}
