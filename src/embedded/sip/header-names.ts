/** A header name in its three forms: `key` to compare by, `name` to write, `slot` where the parser keeps headers that may come once. */
export type HeaderName = { readonly key: string; readonly name: string; readonly slot: number };

/** Slots of the headers each message must or may have exactly once; -1 for all others. */
export const slots = {
  from: 0,
  to: 1,
  callId: 2,
  cseq: 3,
  contentLength: 4,
  maxForwards: 5,
  contentType: 6,
  via: 7,
} as const;
export const slotCount = 8;

const slotByKey: Readonly<Record<string, number>> = {
  from: slots.from,
  to: slots.to,
  'call-id': slots.callId,
  cseq: slots.cseq,
  'content-length': slots.contentLength,
  'max-forwards': slots.maxForwards,
  'content-type': slots.contentType,
  via: slots.via,
};

// RFC 3261 7.3.3 and the extensions that registered a compact form.
const longFormOf: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

const irregular: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'www-authenticate': 'WWW-Authenticate',
  'mime-version': 'MIME-Version',
  'min-se': 'Min-SE',
  rseq: 'RSeq',
  rack: 'RAck',
  'sip-etag': 'SIP-ETag',
  'sip-if-match': 'SIP-If-Match',
  'p-asserted-identity': 'P-Asserted-Identity',
};

const wellKnown =
  'accept accept-contact accept-encoding accept-language alert-info allow allow-events authentication-info authorization call-id call-info ' +
  'contact content-disposition content-encoding content-language content-length content-type cseq date diversion error-info event expires from ' +
  'geolocation history-info identity identity-info in-reply-to max-forwards mime-version min-expires min-se organization p-asserted-identity ' +
  'p-preferred-identity path priority privacy proxy-authenticate proxy-authorization proxy-require rack reason record-route refer-sub refer-to ' +
  'referred-by reject-contact remote-party-id replaces reply-to request-disposition require retry-after route rseq server service-route ' +
  'session-expires sip-etag sip-if-match subject subscription-state supported timestamp to unsupported user-agent via warning www-authenticate';

const known = new Map<string, HeaderName>();

function describe(key: string): HeaderName {
  const name =
    irregular[key] ??
    key.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
  return { key, name, slot: slotByKey[key] ?? -1 };
}

for (const key of wellKnown.split(' ')) {
  const entry = describe(key);
  known.set(key, entry);
  known.set(entry.name, entry);
}
for (const [short, key] of Object.entries(longFormOf)) {
  const entry = known.get(key) ?? describe(key);
  known.set(short, entry);
  known.set(short.toUpperCase(), entry);
}

/** The forms of a header name as it was sent: compact forms become long, names we know get their usual spelling, others keep theirs. */
export function headerName(sent: string): HeaderName {
  const found = known.get(sent);
  if (found !== undefined) return found;
  const key = sent.toLowerCase();
  return known.get(key) ?? { key, name: sent, slot: -1 };
}
