import { maskNumber } from '../kernel/phone-number';

const HIDDEN = '***';

/** Longest message that is kept; the rest is cut off and said to be. */
export const MAX_KEPT_LENGTH = 8_192;

/** Credentials of digest authentication (RFC 8760): what was derived from a password, and what it was derived with. */
const CREDENTIALS = /^((?:proxy-)?authorization|(?:www|proxy)-authenticate)([ \t]*:[ \t]*)(\S+)[^\r\n]*/gim;
/** Keys of SRTP (RFC 4568) and the password of ICE (RFC 8839). */
const KEYS = /^(a=crypto:\d+ \S+ inline:|a=ice-pwd:)[^\r\n]*/gm;

/** Bodies that say nothing but the words or keys of a person: what is typed may be a PIN. */
const PRIVATE_BODIES = /^(?:content-type|c)[ \t]*:[ \t]*(?:application\/dtmf|application\/vnd\.|text\/)/im;

/** Runs of digits that may be a telephone number: longer than a status, a port or a CSeq of a call. */
const NUMBERS = /\+?\d{6,15}/g;
/** Headers that name people. */
const NAMING_LINES =
  /^(?:[A-Z]+ sips?:[^\r\n]*|(?:from|f|to|t|contact|m|p-asserted-identity|p-preferred-identity|remote-party-id|diversion|history-info|refer-to|r|referred-by|b|identity)[ \t]*:[^\r\n]*)/gim;

/** A SIP message as it is kept: without credentials, media keys, typed digits and written words. */
export function withoutSecrets(message: string): string {
  const end = message.indexOf('\r\n\r\n');
  const headers = (end < 0 ? message : message.slice(0, end)).replace(CREDENTIALS, `$1$2$3 ${HIDDEN}`);
  const body = end < 0 ? '' : message.slice(end + 4);
  const kept = body === '' ? '' : PRIVATE_BODIES.test(headers) ? HIDDEN : body.replace(KEYS, `$1${HIDDEN}`);
  const whole = end < 0 ? headers : `${headers}\r\n\r\n${kept}`;
  return whole.length <= MAX_KEPT_LENGTH ? whole : `${whole.slice(0, MAX_KEPT_LENGTH)}\r\n… cut off`;
}

/** The same for a reader who may not see numbers: wherever somebody is named, numbers are masked and names left out. */
export function withoutNumbers(message: string): string {
  return message.replace(NAMING_LINES, (line) =>
    line.replace(/"[^"\r\n]*"/g, `"${HIDDEN}"`).replace(NUMBERS, maskNumber),
  );
}
