import fc from 'fast-check';
import { wireText } from '../sip/message';
import { parseAdminMessage, parseAppSip } from './admin-message';
import { allowedHeaders, contentTypeFor, lacksContentType, replaceLocalhost } from './app-headers';
import { createFrameReader, frame } from './frames';
import { metaText, timeOfDay } from './meta';

describe('frames', () => {
  it('come out as they went in, however the stream is split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1 }).map(wireText), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 9 }),
        (messages, size) => {
          const stream = messages.map(frame).join('');
          const reader = createFrameReader();
          const got: string[] = [];
          for (let at = 0; at < stream.length; at += size)
            got.push(...(reader.push(stream.slice(at, at + size)) ?? ['broken']));
          expect(got).toEqual(messages);
        },
      ),
    );
  });

  it.each(['x#', '#a', '0#', '123456#', '-5#hello', ' 5#hello'])(
    'that start with %j end the connection',
    (bytes) => {
      expect(createFrameReader().push(bytes)).toBeUndefined();
    },
  );
});

describe('parseAdminMessage', () => {
  it('reads a request with its route and a body of bytes whatever its Content-Length says', () => {
    const text =
      'id|sip|||sip:proxy:5070\r\nINVITE sip:a@b SIP/2.0\r\nfrom: sip:x@localhost\r\nContent-Length: 2\r\n\r\nv=0\r\n\r\nmore';
    expect(parseAdminMessage(text)).toMatchObject({
      kind: 'sip',
      transactionId: '',
      dialogId: '',
      routeUrl: 'sip:proxy:5070',
      sip: { start: { kind: 'request', method: 'INVITE', uri: 'sip:a@b' }, body: 'v=0\r\n\r\nmore' },
    });
  });

  it('gives headers their usual names again', () => {
    const names = parseAppSip(
      'BYE sip:placeholder SIP/2.0\r\ncall-id: 1\r\ncseq: 1 BYE\r\nx-own-id: 5\r\nX-KEEP: 6\r\n',
    )?.headers.map(({ name }) => name);
    expect(names).toEqual(['Call-ID', 'CSeq', 'X-Own-Id', 'X-KEEP']);
  });

  it('never throws, and calls what it cannot read invalid', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) =>
        expect(() => parseAdminMessage(text)).not.toThrow(),
      ),
    );
    for (const text of [
      '',
      'id',
      'id|sip',
      'id|sip|||',
      'id|sip|a|b\r\nnonsense',
      'id|sip|a|b\r\nSIP/2.0 99 x\r\n',
      'id|sip|a|b\r\nBYE x SIP/2.0\r\nBad\nName: 1\r\n',
    ]) {
      expect(parseAdminMessage(text).kind).toBe('invalid');
    }
  });
});

describe('headers of an application', () => {
  const headers = parseAppSip(
    'INVITE sip:a@b SIP/2.0\r\nVia: x\r\nRoute: <sip:r>\r\nRecord-Route: <sip:r>\r\nRSeq: 1\r\nfrom: sip:x@localhost\r\ncontact: <sip:x@localhost:5060;a=b>\r\nX-Own: localhost\r\n',
  )?.headers;

  it('go out without those the server owns, localhost replaced where srf writes it', () => {
    expect(allowedHeaders(headers ?? [], '10.0.0.1:5060')).toEqual([
      ['Contact', '<sip:x@10.0.0.1:5060;a=b>'],
      ['X-Own', 'localhost'],
    ]);
  });

  it.each([
    ['"localhost" <sip:localhost>', '"localhost" <sip:h:1>'],
    ['sip:a@localhost;tag=1', 'sip:a@h:1;tag=1'],
    ['sip:a@localhost.example.com', 'sip:a@localhost.example.com'],
  ])('turn %s into %s', (value, expected) => {
    expect(replaceLocalhost(value, 'h:1')).toBe(expected);
  });

  it('name the type of their body, unless it is plainly SDP', () => {
    expect(contentTypeFor([], 'v=0\r\n')).toBe('application/sdp');
    expect(lacksContentType([], 'hello')).toBe(true);
    expect(
      lacksContentType([{ key: 'content-type', name: 'Content-Type', value: 'text/plain' }], 'hello'),
    ).toBe(false);
  });
});

describe('meta fields', () => {
  it('tell source, size, peer and time of day', () => {
    const peer = { protocol: 'udp', address: '10.0.0.1', port: 5060 };
    expect(metaText('network', 12, peer, Date.UTC(2024, 0, 2, 3, 4, 5, 67))).toBe(
      'network|12|udp|10.0.0.1|5060|03:04:05.067000',
    );
    expect(timeOfDay(Date.UTC(2024, 0, 2, 3, 4, 6, 0))).toBe('03:04:06.000000');
  });
});
