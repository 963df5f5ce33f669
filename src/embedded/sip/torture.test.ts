import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMessage } from './parse';
import { screenInvite } from './screen';

/** What an element that speaks all methods must do with each message of RFC 4475: take it, answer with a status, or drop it in silence. */
type Verdict = 'taken' | 'dropped' | number;

const rfc4475: Readonly<Record<string, Verdict>> = {
  // 3.1.1 valid messages
  wsinv: 'taken',
  intmeth: 'taken',
  esc01: 'taken',
  escnull: 'taken',
  esc02: 'taken',
  lwsdisp: 'taken',
  longreq: 'taken',
  dblreq: 'taken',
  semiuri: 'taken',
  transports: 'taken',
  mpart01: 'taken',
  unreason: 'taken',
  noreason: 'taken',
  // 3.1.2 invalid messages
  badinv01: 400,
  clerr: 400,
  ncl: 400,
  scalar02: 400,
  scalarlg: 'dropped',
  quotbal: 400,
  ltgtruri: 400,
  lwsruri: 400,
  lwsstart: 400,
  trws: 400,
  escruri: 400,
  // 3.1.2.12 lets an element that does not use Date ignore its zone.
  baddate: 'taken',
  regbadct: 400,
  badaspec: 400,
  baddn: 400,
  badvers: 505,
  mismatch01: 400,
  mismatch02: 400,
  bigcode: 'dropped',
  // 3.2 transaction layer: not an RFC 3261 branch, matched as RFC 2543 did
  badbranch: 'taken',
  // 3.3 application layer
  insuf: 400,
  unkscm: 416,
  novelsc: 416,
  unksm2: 'taken',
  bext01: 420,
  invut: 415,
  regaut01: 'taken',
  multi01: 400,
  mcl01: 400,
  bcast: 'taken',
  zeromf: 'taken',
  cparam01: 'taken',
  cparam02: 'taken',
  regescrt: 'taken',
  sdp01: 406,
  // 3.4 a message of RFC 2543
  inv2543: 'taken',
};

const rfc5118: Readonly<Record<string, Verdict>> = {
  'ipv6-good': 'taken',
  'ipv6-bad': 400,
  'port-ambiguous': 'taken',
  'port-unambiguous': 'taken',
  'via-received-param-with-delim': 'taken',
  'via-received-param-no-delim': 'taken',
  'ipv6-in-sdp': 'taken',
  'mult-ip-in-header': 'taken',
  'mult-ip-in-sdp': 'taken',
  'ipv4-mapped-ipv6': 'taken',
  'ipv6-bug-abnf-3-colons': 'taken',
  'ipv6-correct-abnf-2-colons': 'taken',
};

function verdict(wire: string): Verdict {
  const message = parseMessage(wire);
  if (message.kind === 'failure') return message.answerable ? message.status : 'dropped';
  if (message.kind === 'response') return 'taken';
  const refusal =
    message.method === 'INVITE' || message.method === 'OPTIONS' ? screenInvite(message, []) : undefined;
  return refusal?.status ?? 'taken';
}

const data = join(__dirname, '../../../../shared/data');

const root4475 = join(data, 'rfc4475');
const root5118 = join(data, 'rfc5118');

/** Verdicts on all messages of a folder, or the one word 'absent' so that a missing folder shows in the test's name. */
function rows(
  folder: string,
  table: Readonly<Record<string, Verdict>>,
): (readonly [string, Verdict | 'absent'])[] {
  return existsSync(folder) ? Object.entries(table) : [['all, for there is no such folder here', 'absent']];
}

describe('RFC 4475 torture messages', () => {
  it.each(rows(root4475, rfc4475))('%s: %s', (name, expected) => {
    const file = join(root4475, `${name}.dat`);
    expect(existsSync(file) ? verdict(readFileSync(file, 'latin1')) : 'absent').toBe(expected);
  });
});

describe('RFC 5118 IPv6 messages', () => {
  it.each(rows(root5118, rfc5118))('%s: %s', (name, expected) => {
    const file = join(root5118, name);
    expect(existsSync(file) ? verdict(restored(readFileSync(file, 'latin1'))) : 'absent').toBe(expected);
  });
});

// Archived with bare line feeds and lengths that no longer fit: the line ends are restored and the length is left out.
function restored(archived: string): string {
  const lines = archived.replace(/\r?\n/g, '\r\n').replace(/^Content-Length:.*\r\n/im, '');
  return lines.includes('\r\n\r\n') ? lines : `${lines}\r\n`;
}

