import { parseSdp, writeAnswer, writeOffer } from './sdp';

const way = [
  'a=ice-ufrag:Ab3d',
  'a=ice-pwd:abcdefghijklmnopqrstuv',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
  'a=rtcp-mux',
  'a=mid:0',
];
const offerOf = (...lines: string[]) =>
  [
    'v=0',
    'o=- 1 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 126 110',
    'c=IN IP4 0.0.0.0',
    'a=rtpmap:111 opus/48000/2',
    'a=rtpmap:126 telephone-event/8000',
    'a=rtpmap:110 telephone-event/48000',
    'a=sendrecv',
    ...lines,
    '',
  ].join('\r\n');
const local = { address: '203.0.113.9', port: 30_000, sessionId: 7, version: 1 };
const webrtc = {
  ufrag: 'ours',
  pwd: 'p'.repeat(24),
  fingerprint: `sha-256 ${Array.from({ length: 32 }, () => 'CD').join(':')}`,
  setup: 'passive',
  mid: '0',
} as const;

describe('SDP of a browser', () => {
  it('is read with its codecs, its keys of either clock and its way, and is no hold', () => {
    const audio = parseSdp(offerOf(...way, 'a=setup:actpass'))?.audio;
    expect(audio?.codecs.map(({ codec }) => codec)).toEqual(['opus', 'PCMU', 'PCMA']);
    expect(audio?.digits).toEqual([
      { payloadType: 110, clockHz: 48_000 },
      { payloadType: 126, clockHz: 8_000 },
    ]);
    expect(audio?.direction).toBe('sendrecv');
    expect(audio?.webrtc).toMatchObject({ ufrag: 'Ab3d', mid: '0' });
  });

  it.each([
    ['without a password', way.filter((line) => !line.startsWith('a=ice-pwd'))],
    ['without a fingerprint', way.filter((line) => !line.startsWith('a=fingerprint'))],
    ['without rtcp-mux', way.filter((line) => line !== 'a=rtcp-mux')],
    ['with a hash that proves nothing', way.map((line) => line.replace('sha-256', 'sha-1'))],
  ])('is refused %s', (_, lines) => {
    expect(parseSdp(offerOf(...lines, 'a=setup:actpass'))).toBeUndefined();
  });

  it('is refused when we should begin the handshake', () => {
    expect(parseSdp(offerOf(...way, 'a=setup:passive'))).toBeUndefined();
  });

  it('is answered with one codec, keys of its clock, one candidate and no address but ours', () => {
    const offer = parseSdp(offerOf(...way, 'a=setup:actpass'));
    const answer = offer ? writeAnswer({ ...local, webrtc }, offer) : '';
    expect(answer).toContain('m=audio 30000 UDP/TLS/RTP/SAVPF 111 110\r\n');
    expect(answer).toContain('a=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n');
    expect(answer).toMatch(/^a=ice-lite\r$/m);
    expect(answer).toMatch(/^a=setup:passive\r$/m);
    expect(answer.match(/^a=candidate:.*$/gm)).toEqual([
      'a=candidate:1 1 UDP 2130706431 203.0.113.9 30000 typ host',
    ]);
    expect(answer.match(/\d+\.\d+\.\d+\.\d+/g)?.every((address) => address === '203.0.113.9')).toBe(true);
  });

  it('offers a browser the same way and lets it choose who begins the handshake', () => {
    const offer = writeOffer({ ...local, webrtc: { ...webrtc, setup: 'actpass' } });
    expect(offer).toContain('m=audio 30000 UDP/TLS/RTP/SAVPF 0 8 101');
    expect(parseSdp(offer)?.audio.webrtc?.ufrag).toBe('ours');
  });
});
