import { toldCaller } from '../caller-id/privacy';
import { InvalidInput } from '../kernel/app-error';
import { digitsOf, type E164, isE164 } from '../kernel/phone-number';
import { dialFrom } from '../numbers/dial-from';
import { checkAddress, checkDigestNames, firstTarget, hostPort, type SipAddress } from './outward';
import type { OutwardTrunk } from './trunk';

/** RFC 3323 section 4.1.1.3: who a caller is who wants nobody to know. */
const ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>';
/** An emergency number goes out as it was dialled. */
const EMERGENCY_FORM = /^\d{2,6}$/;
/** RFC 8224: a header's value as our own signer makes it. */
const IDENTITY_FORM = /^[\x21-\x7e]+$/;
const MAX_IDENTITY = 8_192;

/** What a call that goes out is. */
export type CallOut = {
  /** A number in E.164, or an emergency number as it was dialled. */
  readonly called: string;
  /** The number that is shown, proven before; null: none is known. */
  readonly callerId: E164 | null;
  /** The caller wants his number withheld. Emergency services are told all the same (Directive 2002/58/EC article 10). */
  readonly anonymous: boolean;
  /** Whose call this was before it was forwarded. */
  readonly diversion: E164 | null;
  /** Value of an Identity header (RFC 8224), signed for this call. */
  readonly identity: string | null;
};

/** A request as it is to be sent. Texts hold no line breaks and nothing that a header or URI would end by. */
export type OutwardRequest = {
  readonly uri: string;
  /** What the request passes on its way, as a loose route; null: nothing. */
  readonly proxy: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Whose challenges may be answered and as whom; null: nobody's. */
  readonly auth: OutwardAuth | null;
};

/** Who we are at a carrier, and who may ask: the realm and the hosts of the trunk, no other. */
export type OutwardAuth = {
  readonly username: string;
  readonly realm: string;
  readonly hosts: readonly string[];
};

/**
 * What is sent to a trunk for a call. `target` is one of the trunk's (left out: the first).
 * @throws InvalidInput for facts that cannot stand in a request
 */
export function outwardRequest(
  trunk: OutwardTrunk,
  call: CallOut,
  target: SipAddress = firstTarget(trunk.outward),
): OutwardRequest {
  const { outward } = trunk;
  checkAddress('targets', target);
  const isEmergency = EMERGENCY_FORM.test(call.called);
  if (!isEmergency && !isE164(call.called))
    throw new InvalidInput('called', 'is no number', 'give E.164 or an emergency number');
  const user = isEmergency ? call.called : calledUser(trunk, call.called as E164);
  const transport = outward.transport === 'udp' ? '' : `;transport=${outward.transport}`;
  if (outward.proxy) checkAddress('proxy', outward.proxy);
  return {
    uri: `sip:${user}@${hostPort(target)}${transport}`,
    proxy: outward.proxy && `sip:${hostPort(outward.proxy)};lr${transport}`,
    headers: {
      To: `<sip:${user}@${hostPort({ ...target, port: null })}>`,
      ...identityHeaders(trunk, { ...call, anonymous: call.anonymous && !isEmergency }, target),
    },
    auth: outwardAuth(trunk),
  };
}

/** Who we are at a trunk, for requests of any kind; null when it knows us by our address. @throws InvalidInput */
export function outwardAuth({ outward }: OutwardTrunk): OutwardAuth | null {
  if (!outward.digest) return null;
  checkDigestNames('digest', outward.digest);
  const { username, realm } = outward.digest;
  const hosts = [...outward.targets, ...(outward.proxy ? [outward.proxy] : [])].map(({ host }) => host);
  return { username, realm, hosts };
}

function identityHeaders(trunk: OutwardTrunk, call: CallOut, target: SipAddress): Record<string, string> {
  const { outward, isTrustedPeer } = trunk;
  const domain = ownDomain(trunk, target);
  const address = (number: E164) => `<sip:${numberUser(trunk, number)}@${domain}>`;
  // A peer that is not asked to keep it is told nothing either.
  const peer = { isTrusted: isTrustedPeer && outward.privacy === 'id' };
  const told = toldCaller({ number: call.callerId, withheld: call.anonymous }, peer);
  const headers: Record<string, string> = { From: fromHeader(trunk, told.shown, domain) };
  if (told.asserted !== null && outward.callerIdIn !== 'from')
    headers['P-Asserted-Identity'] = address(told.asserted);
  if (told.asksPrivacy && outward.privacy === 'id') headers.Privacy = 'id';
  // RFC 5806 section 5: the reason is not known here, and the counter counts the one forward that we know of.
  if (call.diversion !== null && outward.sendsDiversion)
    headers.Diversion = `${address(call.diversion)};reason=unknown;counter=1;privacy=off`;
  // A signature names the number that it is for.
  if (call.identity !== null && told.asserted !== null) headers.Identity = checkedIdentity(call.identity);
  return headers;
}

function fromHeader(trunk: OutwardTrunk, shown: E164 | null, domain: string): string {
  const { callerIdIn, digest } = trunk.outward;
  if (shown === null) return ANONYMOUS;
  // A carrier that reads the asserted identity knows its customer by the From.
  const user =
    callerIdIn === 'p-asserted-identity' && digest
      ? encodeURIComponent(digest.username)
      : numberUser(trunk, shown);
  return `<sip:${user}@${domain}>`;
}

function ownDomain({ outward }: OutwardTrunk, target: SipAddress): string {
  const own = { host: outward.domain ?? target.host, port: null };
  checkAddress('domain', own);
  return hostPort(own);
}

/** A number as the trunk wants to be asked for it. */
function calledUser(trunk: OutwardTrunk, number: E164): string {
  const { numberForm, technicalPrefix } = trunk.outward;
  if (numberForm !== 'prefixed') return numberUser(trunk, number);
  if (!/^[0-9*#]{1,12}$/.test(technicalPrefix))
    throw new InvalidInput('outward.technicalPrefix', 'does not fit', 'give 1 to 12 digits, * or #');
  // RFC 3261 25.1: # is not among the signs that may stand in a user.
  return `${technicalPrefix.replaceAll('#', '%23')}${digitsOf(number)}`;
}

/** A number as the trunk reads and writes numbers. */
function numberUser({ outward, country }: OutwardTrunk, number: E164): string {
  if (!isE164(number)) throw new InvalidInput('number', 'is no number', 'give it in E.164');
  switch (outward.numberForm) {
    case 'plus':
      return number;
    case 'digits':
    case 'prefixed':
      return digitsOf(number);
    case '00':
      return `00${digitsOf(number)}`;
    case 'national':
      return country === null ? `00${digitsOf(number)}` : dialFrom(number, country);
  }
}

function checkedIdentity(identity: string): string {
  if (identity.length <= MAX_IDENTITY && IDENTITY_FORM.test(identity)) return identity;
  throw new InvalidInput('identity', 'is no Identity header', 'give one of RFC 8224 on one line');
}