describe('a message without a Via', () => {
  it('is dropped, for there is nobody to answer', () => {
    expect(
      verdict(
        'OPTIONS sip:a@example.com SIP/2.0\r\nTo: sip:a@example.com\r\nFrom: sip:b@example.com;tag=1\r\n\r\n',
      ),
    ).toBe('dropped');
  });
});

function message(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

describe('own torture messages', () => {
  const good = [
    'INVITE sip:bob@127.0.0.1 SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKabc;rport',
    'From: <sip:alice@127.0.0.1>;tag=a1',
    'To: <sip:bob@127.0.0.1>',
    'Call-ID: call-1',
    'CSeq: 1 INVITE',
    'Contact: <sip:alice@127.0.0.1:5070>',
    'Max-Forwards: 70',
  ];
  const replaced = (start: string, line: string): string =>
    message(good.map((old) => (old.startsWith(start) ? line : old)));
  const withLine = (line: string): string => message([...good, line]);

  it.each<[string, string, Verdict]>([
    ['the plain message', message(good), 'taken'],
    [
      'a method in lower case, which is another method',
      replaced('INVITE', 'invite sip:bob@127.0.0.1 SIP/2.0'),
      400,
    ],
    ['an unclosed IPv6 reference', replaced('INVITE', 'INVITE sip:bob@[::1 SIP/2.0'), 400],
    ['an IPv6 reference with port', replaced('INVITE', 'INVITE sip:bob@[::1]:5060 SIP/2.0'), 'taken'],
    ['a port beyond 65535', replaced('INVITE', 'INVITE sip:bob@127.0.0.1:70000 SIP/2.0'), 400],
    ['a half escape in the user', replaced('INVITE', 'INVITE sip:b%4@127.0.0.1 SIP/2.0'), 400],
    ['a tel URI', replaced('INVITE', 'INVITE tel:+15551234 SIP/2.0'), 'taken'],
    ['a Via of another protocol', replaced('Via', 'Via: HTTP/1.1 127.0.0.1;branch=z9hG4bKabc'), 400],
    ['a Via without host', replaced('Via', 'Via: SIP/2.0/UDP ;branch=z9hG4bKabc'), 400],
    ['two From headers', withLine('f: <sip:x@127.0.0.1>;tag=2'), 400],
    ['a header line without colon', withLine('Nonsense'), 400],
    ['a header name with a blank inside', withLine('Bad Name: 1'), 400],
    ['a lone line feed inside a header', withLine('X-A: 1\nX-B: 2'), 400],
    ['a lone carriage return inside a header', withLine('X-A: 1\rX-B: 2'), 400],
    ['a negative Max-Forwards', replaced('Max', 'Max-Forwards: -1'), 400],
    ['a CSeq of 2^31', replaced('CSeq', 'CSeq: 2147483648 INVITE'), 400],
    ['a CSeq without method', replaced('CSeq', 'CSeq: 1'), 400],
    ['an empty Call-ID', replaced('Call-ID', 'Call-ID:'), 400],
    ['a Contact that never closes its bracket', replaced('Contact', 'Contact: <sip:alice@127.0.0.1'), 400],
    ['a header of more than the allowed length', withLine(`X-Long: ${'a'.repeat(20_000)}`), 400],
    [
      'more headers than allowed',
      message([...good, ...Array.from({ length: 300 }, (_, i) => `X-${i}: 1`)]),
      400,
    ],
    ['a body larger than allowed', message([...good, 'Content-Length: 99999999'], 'v=0'), 513],
    ['an overlong head', withLine(`X-Long: ${'a'.repeat(70_000)}`), 'dropped'],
    ['SIP 3.0', replaced('INVITE', 'INVITE sip:bob@127.0.0.1 SIP/3.0'), 505],
    ['an ACK that is broken', message(good).replaceAll('INVITE', 'ACK').replace('tag=a1', 'tag='), 'dropped'],
    ['nothing but line ends', '\r\n\r\n\r\n\r\n', 'dropped'],
    ['binary noise', '\x00\x01\x02\xff\xfe'.repeat(50), 'dropped'],
  ])('%s', (_, wire, expected) => {
    expect(verdict(wire)).toBe(expected);
  });

  it('reads a hostile header in time linear in its length', () => {
    const hostile = withLine(`X-H: ${'"\\'.repeat(4_000)}`).replace(
      '<sip:alice@127.0.0.1>;tag=a1',
      `${'a '.repeat(4_000)}<sip:a@b>`,
    );
    const startedAt = process.hrtime.bigint();
    for (let round = 0; round < 100; round++) parseMessage(hostile);
    expect(Number(process.hrtime.bigint() - startedAt) / 1e6).toBeLessThan(2_000);
  });
});
