import { audioSdp, KEYS, mediaAddress, NoAudioDescribed, PCMA, PCMU } from './audio-sdp';

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
    ['no plain RTP', ANSWER.replace('RTP/AVP', 'RTP/SAVP')],
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
