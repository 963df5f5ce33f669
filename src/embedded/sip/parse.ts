import { isToken, wholeNumber } from './characters';
import { headerName, slotCount, slots } from './header-names';
import { headerValue, type CSeq, type Header, type SipMessage } from './message';
import { type NameAddr, parseNameAddr, parseNameAddrList, tagOf } from './name-addr';
import { readUri } from './uri';
import { parseVia, type Via } from './via';

/** What one message may hold at most; above any of them the sender gets 513 or 400 and nothing is kept. */
export const parseLimits = {
  headBytes: 65_536,
  lineBytes: 16_384,
  headerCount: 256,
  bodyBytes: 262_144,
} as const;

/** CSeq numbers stay below 2^31 (RFC 3261 8.1.1.5). */
const maxCSeq = 2_147_483_647;

/**
 * A message that cannot be taken. `status` is what RFC 3261 answers to such a request; `headers` is what could be read of it, to build that
 * answer from. `answerable` is false for responses and ACKs, which are dropped in silence, and for what has no Via to answer to.
 */
export type ParseFailure = {
  readonly kind: 'failure';
  readonly status: number;
  readonly reason: string;
  readonly answerable: boolean;
  readonly headers: readonly Header[];
};

type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly uri: string; readonly version: string }
  | { readonly kind: 'response'; readonly status: number; readonly reason: string };

const noSlots: readonly (Header | undefined)[] = Array.from({ length: slotCount }, () => undefined);

type Head = { headers: Header[]; bySlot: (Header | undefined)[]; fault: string | undefined; size: number };

/**
 * Parses one message from wire text (one byte per character). The text is a datagram, or exactly one message cut from a stream.
 * Never throws; runs in time linear in the text (RFC 3261 section 7, RFC 4475 for what must be refused).
 */
export function parseMessage(text: string): SipMessage | ParseFailure {
  const start = skipLineEnds(text);
  const headEnd = text.indexOf('\r\n\r\n', start);
  const head = headEnd === -1 ? text.slice(start).trimEnd() : text.slice(start, headEnd);
  if (head.length > parseLimits.headBytes) return failure([], 513, 'Message Too Large', false);
  const firstEnd = head.indexOf('\r\n');
  const startText = firstEnd === -1 ? head : head.slice(0, firstEnd);
  const startLine = readStartLine(startText);
  const read = readHeaders(head, firstEnd === -1 ? head.length : firstEnd + 2);
  const isResponse = startText.slice(0, 4).toUpperCase() === 'SIP/';
  const answerable = !isResponse && read.bySlot[slots.via] !== undefined && !startText.startsWith('ACK ');
  const refuse = (status: number, reason: string): ParseFailure =>
    failure(read.headers, status, reason, answerable);
  if (startLine === undefined) return refuse(400, isResponse ? 'Bad Status Line' : 'Bad Request Line');
  if (startLine.kind === 'request' && startLine.version !== '2.0')
    return refuse(505, 'Version Not Supported');
  if (headEnd === -1) return refuse(400, 'No Empty Line After Headers');
  if (read.size > parseLimits.headerCount) return refuse(400, 'Too Many Headers');
  if (read.fault !== undefined) return refuse(400, read.fault);
  const bodyStart = headEnd + 4;
  const body = readBody(text, bodyStart, read.bySlot[slots.contentLength]);
  if (typeof body !== 'string') return refuse(body.status, body.reason);
  const fields = readFields(read);
  if (typeof fields === 'string') return refuse(400, fields);
  const wire = text.slice(start, bodyStart + body.length);
  // One by one: spreading costs several times as much, and this runs for every message.
  const { callId, cseq, from, to, fromTag, toTag, via } = fields;
  if (startLine.kind === 'response') {
    return {
      kind: 'response',
      status: startLine.status,
      reason: startLine.reason,
      headers: read.headers,
      body,
      text: wire,
      callId,
      cseq,
      from,
      to,
      fromTag,
      toTag,
      via,
    };
  }
  const fault = requestFault(startLine.method, startLine.uri, read, cseq);
  if (fault !== undefined) return refuse(fault.status, fault.reason);
  return {
    kind: 'request',
    method: startLine.method,
    uri: startLine.uri,
    headers: read.headers,
    body,
    text: wire,
    callId,
    cseq,
    from,
    to,
    fromTag,
    toTag,
    via,
  };
}

