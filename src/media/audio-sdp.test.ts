import {
  audioSdp,
  KEYS,
  mannerOf,
  nextVersion,
  mediaAddress,
  NoAudioDescribed,
  PCMA,
  PCMU,
  plainlySaid,
} from './audio-sdp';

const ANSWER = [
  'v=0',
  'o=FreeSWITCH 1700000000 1700000001 IN IP4 10.0.0.7',
  's=FreeSWITCH',
  'c=IN IP4 192.0.2.9',
  't=0 0',
  'm=audio 21234 RTP/AVP 0 101',
  'a=rtpmap:0 PCMU/8000',
  '',
].join('\r\n');

describe('audio in SDP', () => {
  it('is where the media server says', () => {
    expect(mediaAddress(ANSWER)).toEqual({ address: '192.0.2.9', port: 21_234 });
  });

  it.each([
    ['no SDP', ''],
    ['no RTP', ANSWER.replace('RTP/AVP', 'UDP/DTLS/SCTP')],
    ['no IPv4 address', ANSWER.replace('c=IN IP4', 'c=IN IP6')],
  ])('is nowhere in %s', (_, sdp) => {
    expect(() => mediaAddress(sdp)).toThrow(NoAudioDescribed);
  });

  it('offers both G.711 codecs and keys in one line of plain RTP', () => {
    const offer = audioSdp({ address: '192.0.2.9', port: 4_000, payloadTypes: [PCMU, PCMA, KEYS] });
    expect(offer.split('\r\n')).toEqual(
      expect.arrayContaining([
        'o=- 1 1 IN IP4 192.0.2.9',
        'm=audio 4000 RTP/AVP 0 8 101',
        'a=rtpmap:8 PCMA/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=sendrecv',
      ]),
    );
    expect(offer.match(/^m=/gm)).toHaveLength(1);
  });
});

function offer(audio: string): string {
  return `v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n${audio}m=video 0 RTP/AVP 96\r\n`;
}

describe('a far end’s SDP', () => {
  const key = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n';

  it('says before its media that it only listens, once', () => {
    const said = plainlySaid(offer('m=audio 4000 RTP/AVP 0\r\na=recvonly\r\n'));
    expect(said).toContain('t=0 0\r\na=recvonly\r\nm=audio 4000');
    expect(plainlySaid(said)).toBe(said);
  });

  it('keeps keys of SRTP in a secure offer, which the library must not take for DTLS, and drops them from a plain one', () => {
    expect(plainlySaid(offer(`m=audio 4000 RTP/SAVP 0\r\n${key}`))).toBe(
      offer(`m=audio 4000 RTP/savp 0\r\n${key}`),
    );
    expect(plainlySaid(offer(`m=audio 4000 RTP/AVP 0\r\n${key}a=sendrecv\r\n`))).toBe(
      offer('m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n'),
    );
  });

  it.each([
    ['speaks', 'm=audio 4000 RTP/AVP 0\r\n'],
    ['speaks', 'a=inactive\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n'],
    ['holds', 'a=sendonly\r\nm=audio 4000 RTP/AVP 0\r\n'],
    ['holds', 'm=audio 0 RTP/AVP 0\r\na=sendrecv\r\nm=audio 4000 RTP/SAVP 0\r\na=inactive\r\n'],
    ['holds', 'm=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=recvonly\r\n'],
    ['listens', 'm=audio 4000 RTP/AVP 0\r\na=recvonly\r\n'],
  ])('%s: %j', (manner, audio) => {
    expect(mannerOf(offer(audio))).toBe(manner);
  });

  it('is left alone otherwise, without audio too', () => {
    for (const sdp of [offer('m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n'), 'v=0\r\ns=-\r\n', ''])
      expect(plainlySaid(sdp)).toBe(sdp);
  });

  it('is a newer version when its number is one higher, and unchanged otherwise', () => {
    const sdp = 'v=0\r\no=- 7 18446744073709551615 IN IP4 192.0.2.1\r\ns=-\r\n';
    expect(nextVersion(sdp)).toBe('v=0\r\no=- 7 18446744073709551616 IN IP4 192.0.2.1\r\ns=-\r\n');
    expect(nextVersion('v=0\r\no=- 7 x IN IP4 192.0.2.1\r\n')).toBe('v=0\r\no=- 7 x IN IP4 192.0.2.1\r\n');
  });
});
