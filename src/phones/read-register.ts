import { type ContactWish, RegisterRefused, type RegisterWish } from './registrar';

/** Contacts one REGISTER may name. */
const MAX_CONTACTS = 10;
const MAX_HEADER_LENGTH = 8_000;
const MAX_USER_AGENT_LENGTH = 128;
const MAX_EXPIRES_SECONDS = 2 ** 32 - 1;

/** A REGISTER's headers, each '' when it is missing, and where it came from. */
export type RegisterHeaders = {
  readonly contact: string;
  readonly expires: string;
  readonly callId: string;
  readonly cseq: string;
  readonly path: string;
  readonly userAgent: string;
  readonly receivedFrom: string;
};

/** Reads a REGISTER (RFC 3261 10.2, RFC 5626 4.2, RFC 3327 5). @throws RegisterRefused with 400 for what cannot be read */
export function readRegister(headers: RegisterHeaders): RegisterWish {
  if (headers.contact.length > MAX_HEADER_LENGTH || headers.path.length > 512)
    throw new RegisterRefused(400, 'Header Too Long');
  const cseq = Number(/^\s*(\d{1,10})\s+REGISTER\s*$/i.exec(headers.cseq)?.[1] ?? Number.NaN);
  if (!Number.isFinite(cseq) || headers.callId === '') throw new RegisterRefused(400, 'Bad Request');
  return {
    contacts: headers.contact.trim() === '*' ? 'all' : readContacts(headers.contact),
    expiresSeconds: readExpires(headers.expires),
    callId: headers.callId.slice(0, 255),
    cseq,
    path: headers.path.trim() === '' ? null : printable(headers.path),
    receivedFrom: headers.receivedFrom,
    userAgent: printable(headers.userAgent).slice(0, MAX_USER_AGENT_LENGTH),
  };
}

function readContacts(header: string): readonly ContactWish[] {
  const contacts = splitList(header).map(readContact);
  if (contacts.length > MAX_CONTACTS) throw new RegisterRefused(400, 'Too Many Contacts');
  return contacts;
}

/** At the commas that stand neither in quotes nor in angle brackets. */
function splitList(header: string): readonly string[] {
  const items = header.match(/(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+/g) ?? [];
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function readContact(text: string): ContactWish {
  const match =
    /^(?:"(?:[^"\\]|\\.)*"\s*|[^<"]*)<(sips?:[^\s<>"]+)>((?:\s*;.*)?)$/i.exec(text) ??
    /^(sips?:[^\s<>";]+)((?:\s*;.*)?)$/i.exec(text);
  const uri = match?.[1];
  if (!uri || !/^sips?:[^\s@]+@[^\s@]+$/i.test(uri)) throw new RegisterRefused(400, 'Bad Contact');
  const parameters = readParameters(match[2] ?? '');
  return {
    uri: printable(uri),
    expiresSeconds: readExpires(parameters.expires ?? ''),
    priorityQ: readQ(parameters.q),
    instance: instanceOf(parameters['+sip.instance']),
    regId: /^[1-9]\d{0,8}$/.test(parameters['reg-id'] ?? '') ? (parameters['reg-id'] ?? null) : null,
  };
}

function readParameters(text: string): Readonly<Record<string, string>> {
  const parameters: Record<string, string> = {};
  for (const [, name = '', quoted, plain] of text.matchAll(
    /;\s*([A-Za-z0-9.!%*_+`'~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+)))?/g,
  ))
    parameters[name.toLowerCase()] ??= quoted ?? plain ?? '';
  return parameters;
}

/** RFC 3261 10.2.1.1 and 20.19: malformed means the default, which null stands for. */
function readExpires(text: string): number | null {
  const trimmed = text.trim();
  return /^\d{1,10}$/.test(trimmed) ? Math.min(Number(trimmed), MAX_EXPIRES_SECONDS) : null;
}

function readQ(text: string | undefined): number {
  return text !== undefined && /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text)
    ? Math.round(Number(text) * 1_000)
    : 1_000;
}

/** The URN in angle brackets (RFC 5626 4.1), short enough for what it is. */
function instanceOf(text: string | undefined): string | null {
  const urn = /^<([^<>\s]{1,100})>$/.exec(text ?? '')?.[1];
  return urn ?? null;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '');
}