function failure(
  headers: readonly Header[],
  status: number,
  reason: string,
  answerable: boolean,
): ParseFailure {
  return { kind: 'failure', status, reason, answerable, headers };
}

function skipLineEnds(text: string): number {
  let at = 0;
  while (text.charCodeAt(at) === 13 && text.charCodeAt(at + 1) === 10) at += 2;
  return at;
}

function readStartLine(line: string): StartLine | undefined {
  if (line.length > parseLimits.lineBytes) return undefined;
  const first = line.indexOf(' ');
  if (first <= 0) return undefined;
  const second = line.indexOf(' ', first + 1);
  if (line.slice(0, 4).toUpperCase() === 'SIP/') {
    const code = second === -1 ? line.slice(first + 1) : line.slice(first + 1, second);
    const status = code.length === 3 ? wholeNumber(code, 699) : undefined;
    if (line.slice(4, first) !== '2.0' || status === undefined || status < 100) return undefined;
    return { kind: 'response', status, reason: second === -1 ? '' : line.slice(second + 1) };
  }
  if (second === -1 || second === first + 1 || line.indexOf(' ', second + 1) !== -1) return undefined;
  const version = line.slice(second + 1);
  if (!isToken(line, 0, first) || version.slice(0, 4).toUpperCase() !== 'SIP/') return undefined;
  return {
    kind: 'request',
    method: line.slice(0, first),
    uri: line.slice(first + 1, second),
    version: version.slice(4),
  };
}

