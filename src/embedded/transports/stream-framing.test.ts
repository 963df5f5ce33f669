import fc from 'fast-check';
import { createStreamFramer } from './stream-framing';

const first = 'OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 5\r\n\r\nhello';
const second = 'BYE sip:a@b SIP/2.0\r\nl : 0\r\n\r\n';
const third = 'INFO sip:a@b SIP/2.0\r\nX: 1\r\n\r\n';

describe('createStreamFramer', () => {
  it('cuts the same messages however the stream is split', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sizes) => {
        const stream = first + second + third;
        const framer = createStreamFramer();
        const messages: string[] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          for (const framed of framer.push(stream.slice(at, at + size)))
            if (framed.kind === 'message') messages.push(framed.text);
          at += size;
        }
        expect(messages).toEqual([first, second, third]);
        expect(framer.pending).toBe(false);
      }),
    );
  });

  it('answers a double line end between messages as a ping and skips a single one', () => {
    const framer = createStreamFramer();
    expect(framer.push(`\r\n\r\n${second}\r\n${second}`).map(({ kind }) => kind)).toEqual([
      'ping',
      'message',
      'message',
    ]);
  });

  it.each([
    ['a length that is no number', 'INVITE sip:a@b SIP/2.0\r\nContent-Length: x\r\n\r\n'],
    ['a body beyond the limit', 'INVITE sip:a@b SIP/2.0\r\nContent-Length: 10000000\r\n\r\n'],
    ['a head without end', `INVITE sip:a@b SIP/2.0\r\nX: ${'a'.repeat(70_000)}`],
  ])('gives up on %s and takes nothing more', (_, bytes) => {
    const framer = createStreamFramer();
    expect(framer.push(bytes).map(({ kind }) => kind)).toEqual(['broken']);
    expect(framer.push(second)).toEqual([]);
  });
});
