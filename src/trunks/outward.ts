import { isIP } from 'node:net';
import { InvalidInput } from '../kernel/app-error';

export const TRANSPORTS = ['udp', 'tcp', 'tls'] as const;
export const SRTP_USES = ['never', 'offered', 'required'] as const;
export const NUMBER_FORMS = ['plus', 'digits', '00', 'national', 'prefixed'] as const;
export const CALLER_ID_PLACES = ['from', 'p-asserted-identity', 'both'] as const;
export const PRIVACY_FORMS = ['id', 'from'] as const;

/** Where SIP is sent. A host without a port is found by SRV (RFC 3263). */
export type SipAddress = { readonly host: string; readonly port: number | null };

/** How calls go out through a trunk. Numbers of prefixes are digits without a plus. */
export type Outward = {
  /** Where it takes calls, the first before the others; with a registration: the registrar. */
  readonly targets: readonly SipAddress[];
  /** We register at the target, for this long; null: we do not. */
  readonly registrationSeconds: number | null;
  /** What requests pass on their way; null: straight to the target. */
  readonly proxy: SipAddress | null;
  readonly transport: (typeof TRANSPORTS)[number];
  readonly srtp: (typeof SRTP_USES)[number];
  /** Who we are at the carrier; null: it knows us by our address. The realm is the only one whose challenges are answered. */
  readonly digest: { readonly username: string; readonly realm: string } | null;
  /** Host of our own addresses in From and asserted identities; null: the target's. */
  readonly domain: string | null;
  /** plus: +32…; digits: 32…; 00: 0032…; national: 0… within the trunk's country, else 00…; prefixed: a technical prefix before the digits. */
  readonly numberForm: (typeof NUMBER_FORMS)[number];
  readonly technicalPrefix: string;
  /** Which header carries the caller's number. Remote-Party-ID was never standardised and is not sent. */
  readonly callerIdIn: (typeof CALLER_ID_PLACES)[number];
  /** Whether a forwarded call says who forwarded it (RFC 5806). */
  readonly sendsDiversion: boolean;
  /** How a withheld number is said: id: anonymous From and Privacy: id (RFC 3323, 3325); from: the anonymous From alone. */
  readonly privacy: (typeof PRIVACY_FORMS)[number];
  /** Whether it is asked by OPTIONS if it lives. */
  readonly probes: boolean;
  /** The deck that says what the carrier costs; null: not known, and then it is chosen last. */
  readonly costDeckId: string | null;
  /** Only numbers that begin with one of these; empty: all. */
  readonly allowPrefixes: readonly string[];
  /** No number that begins with one of these. */
  readonly blockPrefixes: readonly string[];
  /** Share of the calls among trunks of one price. */
  readonly weight: number;
  /** Its place among the trunks for emergency calls of these countries (ISO 3166-1 alpha-2); null: takes none. */
  readonly emergency: { readonly position: number; readonly countries: readonly string[] } | null;
};

/** A trunk that we send to plainly; what is stored leaves out what is as here. */
export const DEFAULT_OUTWARD: Outward = {
  targets: [],
  registrationSeconds: null,
  proxy: null,
  transport: 'udp',
  srtp: 'never',
  digest: null,
  domain: null,
  numberForm: 'plus',
  technicalPrefix: '',
  callerIdIn: 'both',
  sendsDiversion: true,
  privacy: 'id',
  probes: false,
  costDeckId: null,
  allowPrefixes: [],
  blockPrefixes: [],
  weight: 10,
  emergency: null,
};

const MAX_TARGETS = 8;
const MAX_PREFIXES = 500;
const MAX_WEIGHT = 100;
const MAX_POSITION = 100;
const MAX_COUNTRIES = 250;
const LEAST_REGISTRATION_SECONDS = 30;
const MAX_REGISTRATION_SECONDS = 86_400;
/** A host name or an IPv4 address: it becomes part of a SIP URI, so nothing else is taken. */
const HOST_FORM = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?$/i;
/** What stands in a quoted string or before a colon: printable, without quotes, backslash, colon and blanks. */
const USERNAME_FORM = /^[\x21\x23-\x39\x3b-\x5b\x5d-\x7e]{1,64}$/;
const REALM_FORM = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,255}$/;

