import { endOfQuoted, isToken, skipBlanks, splitList } from './characters';
import { parameter, type Parameter, readParameters } from './parameters';
import { readUri } from './uri';

/** The value of From, To, Contact, Route and their like. */
export type NameAddr = {
  /** As written, quotes kept; '' when absent. */
  readonly displayName: string;
  readonly uri: string;
  readonly parameters: readonly Parameter[];
};

const LESS_THAN = 60;
const QUOTE = 34;

/** Reads one `name-addr` or `addr-spec` with its header parameters (RFC 3261 20.10); undefined when it is malformed. */
export function parseNameAddr(text: string): NameAddr | undefined {
  const start = skipBlanks(text, 0);
  if (text.charCodeAt(start) === QUOTE) {
    const end = endOfQuoted(text, start);
    if (end === -1) return undefined;
    const open = skipBlanks(text, end);
    return text.charCodeAt(open) === LESS_THAN ? bracketed(text, open, text.slice(start, end)) : undefined;
  }
  const open = text.indexOf('<', start);
  if (open === -1) return unbracketed(text, start);
  const displayName = text.slice(start, open).trim();
  if (displayName !== '' && !displayName.split(/[ \t]+/).every((word) => isToken(word))) return undefined;
  return bracketed(text, open, displayName);
}

function bracketed(text: string, open: number, displayName: string): NameAddr | undefined {
  const close = text.indexOf('>', open);
  if (close === -1) return undefined;
  const uri = text.slice(open + 1, close);
  if (readUri(uri).kind === 'malformed') return undefined;
  const read = readParameters(text, close + 1);
  if (read === undefined || read.end !== text.length) return undefined;
  return { displayName, uri, parameters: read.parameters };
}

function unbracketed(text: string, start: number): NameAddr | undefined {
  let end = text.indexOf(';', start);
  if (end === -1) end = text.length;
  const uri = text.slice(start, end).trimEnd();
  // RFC 3261 20.10: a URI with comma, question mark or semicolon must stand in angle brackets.
  if (uri.indexOf('?') !== -1 || uri.indexOf(',') !== -1 || readUri(uri).kind === 'malformed')
    return undefined;
  const read = readParameters(text, end);
  if (read === undefined || read.end !== text.length) return undefined;
  return { displayName: '', uri, parameters: read.parameters };
}

/** Reads a comma-separated list of addresses; undefined when any of them is malformed. */
export function parseNameAddrList(value: string): NameAddr[] | undefined {
  const addresses: NameAddr[] = [];
  for (const part of splitList(value)) {
    const address = parseNameAddr(part);
    if (address === undefined) return undefined;
    addresses.push(address);
  }
  return addresses;
}

/** The tag parameter, undefined when there is none. */
export function tagOf(address: NameAddr): string | undefined {
  return parameter(address.parameters, 'tag');
}
