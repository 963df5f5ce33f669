import { judgeOffer } from './judge-offer';

const sdp = (...media: readonly string[]) =>
  ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0', ...media].join('\r\n');

describe('an offer', () => {
  it.each([
    ['nothing', '', 'none'],
    ['blank lines', '\r\n', 'none'],
    ['PCMU', sdp('m=audio 4000 RTP/AVP 0 101'), 'usable'],
    ['PCMA after others', sdp('m=audio 4000 RTP/AVP 18 9 8'), 'usable'],
    ['PCMA under a number of its own', sdp('m=audio 4000 RTP/AVP 97', 'a=rtpmap:97 pcma/8000'), 'usable'],
    ['audio after video', sdp('m=video 4002 RTP/AVP 99', 'm=audio 4000 RTP/AVP 0'), 'usable'],
    ['a browser', sdp('m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8', 'a=rtpmap:111 opus/48000/2'), 'usable'],
    ['G.729 alone', sdp('m=audio 4000 RTP/AVP 18'), 'foreign'],
    ['PCMU at another rate', sdp('m=audio 4000 RTP/AVP 97', 'a=rtpmap:97 PCMU/16000'), 'foreign'],
    [
      'a mapped number that is not offered',
      sdp('m=audio 4000 RTP/AVP 18', 'a=rtpmap:97 PCMU/8000'),
      'foreign',
    ],
    ['video alone', sdp('m=video 4002 RTP/AVP 0'), 'foreign'],
    ['no SDP at all', 'hello', 'foreign'],
  ])('of %s is told for what it is', (_, offer, judged) => {
    expect(judgeOffer(offer)).toBe(judged);
  });
});
