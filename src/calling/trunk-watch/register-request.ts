import { hostPort, firstTarget } from '../../trunks/outward';
import type { OutwardAuth } from '../../trunks/outward-request';
import type { OutwardTrunk } from '../../trunks/trunk';
import { type OutsideAnswer, type OutsideRequest, placeOf, transportOf } from './outside-request';

/** Names of headers by the status that asks for a password (RFC 3261 22.2, 22.3). */
const CHALLENGE_HEADERS = {
  401: { asks: 'WWW-Authenticate', answers: 'Authorization' },
  407: { asks: 'Proxy-Authenticate', answers: 'Proxy-Authorization' },
} as const;

/** Longest registration that is believed, and shortest: an answer of one second would have us ask without end. */
const MAX_GRANTED_SECONDS = 86_400;
const LEAST_GRANTED_SECONDS = 10;

/** One registration's place in its series: the same Call-ID for all, each with the next CSeq (RFC 3261 10.2). */
export type RegisterSeries = { readonly callId: string; readonly cseq: number };

/** The REGISTER of a trunk; `expiresSeconds` 0 takes us out. `localhost` in a Contact becomes the engine's own address. */
export function registerRequest(
  trunk: OutwardTrunk,
  { username }: OutwardAuth,
  { callId, cseq }: RegisterSeries,
  expiresSeconds: number,
): OutsideRequest {
  const { outward } = trunk;
  const target = firstTarget(outward);
  const user = encodeURIComponent(username);
  const record = `<sip:${user}@${outward.domain ?? hostPort({ ...target, port: null })}>`;
  return {
    method: 'REGISTER',
    ...placeOf(trunk, target),
    headers: {
      To: record,
      From: record,
      Contact: `<sip:${user}@localhost${transportOf(outward.transport)}>`,
      'Call-ID': callId,
      CSeq: `${cseq} REGISTER`,
      Expires: String(expiresSeconds),
    },
  };
}

/** A challenge in an answer: its header's value and the name of the header that answers it; null when the answer is none. */
export function challengeIn(
  answer: OutsideAnswer,
): { readonly header: string; readonly answers: string } | null {
  if (answer.kind !== 'answered' || (answer.status !== 401 && answer.status !== 407)) return null;
  const { asks, answers } = CHALLENGE_HEADERS[answer.status];
  return { header: answer.header(asks) ?? '', answers };
}

/**
 * For how many seconds a 200 registers us (RFC 3261 10.2.4): the expires of our own Contact, else the Expires header, else what we asked for. 0 when our
 * Contact is not among those that the registrar knows.
 */
export function grantedSeconds(
  answer: Extract<OutsideAnswer, { kind: 'answered' }>,
  askedSeconds: number,
): number {
  const own = uriOf(answer.contact);
  const contacts = splitContacts(answer.header('Contact') ?? '');
  const ours = contacts.find((contact) => own !== null && uriOf(contact) === own);
  if (contacts.length > 0 && ours === undefined && contacts.every((contact) => uriOf(contact) !== null))
    return 0;
  const said = /;\s*expires\s*=\s*"?(\d{1,10})/i.exec(ours?.replace(/<[^>]*>/, '') ?? '')?.[1];
  const seconds = Number(said ?? wholeNumber(answer.header('Expires')) ?? askedSeconds);
  return seconds === 0 ? 0 : Math.min(Math.max(seconds, LEAST_GRANTED_SECONDS), MAX_GRANTED_SECONDS);
}

/** A header that is a whole number of seconds; null when it is none. Retry-After may have a comment behind it (RFC 3261 20.33). */
export function wholeNumber(value: string | null): number | null {
  const digits = /^\s*(\d{1,9})\b/.exec(value ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}

/** User, host and port of a Contact without its parameters, which registrars change. */
function uriOf(contact: string): string | null {
  return /sips?:([^;>\s,]+)/i.exec(contact)?.[1]?.toLowerCase() ?? null;
}

/** Contacts of a header: at commas that stand neither in angle brackets nor in quotes. */
function splitContacts(header: string): readonly string[] {
  return (header.match(/(?:<[^>]*>|"(?:[^"\\]|\\.)*"|[^,<"])+/g) ?? []).filter((part) => part.trim() !== '');
}
