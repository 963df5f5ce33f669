import { answerKey, cryptoLine, offerKey, sameKey, usableKey } from './sdes';

const key = 'd0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj';
const line = (suite: string, more = ''): string => `a=crypto:1 ${suite} inline:${key}${more}`;

describe('keys in SDP (RFC 4568)', () => {
  it.each(['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'])('reads and writes %s', (suite) => {
    const read = usableKey([line(suite)]);
    expect(read).toMatchObject({ tag: 1, suite });
    expect(read && cryptoLine(read)).toBe(line(suite));
  });

  it('takes the first line that it can use', () => {
    const lines = [
      'a=sendrecv',
      line('F8_128_HMAC_SHA1_80'),
      line('AEAD_AES_128_GCM'),
      line('AES_CM_128_HMAC_SHA1_80', '|2^20|1:4'),
      line('AES_CM_128_HMAC_SHA1_80', '|2^31 UNENCRYPTED_SRTP'),
      line('AES_CM_128_HMAC_SHA1_80').replace(key, 'dG9vIHNob3J0'),
      line('AES_CM_128_HMAC_SHA1_32', '|2^31 WSH=64').replace('crypto:1', 'crypto:7'),
      line('AES_CM_128_HMAC_SHA1_80'),
    ];
    expect(usableKey(lines)).toMatchObject({ tag: 7, suite: 'AES_CM_128_HMAC_SHA1_32' });
    expect(usableKey(lines.slice(0, 6))).toBeUndefined();
  });

  it('answers with the tag and suite of the offer and a key of its own', () => {
    const theirs = offerKey(3, 'AES_CM_128_HMAC_SHA1_32');
    const ours = answerKey(theirs);
    expect(ours).toMatchObject({ tag: 3, suite: 'AES_CM_128_HMAC_SHA1_32' });
    expect(sameKey(ours, theirs)).toBe(false);
    expect(sameKey(theirs, { ...theirs, tag: 9 })).toBe(true);
    expect([sameKey(undefined, undefined), sameKey(ours, undefined)]).toEqual([true, false]);
  });
});
