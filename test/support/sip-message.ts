import { createHash } from 'node:crypto';

/** A SIP message as a test reads it: by eye, not by the product's own parser. */
export type ReadMessage = {
  /** Request or status line. */
  readonly line: string;
  /** Null for a request. */
  readonly status: number | null;
  /** Of the request, or of the request that is answered. */
  readonly method: string;
  readonly body: string;
  readonly text: string;
  /** First value of a header; '' when there is none. */
  header(name: string): string;
  headers(name: string): readonly string[];
};

export function readMessage(text: string): ReadMessage {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const headers = (name: string) =>
    lines
      .filter((one) => one.toLowerCase().startsWith(`${name.toLowerCase()}:`))
      .map((one) => one.slice(name.length + 1).trim());
  const status = /^SIP\/2\.0 (\d{3})/.exec(line)?.[1];
  return {
    line,
    status: status === undefined ? null : Number(status),
    method: status === undefined ? (line.split(' ')[0] ?? '') : (headers('CSeq')[0]?.split(' ')[1] ?? ''),
    body: rest.join('\r\n\r\n'),
    text,
    header: (name) => headers(name)[0] ?? '',
    headers,
  };
}

export const tagOf = (header: string): string => /;tag=([^;>\s]+)/.exec(header)?.[1] ?? '';
export const uriOf = (header: string): string => /<([^>]+)>/.exec(header)?.[1] ?? header;

const md5 = (of: string) => createHash('md5').update(of).digest('hex');

/** The answer to a challenge with MD5 (RFC 7616 3.4), written down a second time. */
export function authorization(
  challenges: readonly string[],
  who: { readonly username: string; readonly password: string },
  asked: { readonly method: string; readonly uri: string; readonly count?: number },
): string {
  const challenge = challenges.find((one) => /algorithm="?MD5"?/i.test(one)) ?? '';
  const word = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const [realm, nonce] = [word('realm'), word('nonce')];
  const nc = String(asked.count ?? 1).padStart(8, '0');
  const secret = md5(`${who.username}:${realm}:${who.password}`);
  const response = md5(`${secret}:${nonce}:${nc}:c0ffee:auth:${md5(`${asked.method}:${asked.uri}`)}`);
  return `Digest username="${who.username}", realm="${realm}", nonce="${nonce}", uri="${asked.uri}", response="${response}", algorithm=MD5, cnonce="c0ffee", nc=${nc}, qop=auth`;
}

let made = 0;

/** A text that nobody else uses: a tag, a branch, a Call-ID. */
export function unique(): string {
  made += 1;
  return `${process.pid}d${made}t${process.hrtime.bigint().toString(36)}`;
}

/** An answer to a request, as text. */
export function answer(
  request: ReadMessage,
  status: string,
  tag: string,
  more: { readonly contact?: string; readonly body?: string } = {},
): string {
  const body = more.body ?? '';
  const to = request.header('To');
  const lines = [
    `SIP/2.0 ${status}`,
    ...request.headers('Via').map((via) => `Via: ${via}`),
    ...request.headers('Record-Route').map((route) => `Record-Route: ${route}`),
    `From: ${request.header('From')}`,
    `To: ${to}${tag === '' || to.includes(';tag=') ? '' : `;tag=${tag}`}`,
    `Call-ID: ${request.header('Call-ID')}`,
    `CSeq: ${request.header('CSeq')}`,
    ...(more.contact === undefined ? [] : [`Contact: ${more.contact}`]),
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
