import { isHostName, isUriParameterText, isUserInfo, wholeNumber } from './characters';
import type { Parameter } from './parameters';

/** A sip or sips URI in its parts, escapes left as written. `host` keeps the brackets of an IPv6 reference. */
export type SipUri = {
  readonly scheme: 'sip' | 'sips';
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly parameters: readonly Parameter[];
  /** What follows `?`, as written. */
  readonly headers: string | undefined;
};

/** What the text of a URI is: 'sip' with its parts, a scheme we do not speak, or not a URI at all. */
export type UriReading =
  | { readonly kind: 'sip'; readonly uri: SipUri }
  | { readonly kind: 'other'; readonly scheme: string }
  | { readonly kind: 'malformed' };

const malformed: UriReading = { kind: 'malformed' };

/** Reads any URI (RFC 3261 19.1.1 for sip and sips; other schemes only need a scheme and no blanks). */
export function readUri(text: string): UriReading {
  const colon = text.indexOf(':');
  if (colon <= 0 || colon === text.length - 1) return malformed;
  const scheme = text.slice(0, colon).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') {
    return isScheme(scheme) && !hasBlankOrBracket(text) ? { kind: 'other', scheme } : malformed;
  }
  const uri = readSipUri(scheme, text.slice(colon + 1));
  return uri === undefined ? malformed : { kind: 'sip', uri };
}

/** The parts of a sip or sips URI, or undefined for anything else. */
export function parseSipUri(text: string): SipUri | undefined {
  const reading = readUri(text);
  return reading.kind === 'sip' ? reading.uri : undefined;
}

function readSipUri(scheme: 'sip' | 'sips', rest: string): SipUri | undefined {
  // The user part may hold ; and ?, so the @ is looked for first (RFC 4475 3.1.1.2 and 3.1.1.9).
  const at = rest.indexOf('@');
  const userInfo = at === -1 ? undefined : rest.slice(0, at);
  if (userInfo !== undefined && !isUserInfo(userInfo)) return undefined;
  const question = rest.indexOf('?', at + 1);
  const headers = question === -1 ? undefined : rest.slice(question + 1);
  if (headers !== undefined && hasBlankOrBracket(headers)) return undefined;
  const beforeHeaders = question === -1 ? rest.slice(at + 1) : rest.slice(at + 1, question);
  const semicolon = beforeHeaders.indexOf(';');
  const hostPort = readHostPort(semicolon === -1 ? beforeHeaders : beforeHeaders.slice(0, semicolon));
  if (hostPort === undefined) return undefined;
  const parameters = semicolon === -1 ? [] : readUriParameters(beforeHeaders.slice(semicolon + 1));
  if (parameters === undefined) return undefined;
  const colon = userInfo === undefined ? -1 : userInfo.indexOf(':');
  return {
    scheme,
    user: colon === -1 ? userInfo : userInfo?.slice(0, colon),
    password: colon === -1 ? undefined : userInfo?.slice(colon + 1),
    host: hostPort.host,
    port: hostPort.port,
    parameters,
    headers,
  };
}

/** Reads `host`, `host:port`, `[ipv6]` or `[ipv6]:port`; undefined when it is malformed. */
export function readHostPort(text: string): { host: string; port: number | undefined } | undefined {
  if (text.charCodeAt(0) === 91) {
    const close = text.indexOf(']');
    if (close < 2 || !isIpv6Text(text.slice(1, close))) return undefined;
    const host = text.slice(0, close + 1);
    if (close === text.length - 1) return { host, port: undefined };
    if (text.charCodeAt(close + 1) !== 58) return undefined;
    const port = wholeNumber(text.slice(close + 2), 65_535);
    return port === undefined ? undefined : { host, port };
  }
  const colon = text.indexOf(':');
  const host = colon === -1 ? text : text.slice(0, colon);
  if (!isHostName(host)) return undefined;
  if (colon === -1) return { host, port: undefined };
  const port = wholeNumber(text.slice(colon + 1), 65_535);
  return port === undefined ? undefined : { host, port };
}

// RFC 5118 4.10 asks to tolerate the three-colon form that an error in the old grammar produced, so only the alphabet is checked.
function isIpv6Text(text: string): boolean {
  let colons = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 58) colons++;
    const hex = (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
    if (!hex && code !== 58 && code !== 46) return false;
  }
  return colons >= 2;
}

function readUriParameters(text: string): Parameter[] | undefined {
  const parameters: Parameter[] = [];
  for (const part of text.split(';')) {
    const equals = part.indexOf('=');
    const name = equals === -1 ? part : part.slice(0, equals);
    const value = equals === -1 ? undefined : part.slice(equals + 1);
    if (!isUriParameterText(name) || (value !== undefined && !isUriParameterText(value))) return undefined;
    parameters.push({ name: name.toLowerCase(), value });
  }
  return parameters;
}

function isScheme(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const letter = code >= 97 && code <= 122;
    const later = at > 0 && ((code >= 48 && code <= 57) || code === 43 || code === 45 || code === 46);
    if (!letter && !later) return false;
  }
  return text.length > 0;
}

function hasBlankOrBracket(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code === 60 || code === 62 || code === 34) return true;
  }
  return false;
}

/** Host without the brackets of an IPv6 reference, as sockets want it. */
export function bareHost(host: string): string {
  return host.charCodeAt(0) === 91 ? host.slice(1, -1) : host;
}

/** Host with brackets when it is an IPv6 address, as SIP wants it (RFC 3261 25.1, IPv6reference). */
export function hostText(address: string): string {
  return address.indexOf(':') !== -1 && address.charCodeAt(0) !== 91 ? `[${address}]` : address;
}

/** `host:port` as it stands in a URI or Via. */
export function hostPortText(address: string, port: number | undefined): string {
  return port === undefined ? hostText(address) : `${hostText(address)}:${port}`;
}
