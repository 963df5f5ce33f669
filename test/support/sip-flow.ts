/** Single SIP messages for SIPp scenarios that do unusual things: every header can be turned, and transactions have names. */

type RequestParts = {
  /** Names the transaction: the same name again is a retransmission, or the ACK or CANCEL of it. */
  readonly transaction?: string;
  readonly cseq?: number;
  /** Inside the dialog unless said otherwise. */
  readonly outside?: boolean;
  readonly to?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly headers?: readonly string[];
  readonly maxForwards?: number;
  readonly body?: string;
  readonly contentType?: string;
};

/** A request; sent once, without SIPp's own retransmissions, so that the scenario says what is on the wire. */
export function request(method: string, parts: RequestParts = {}): string {
  const { outside = false, body = '', cseq = 2 } = parts;
  const uri = parts.uri ?? (outside ? 'sip:[service]@[remote_ip]:[remote_port]' : '[next_url]');
  const seqMethod = method;
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP [local_ip]:[local_port];branch=z9hG4bK-[pid]-[call_number]-${parts.transaction ?? `${method}${cseq}`}`,
    ...(outside ? [] : ['[routes]']),
    `From: ${parts.from ?? '<sip:[from]@[local_ip]:[local_port]>;tag=[pid]T[call_number]'}`,
    `To: ${parts.to ?? `<sip:[service]@[remote_ip]:[remote_port]>${outside ? '' : '[peer_tag_param]'}`}`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${seqMethod}`,
    'Contact: <sip:[from]@[local_ip]:[local_port]>',
    `Max-Forwards: ${parts.maxForwards ?? 70}`,
    ...(parts.headers ?? []),
    ...(body === ''
      ? ['Content-Length: 0']
      : [`Content-Type: ${parts.contentType ?? 'application/sdp'}`, 'Content-Length: [len]']),
  ];
  return `<send><![CDATA[\n\n${lines.join('\n')}\n\n${body}${body === '' ? '' : '\n'}\n]]></send>`;
}

/** An answer to the request received last. */
export function answer(line: string, parts: { tag?: string; body?: string; lost?: number } = {}): string {
  const { tag = '', body = '' } = parts;
  const lines = [
    `SIP/2.0 ${line}`,
    '[last_Via:]',
    '[last_From:]',
    `[last_To:]${tag === '' ? '' : `;tag=${tag}`}`,
    '[last_Call-ID:]',
    '[last_CSeq:]',
    'Contact: <sip:callee@[local_ip]:[local_port]>',
    ...(body === '' ? ['Content-Length: 0'] : ['Content-Type: application/sdp', 'Content-Length: [len]']),
  ];
  return `<send><![CDATA[\n\n${lines.join('\n')}\n\n${body}${body === '' ? '' : '\n'}\n]]></send>`;
}

type SdpParts = {
  readonly version?: number;
  readonly connection?: string;
  /** Payload types in the order of preference. */
  readonly payloads?: string;
  readonly attributes?: readonly string[];
  readonly more?: readonly string[];
};

/** A media description of a telephone; keys are payload type 96. */
export function sdp({
  version = 1,
  connection,
  payloads = '0 96',
  attributes = [],
  more = [],
}: SdpParts = {}) {
  return [
    'v=0',
    `o=sipp 1 ${version} IN IP[local_ip_type] [local_ip]`,
    's=-',
    `c=${connection ?? 'IN IP[media_ip_type] [media_ip]'}`,
    't=0 0',
    `m=audio [auto_media_port] RTP/AVP ${payloads}`,
    'a=rtpmap:96 telephone-event/8000',
    ...attributes.map((attribute) => `a=${attribute}`),
    ...more,
  ].join('\n');
}

/** The first INVITE. */
export const call = (parts: RequestParts = {}) =>
  request('INVITE', { outside: true, cseq: 1, transaction: 'call', body: sdp(), ...parts });
/** ACK of a 200: a transaction of its own (RFC 3261 13.2.2.4). */
export const acknowledge = (cseq = 1, transaction = `ack${cseq}`) => request('ACK', { cseq, transaction });
/** ACK of a refusal: part of the INVITE's transaction (RFC 3261 17.1.1.3). */
export const acknowledgeRefusal = (
  to = '<sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]',
  transaction = 'call',
) => request('ACK', { outside: true, cseq: 1, transaction, to });
export const cancelCall = (transaction = 'call') =>
  request('CANCEL', { outside: true, cseq: 1, transaction });

/** Waits for an answer to the request of this method. */
export const gets = (status: number, { optional = false, next = '' } = {}) =>
  `<recv response="${status}" rrs="true"${optional ? ' optional="true"' : ''}${next === '' ? '' : ` next="${next}"`}/>`;
export const maybe = (status: number) => gets(status, { optional: true });
/** Waits for one of two answers, where the rules leave both. */
export const getsEither = (status: number, other: number) =>
  [gets(status, { optional: true, next: '77' }), gets(other), '<label id="77"/>'].join('\n');
/** Waits for a request. */
export const asked = (method: string, limitMs = 60_000) => `<recv request="${method}" timeout="${limitMs}"/>`;
export const wait = (milliseconds: number) => `<pause milliseconds="${milliseconds}"/>`;

/** INVITE, 200, ACK. */
export const connected = (parts: RequestParts = {}) =>
  [call(parts), maybe(100), gets(200), acknowledge()].join('\n');
/** To of a call whose tag was kept by `connectedKnowing`; otherwise the tag that came last counts. */
export const KNOWN = '<sip:[service]@[remote_ip]:[remote_port]>;[$houseTag]';
/** INVITE, 200, ACK; the tag of our side is kept, and `between` comes before the ACK. */
export const connectedKnowing = (...between: readonly string[]) =>
  [
    call(),
    maybe(100),
    '<recv response="200" rrs="true"><action><ereg regexp="tag=.*" search_in="hdr" header="To:" check_it="true" assign_to="houseTag"/></action></recv>',
    ...between,
    request('ACK', { cseq: 1, transaction: 'ack1', to: KNOWN }),
  ].join('\n');
/** BYE and its 200. */
export const goodbye = (cseq = 900, to?: string) =>
  [request('BYE', { cseq, ...(to === undefined ? {} : { to }) }), gets(200)].join('\n');
/** The house ends the call. */
export const letGo = (limitMs = 60_000) => [asked('BYE', limitMs), answer('200 OK')].join('\n');
/** A new offer inside the call, its answer and ACK. */
export const offerAgain = (body: string, cseq = 2) =>
  [request('INVITE', { cseq, body }), maybe(100), gets(200), acknowledge(cseq)].join('\n');
