import { isToken, skipBlanks } from './characters';
import { parameter, type Parameter, readParameters } from './parameters';
import { bareHost, hostText, readHostPort } from './uri';

/** The topmost Via: who sent the message last (RFC 3261 20.42). */
export type Via = {
  /** In upper case: UDP, TCP, TLS, WS, WSS or what the sender wrote. */
  readonly transport: string;
  /** sent-by host as written. */
  readonly host: string;
  readonly port: number | undefined;
  readonly parameters: readonly Parameter[];
  readonly branch: string | undefined;
  /** Further Via values that stood in the same header field, as written; '' when none. */
  readonly rest: string;
};

/** RFC 3261 8.1.1.7: a branch with more behind this prefix identifies its transaction alone. */
export const branchCookie = 'z9hG4bK';

/** Reads the first value of a Via header field; undefined when it is malformed. */
export function parseVia(text: string): Via | undefined {
  let at = readWord(text, 0, 'SIP');
  if (at === -1) return undefined;
  at = readWord(text, at, '/');
  if (at !== -1) at = readWord(text, at, '2.0');
  if (at !== -1) at = readWord(text, at, '/');
  if (at === -1) return undefined;
  let end = at;
  while (end < text.length && text.charCodeAt(end) > 32) end++;
  if (!isToken(text, at, end)) return undefined;
  const transport = text.slice(at, end).toUpperCase();
  const sentByStart = skipBlanks(text, end);
  let sentByEnd = sentByStart;
  while (sentByEnd < text.length) {
    const code = text.charCodeAt(sentByEnd);
    if (code === 59 || code === 44) break;
    sentByEnd++;
  }
  const sentBy = text.slice(sentByStart, sentByEnd).trim();
  const hostPort = readHostPort(sentBy.indexOf(' ') === -1 ? sentBy : sentBy.replaceAll(' ', ''));
  const read = readParameters(text, sentByEnd);
  if (hostPort === undefined || read === undefined) return undefined;
  return {
    transport,
    host: hostPort.host,
    port: hostPort.port,
    parameters: read.parameters,
    branch: parameter(read.parameters, 'branch'),
    rest: read.end < text.length ? text.slice(read.end + 1).trim() : '',
  };
}

function readWord(text: string, from: number, word: string): number {
  const at = skipBlanks(text, from);
  if (text.slice(at, at + word.length).toUpperCase() !== word) return -1;
  return skipBlanks(text, at + word.length);
}

/** Whether the branch identifies a transaction by itself (RFC 3261 17.2.3; the bare cookie does not, RFC 4475 3.2.1). */
export function hasMagicBranch(via: Via): boolean {
  return (
    via.branch !== undefined && via.branch.length > branchCookie.length && via.branch.startsWith(branchCookie)
  );
}

/**
 * The Via field as a response must carry it: `received` when the packet did not come from the sent-by address, `rport` filled in
 * when the sender asked (RFC 3261 18.2.1, RFC 3581 4). Gives the text as written when nothing has to be added.
 */
export function viaAsReceived(via: Via, written: string, address: string, port: number): string {
  const wantsPort = parameter(via.parameters, 'rport') === '';
  if (!wantsPort && bareHost(via.host) === address) return written;
  let text = `SIP/2.0/${via.transport} ${via.port === undefined ? via.host : `${via.host}:${via.port}`}`;
  for (const { name, value } of via.parameters) {
    if (name === 'received' || (name === 'rport' && wantsPort)) continue;
    text += value === undefined ? `;${name}` : `;${name}=${value}`;
  }
  text += `;received=${address}`;
  if (wantsPort) text += `;rport=${port}`;
  return via.rest === '' ? text : `${text}, ${via.rest}`;
}

/** Where a datagram response goes (RFC 3261 18.2.2, RFC 3581 4): back to the source, at the source port when rport was asked. */
export function responsePort(via: Via, sourcePort: number): number {
  return parameter(via.parameters, 'rport') === undefined ? (via.port ?? 5060) : sourcePort;
}

/** A Via of our own. */
export function ownVia(transport: string, host: string, port: number, branch: string): string {
  return `SIP/2.0/${transport.toUpperCase()} ${hostText(host)}:${port};rport;branch=${branch}`;
}
