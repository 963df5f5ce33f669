import fc from 'fast-check';
import { headerValue, headerValues, type SipMessage, utf8Text, wireText } from './message';
import { parseMessage, parseLimits } from './parse';
import { requestText, responseText, serializeMessage } from './serialize';

function parsed(wire: string): SipMessage {
  const message = parseMessage(wire);
  if (message.kind === 'failure') throw new Error(`refused with ${message.status} ${message.reason}`);
  return message;
}

const minimal = [
  ['Via', 'SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bKabc'],
  ['From', '<sip:alice@127.0.0.1>;tag=a1'],
  ['To', '<sip:bob@127.0.0.1>'],
  ['Call-ID', 'call-1'],
  ['CSeq', '7 INFO'],
] as const;

describe('parseMessage', () => {
  it('reads compact header names as their long forms', () => {
    const wire =
      'INFO sip:bob@127.0.0.1 SIP/2.0\r\nv: SIP/2.0/TCP [::1]:5070;branch=z9hG4bKabc\r\nf: <sip:a@[::1]>;tag=1\r\nt: <sip:b@[::1]>;tag=2\r\n' +
      'i: x@y\r\nCSeq: 2 INFO\r\nc: text/plain\r\nm: <sip:a@[::1]:5070>\r\nl: 2\r\n\r\nhi';
    const message = parsed(wire);
    expect(message.callId).toBe('x@y');
    expect(message.fromTag).toBe('1');
    expect(message.toTag).toBe('2');
    expect(message.via).toMatchObject({ transport: 'TCP', host: '[::1]', port: 5070, branch: 'z9hG4bKabc' });
    expect(headerValue(message, 'content-type')).toBe('text/plain');
    expect(message.body).toBe('hi');
  });

  it('joins folded lines by one blank', () => {
    const message = parsed(
      requestText('INFO', 'sip:bob@127.0.0.1', minimal).replace(
        'CSeq: 7 INFO',
        'CSeq: 7\r\n \t INFO\r\nX-A: one\r\n  two',
      ),
    );
    expect(message.cseq).toEqual({ number: 7, method: 'INFO' });
    expect(headerValue(message, 'x-a')).toBe('one two');
  });

  it('keeps repeated headers in their order', () => {
    const message = parsed(
      requestText('INFO', 'sip:bob@127.0.0.1', [...minimal, ['X-A', '1'], ['x-a', '2']]),
    );
    expect(headerValues(message, 'x-a')).toEqual(['1', '2']);
  });

  it('throws away what follows the body of a datagram', () => {
    expect(parsed(`${requestText('INFO', 'sip:bob@127.0.0.1', minimal, 'hello')}INVITE garbage`).body).toBe(
      'hello',
    );
  });

  it('keeps every byte of a body', () => {
    const body = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    expect(parsed(requestText('INFO', 'sip:bob@127.0.0.1', minimal, body)).body).toBe(body);
  });

  it('gives what could be read of a broken request, to answer it', () => {
    const broken = parseMessage(
      requestText('INFO', 'sip:bob@127.0.0.1', minimal).replace('CSeq: 7 INFO', 'CSeq: x'),
    );
    expect(broken).toMatchObject({ kind: 'failure', status: 400, reason: 'Bad CSeq', answerable: true });
    expect(headerValue(broken, 'call-id')).toBe('call-1');
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (noise) => {
        const wires = [
          noise,
          requestText('INFO', 'sip:bob@127.0.0.1', [...minimal, ['Contact', noise]]),
          requestText('INFO', noise, minimal),
        ];
        for (const [name] of minimal) {
          wires.push(
            requestText(
              'INFO',
              'sip:a@b',
              minimal.map(([other, value]) => [other, other === name ? noise : value] as const),
            ),
          );
        }
        expect(() => wires.map(parseMessage)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it('lets no header value start a header of its own', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const value = wireText(`${text}\r\nX-Injected: 1\r\n\r\nbody`);
        const message = parseMessage(
          requestText('INFO', 'sip:bob@127.0.0.1', [...minimal, ['Subject', value]]),
        );
        expect(message.headers.some(({ key }) => key === 'x-injected')).toBe(false);
      }),
    );
  });
});

const token = fc.stringMatching(/^[A-Za-z0-9\-.!%*_+`'~]{1,12}$/);
const host = fc.oneof(
  fc.constantFrom('127.0.0.1', 'a.example.com', '[2001:db8::1]', '[::ffff:192.0.2.1]'),
  fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/),
);
const user = fc.stringMatching(/^([A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-F]{2}){1,10}$/);
const uri = fc
  .tuple(user, host, fc.option(fc.integer({ min: 1, max: 65_535 })))
  .map(([u, h, p]) => `sip:${u}@${h}${p === null ? '' : `:${p}`}`);
const quoted = fc.string({ maxLength: 12 }).map(
  (text) =>
    `"${wireText(text)
      .replace(/[\r\n]/g, '')
      .replace(/(["\\])/g, '\\$1')}"`,
);
const address = fc
  .tuple(fc.option(quoted), uri, token)
  .map(([name, u, tag]) => `${name === null ? '' : `${name} `}<${u}>;tag=${tag}`);
const value = fc.string({ maxLength: 30 }).map((text) =>
  wireText(text)
    .replace(/[\r\n]/g, ' ')
    .trim(),
);
const method = fc.constantFrom('INVITE', 'BYE', 'INFO', 'OPTIONS', 'SUBSCRIBE', 'FOO');

const message = fc
  .record({
    method,
    uri,
    from: address,
    to: address,
    callId: token,
    cseq: fc.integer({ min: 0, max: 2_147_483_647 }),
    branch: token,
    host,
    extra: fc.array(
      fc.tuple(
        token.map((name) => `X-${name}`),
        value,
      ),
      { maxLength: 6 },
    ),
    contact: uri,
    body: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    status: fc.option(fc.integer({ min: 100, max: 699 })),
  })
  .map((m) => {
    const headers = [
      ['Via', `SIP/2.0/UDP ${m.host};branch=z9hG4bK${m.branch}`],
      ['From', m.from],
      ['To', m.to],
      ['Call-ID', m.callId],
      ['CSeq', `${m.cseq} ${m.method}`],
      ['Contact', `<${m.contact}>`],
      ...m.extra,
    ] as const;
    return m.status === null
      ? requestText(m.method, m.uri, headers, m.body)
      : responseText(m.status, 'Any Reason', headers, m.body);
  });

describe('serializeMessage', () => {
  it('gives back the message it was parsed from', () => {
    fc.assert(
      fc.property(message, (wire) => expect(serializeMessage(parsed(wire))).toBe(wire)),
      { numRuns: 500 },
    );
  });

  it('writes a text that parses to the same message', () => {
    fc.assert(
      fc.property(message, (wire) => {
        const first = parsed(wire);
        const { text: _, ...again } = parsed(serializeMessage(first));
        expect(first).toMatchObject(again);
      }),
    );
  });
});

describe('wire text', () => {
  it('is one character per byte, both ways', () => {
    fc.assert(
      fc.property(fc.string(), (text) =>
        expect(utf8Text(wireText(text))).toBe(Buffer.from(text, 'utf8').toString('utf8')),
      ),
    );
  });
});

describe('parseLimits', () => {
  it('lets a header line be shorter than the head', () => {
    expect(parseLimits.lineBytes).toBeLessThan(parseLimits.headBytes);
  });
});
