import fc from 'fast-check';
import { answerKey } from './sdes';
import { answerDirection, parseSdp, writeAnswer, writeOffer } from './sdp';

const local = { address: '192.0.2.10', port: 30_000, sessionId: 7, version: 1 };

function offerOf(...lines: string[]): string {
  return ['v=0', 'o=- 1 1 IN IP4 198.51.100.1', 's=-', 'c=IN IP4 198.51.100.1', 't=0 0', ...lines, ''].join(
    '\r\n',
  );
}

const plain = offerOf(
  'm=audio 4000 RTP/AVP 8 0 96',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:96 telephone-event/8000',
  'a=ptime:30',
);

describe('reading SDP', () => {
  it('finds address, port, codecs in order, the telephone-event type and the packet time', () => {
    expect(parseSdp(plain)?.audio).toEqual({
      address: '198.51.100.1',
      port: 4_000,
      direction: 'sendrecv',
      codecs: [
        { payloadType: 8, codec: 'PCMA' },
        { payloadType: 0, codec: 'PCMU' },
      ],
      digits: [{ payloadType: 96, clockHz: 8_000 }],
      packetMs: 30,
      rtcpMux: false,
      rtcpPort: 4_001,
    });
  });

  it('knows the static payload types without rtpmap', () => {
    expect(parseSdp(offerOf('m=audio 4000 RTP/AVP 0'))?.audio.codecs).toEqual([
      { payloadType: 0, codec: 'PCMU' },
    ]);
  });

  it('takes the connection and direction of the media before those of the session', () => {
    const text = offerOf('a=recvonly', 'm=audio 4000 RTP/AVP 0', 'c=IN IP4 203.0.113.5', 'a=sendonly');
    expect(parseSdp(text)?.audio).toMatchObject({ address: '203.0.113.5', direction: 'sendonly' });
  });

  it('takes the direction of the session when the media names none', () => {
    expect(parseSdp(offerOf('a=recvonly', 'm=audio 4000 RTP/AVP 0'))?.audio.direction).toBe('recvonly');
  });

  it('reads 0.0.0.0 as hold', () => {
    const text = offerOf('m=audio 4000 RTP/AVP 0', 'c=IN IP4 0.0.0.0');
    expect(parseSdp(text)?.audio.direction).toBe('inactive');
  });

  it.each([
    ['no audio', offerOf('m=video 4000 RTP/AVP 96')],
    ['refused audio', offerOf('m=audio 0 RTP/AVP 0')],
    ['only secure audio', offerOf('m=audio 4000 UDP/TLS/RTP/SAVPF 0')],
    ['only foreign codecs', offerOf('m=audio 4000 RTP/AVP 9 18')],
    ['no connection', 'v=0\r\nm=audio 4000 RTP/AVP 0\r\n'],
    ['an impossible address', 'v=0\r\nc=IN IP4 999.1.1.1\r\nm=audio 4000 RTP/AVP 0\r\n'],
    ['an impossible port', offerOf('m=audio 99999 RTP/AVP 0')],
    ['IPv6', 'v=0\r\nc=IN IP6 ::1\r\nm=audio 4000 RTP/AVP 0\r\n'],
    ['nothing', ''],
  ])('gives nothing for %s', (_, text) => {
    expect(parseSdp(text)).toBeUndefined();
  });

  it('survives any text', () => {
    const noises = fc.property(fc.string({ maxLength: 400 }), (noise) => {
      parseSdp(noise);
      parseSdp(`${plain}${noise}`);
      parseSdp(offerOf(`m=audio ${noise}`, `a=rtpmap:${noise}`));
    });
    expect(() => fc.assert(noises, { numRuns: 2_000 })).not.toThrow();
  });
});

describe('writing SDP', () => {
  it('answers with the preferred codec alone and the telephone-event type of the offer', () => {
    const offer = parseSdp(plain);
    const answer = offer && parseSdp(writeAnswer(local, offer));
    expect(answer?.audio.codecs).toEqual([{ payloadType: 8, codec: 'PCMA' }]);
    expect(answer?.audio.digits[0]?.payloadType).toBe(96);
  });

  it('refuses every other media line in its place', () => {
    const offer = parseSdp(
      offerOf('m=video 5000 RTP/AVP 96', 'm=audio 4000 RTP/AVP 0', 'm=audio 4002 RTP/SAVP 0'),
    );
    const media = offer && writeAnswer(local, offer).match(/^m=.*$/gm);
    expect(media).toEqual(['m=video 0 RTP/AVP 96', 'm=audio 30000 RTP/AVP 0', 'm=audio 0 RTP/SAVP 0']);
  });

  it.each([
    ['sendonly', 'recvonly'],
    ['recvonly', 'sendonly'],
    ['sendrecv', 'sendrecv'],
    ['inactive', 'inactive'],
  ] as const)('answers %s with %s', (theirs, ours) => {
    expect(answerDirection(theirs)).toBe(ours);
  });

  it('multiplexes RTCP when it was offered', () => {
    const offer = parseSdp(offerOf('m=audio 4000 RTP/AVP 0', 'a=rtcp-mux'));
    expect(offer && writeAnswer(local, offer)).toContain('a=rtcp-mux');
  });

  it('offers both G.711 codecs and telephone-event 101', () => {
    const audio = parseSdp(writeOffer(local))?.audio;
    expect(audio?.codecs.map(({ codec }) => codec)).toEqual(['PCMU', 'PCMA']);
    expect(audio?.digits[0]?.payloadType).toBe(101);
  });
});

describe('SDP of SRTP', () => {
  const line = 'a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';

  it('is read in either case, and answered in the same profile with our key', () => {
    for (const profile of ['RTP/SAVP', 'RTP/savp']) {
      const offer = parseSdp(offerOf(`m=audio 4000 ${profile} 0`, line));
      const key = offer?.audio.key;
      expect(key).toMatchObject({ tag: 1, suite: 'AES_CM_128_HMAC_SHA1_32' });
      const answer = offer && key && writeAnswer({ ...local, key: answerKey(key) }, offer);
      expect(answer).toMatch(/^m=audio 30000 RTP\/SAVP 0\r\n/m);
      expect(answer && parseSdp(answer)?.audio.key).toMatchObject({
        tag: 1,
        suite: 'AES_CM_128_HMAC_SHA1_32',
      });
    }
  });

  it.each([
    ['a secure profile without a key', ['m=audio 4000 RTP/SAVP 0']],
    ['a key in plain RTP', ['m=audio 4000 RTP/AVP 0', line]],
    ['DTLS', ['m=audio 4000 UDP/TLS/RTP/SAVPF 0', 'a=fingerprint:sha-256 00']],
  ])('is not understood: %s', (_, lines) => {
    expect(parseSdp(offerOf(...lines))).toBeUndefined();
  });
});