/** @throws InvalidInput naming the first field that does not fit, or does not fit the others */
export function checkOutward(outward: Outward): void {
  if (outward.targets.length === 0 || outward.targets.length > MAX_TARGETS)
    throw bad('targets', `are ${outward.targets.length}`, `give 1 to ${MAX_TARGETS}`);
  for (const target of outward.targets) checkAddress('targets', target);
  if (outward.proxy) checkAddress('proxy', outward.proxy);
  if (outward.domain !== null) checkHost('domain', outward.domain);
  if (outward.digest) checkDigestNames('digest', outward.digest);
  checkRegistration(outward);
  // RFC 4568 section 7: keys in SDP are as secret as the signalling that carries it.
  if (outward.srtp !== 'never' && outward.transport !== 'tls')
    throw bad('srtp', 'would send its keys in the clear', 'use the transport tls with it');
  if (outward.numberForm === 'prefixed' && !/^[0-9*#]{1,12}$/.test(outward.technicalPrefix))
    throw bad('technicalPrefix', 'does not fit', 'give 1 to 12 digits, * or #');
  checkPrefixes('allowPrefixes', outward.allowPrefixes);
  checkPrefixes('blockPrefixes', outward.blockPrefixes);
  checkCount('weight', outward.weight, MAX_WEIGHT);
  if (outward.emergency) checkEmergency(outward.emergency);
}

/** @throws InvalidInput unless it is a host with a port that may stand in a SIP URI */
export function checkAddress(field: string, { host, port }: SipAddress): void {
  checkHost(field, host);
  if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65_535))
    throw bad(field, `${port} is no port`, 'write 1 to 65535');
}

/** @throws InvalidInput unless both may stand in credentials of RFC 7616 */
export function checkDigestNames(
  field: string,
  { username, realm }: { readonly username: string; readonly realm: string },
): void {
  if (!USERNAME_FORM.test(username))
    throw bad(
      `${field}.username`,
      'does not fit',
      'give 1 to 64 printable characters without colon and quotes',
    );
  if (!REALM_FORM.test(realm))
    throw bad(`${field}.realm`, 'does not fit', 'give 1 to 255 printable characters without quotes');
}

/** Where calls go first. @throws TypeError for a trunk that takes none, which checkOutward lets nobody store */
export function firstTarget({ targets }: Outward): SipAddress {
  const [target] = targets;
  if (!target) throw new TypeError('a trunk that takes calls has no target');
  return target;
}

/** An address as it stands in a SIP URI behind the @: IPv6 in brackets (RFC 3261 19.1.1), the port only when there is one. */
export function hostPort({ host, port }: SipAddress): string {
  const shown = isIP(host) === 6 ? `[${host}]` : host;
  return port === null ? shown : `${shown}:${port}`;
}

function checkHost(field: string, host: string): void {
  if (!HOST_FORM.test(host) && isIP(host) === 0)
    throw bad(field, `"${host.slice(0, 60)}" is no host`, 'write a host name or an IP address');
}

function checkRegistration({ registrationSeconds, digest, targets }: Outward): void {
  if (registrationSeconds === null) return;
  const [least, most] = [LEAST_REGISTRATION_SECONDS, MAX_REGISTRATION_SECONDS];
  if (!(Number.isInteger(registrationSeconds) && registrationSeconds >= least && registrationSeconds <= most))
    throw bad('registrationSeconds', 'is out of range', `give ${least} to ${most}`);
  if (digest === null) throw bad('digest', 'is missing', 'a registration needs a username and a password');
  if (targets.length !== 1) throw bad('targets', `are ${targets.length}`, 'give one registrar');
}

function checkPrefixes(field: string, prefixes: readonly string[]): void {
  if (prefixes.length > MAX_PREFIXES)
    throw bad(field, `are ${prefixes.length}`, `give ${MAX_PREFIXES} at most`);
  const wrong = prefixes.find((prefix) => !/^\d{1,15}$/.test(prefix));
  if (wrong !== undefined)
    throw bad(
      field,
      `"${wrong.slice(0, 20)}" is no prefix`,
      'write digits with the country code, without a plus',
    );
}

function checkEmergency({ position, countries }: NonNullable<Outward['emergency']>): void {
  checkCount('emergency.position', position, MAX_POSITION);
  if (countries.length === 0 || countries.length > MAX_COUNTRIES)
    throw bad('emergency.countries', `are ${countries.length}`, `give 1 to ${MAX_COUNTRIES}`);
  if (!countries.every((country) => /^[A-Z]{2}$/.test(country)))
    throw bad('emergency.countries', 'have one that is none', 'write codes of ISO 3166-1, for example BE');
}

function checkCount(field: string, count: number, most: number): void {
  if (!(Number.isInteger(count) && count >= 1 && count <= most))
    throw bad(field, `is ${count}`, `give 1 to ${most}`);
}

function bad(field: string, problem: string, remedy: string): InvalidInput {
  return new InvalidInput(`outward.${field}`, problem, remedy);
}