function readHeaders(head: string, from: number): Head {
  const read: Head = {
    headers: [],
    bySlot: noSlots.slice(),
    fault: undefined,
    size: 0,
  };
  let at = from;
  while (at < head.length) {
    let lineEnd = head.indexOf('\r\n', at);
    if (lineEnd === -1) lineEnd = head.length;
    let line = head.slice(at, lineEnd);
    at = lineEnd + 2;
    // RFC 3261 7.3.1: a line that starts with a blank continues the one before.
    while (isBlank(head.charCodeAt(at))) {
      lineEnd = head.indexOf('\r\n', at);
      if (lineEnd === -1) lineEnd = head.length;
      line = `${line} ${head.slice(at, lineEnd).trim()}`;
      at = lineEnd + 2;
      if (line.length > parseLimits.lineBytes) break;
    }
    read.size++;
    if (read.size > parseLimits.headerCount) return read;
    takeHeader(read, line);
  }
  return read;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function takeHeader(read: Head, line: string): void {
  const colon = line.indexOf(':');
  if (line.length > parseLimits.lineBytes) read.fault ??= 'Header Line Too Long';
  // A lone CR or LF would be a line of its own to a laxer reader behind us.
  else if (colon === -1 || line.indexOf('\n') !== -1 || line.indexOf('\r') !== -1)
    read.fault ??= 'Bad Header Line';
  else {
    let nameEnd = colon;
    while (nameEnd > 0 && isBlank(line.charCodeAt(nameEnd - 1))) nameEnd--;
    if (!isToken(line, 0, nameEnd)) {
      read.fault ??= 'Bad Header Name';
      return;
    }
    const { key, name, slot } = headerName(line.slice(0, nameEnd));
    const header: Header = { key, name, value: trimmed(line, colon + 1) };
    read.headers.push(header);
    if (slot === -1) return;
    if (read.bySlot[slot] === undefined) read.bySlot[slot] = header;
    else if (slot !== slots.via) read.fault ??= `More Than One ${name}`;
  }
}

/** The text from `from` on without white space around it; one copy where slicing and trimming would make two. */
function trimmed(text: string, from: number): string {
  let start = from;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  // What else trim takes away is rare enough to pay for twice.
  return text.slice(start, end).trim();
}

function readBody(
  text: string,
  start: number,
  length: Header | undefined,
): string | { status: number; reason: string } {
  const present = text.length - start;
  const declared = length === undefined ? present : wholeNumber(length.value, Number.MAX_SAFE_INTEGER);
  if (declared === undefined) return { status: 400, reason: 'Bad Content-Length' };
  if (declared > parseLimits.bodyBytes) return { status: 513, reason: 'Message Too Large' };
  // RFC 3261 18.3: a datagram shorter than it says is an error, what lies beyond is thrown away.
  if (declared > present) return { status: 400, reason: 'Content-Length Larger Than Message' };
  return declared === 0 ? '' : text.slice(start, start + declared);
}

type Fields = {
  callId: string;
  cseq: CSeq;
  from: NameAddr;
  to: NameAddr;
  fromTag: string | undefined;
  toTag: string | undefined;
  via: Via;
};

/** The fields every message must have, or the reason of the 400 that answers their lack. */
function readFields(read: Head): Fields | string {
  const { bySlot } = read;
  const viaText = bySlot[slots.via]?.value;
  const fromText = bySlot[slots.from]?.value;
  const toText = bySlot[slots.to]?.value;
  const cseqText = bySlot[slots.cseq]?.value;
  const callId = bySlot[slots.callId]?.value;
  if (viaText === undefined) return 'Missing Via';
  if (fromText === undefined) return 'Missing From';
  if (toText === undefined) return 'Missing To';
  if (cseqText === undefined) return 'Missing CSeq';
  if (callId === undefined || callId === '' || callId.indexOf(' ') !== -1) return 'Missing or Bad Call-ID';
  const via = parseVia(viaText);
  if (via === undefined) return 'Bad Via';
  const from = parseNameAddr(fromText);
  if (from === undefined) return 'Bad From';
  const to = parseNameAddr(toText);
  if (to === undefined) return 'Bad To';
  const cseq = readCSeq(cseqText);
  if (cseq === undefined) return 'Bad CSeq';
  return { callId, cseq, from, to, fromTag: tagOf(from), toTag: tagOf(to), via };
}

function readCSeq(text: string): CSeq | undefined {
  let digitsEnd = 0;
  while (digitsEnd < text.length && !isBlank(text.charCodeAt(digitsEnd))) digitsEnd++;
  const number = wholeNumber(text.slice(0, digitsEnd), maxCSeq);
  const method = text.slice(digitsEnd).trim();
  return number === undefined || !isToken(method) ? undefined : { number, method };
}

function requestFault(
  method: string,
  uri: string,
  read: Head,
  cseq: CSeq,
): { status: number; reason: string } | undefined {
  const target = readUri(uri);
  if (target.kind === 'malformed') return { status: 400, reason: 'Bad Request-URI' };
  if (target.kind === 'other' && target.scheme !== 'tel')
    return { status: 416, reason: 'Unsupported URI Scheme' };
  // RFC 3261 19.1.1 table 1: headers are not allowed in a Request-URI.
  if (target.kind === 'sip' && target.uri.headers !== undefined)
    return { status: 400, reason: 'Bad Request-URI' };
  if (cseq.method !== method) return { status: 400, reason: 'CSeq Does Not Match Method' };
  const maxForwards = read.bySlot[slots.maxForwards];
  if (maxForwards !== undefined && wholeNumber(maxForwards.value, 255) === undefined) {
    return { status: 400, reason: 'Bad Max-Forwards' };
  }
  const contact = headerValue(read, 'contact');
  if (contact !== undefined && contact !== '*' && parseNameAddrList(contact) === undefined) {
    return { status: 400, reason: 'Bad Contact' };
  }
  return undefined;
}
