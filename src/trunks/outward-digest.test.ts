import fc from 'fast-check';
import { answerChallenge, type Challenged, challengeToAnswer } from './outward-digest';

/** The example of RFC 7616 section 3.9.1. */
const mufasa = {
  username: 'Mufasa',
  realm: 'http-auth@example.org',
  password: 'Circle of Life',
  hosts: ['sip.carrier.example', '192.0.2.7'],
};
const NONCE = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const OPAQUE = 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS';
const client = { nonceCount: 1, cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' };
const request = { method: 'GET', uri: '/dir/index.html', body: '' };
const challenge = (algorithm: string, more = '') =>
  `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${NONCE}", opaque="${OPAQUE}"${more}`;
const from = (headers: readonly string[], by = 'sip.carrier.example'): Challenged => ({ headers, by });
const answer = (challenged: Challenged, of: Partial<typeof request> = {}) =>
  answerChallenge(mufasa, challenged, { ...request, ...of }, client);

describe('a challenge of our carrier', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('with %s is answered as RFC 7616 shows', (algorithm, response) => {
    const value = answer(from([challenge(algorithm)]));
    for (const part of [
      'Digest username="Mufasa"',
      'realm="http-auth@example.org"',
      `nonce="${NONCE}"`,
      'uri="/dir/index.html"',
      `response="${response}"`,
      `algorithm=${algorithm}`,
      `cnonce="${client.cnonce}"`,
      'qop=auth',
      'nc=00000001',
      `opaque="${OPAQUE}"`,
    ])
      expect(value).toContain(part);
  });

  it('is answered by the first algorithm that we know', () => {
    const headers = [challenge('SHA-512-256'), challenge('SHA-256'), challenge('MD5')];
    expect(answer(from(headers))).toContain('algorithm=SHA-256');
    expect(answer(from([headers.join(', ')]))).toContain('algorithm=SHA-256');
  });

  it('without qop is answered as RFC 2069 wants', () => {
    const value = answer(from([`Digest realm="http-auth@example.org", nonce="${NONCE}"`]));
    expect(value).toContain('algorithm=MD5');
    expect(value).not.toMatch(/cnonce|qop|nc=|opaque/);
  });

  it('with auth-int alone covers the body', () => {
    const header = challenge('MD5').replace('auth, auth-int', 'auth-int');
    expect(answer(from([header]))).toContain('qop=auth-int');
    expect(answer(from([header]), { body: 'v=0' })).not.toBe(answer(from([header])));
  });

  it('says when only its nonce is old', () => {
    expect(challengeToAnswer(mufasa, from([challenge('MD5', ', stale=TRUE')]))?.stale).toBe(true);
    expect(challengeToAnswer(mufasa, from([challenge('MD5')]))?.stale).toBe(false);
  });

  it('is answered when it comes from an address of the trunk', () => {
    expect(answer(from([challenge('MD5')], '192.0.2.7'))).not.toBeNull();
    expect(answer(from([challenge('MD5')], 'SIP.carrier.example'))).not.toBeNull();
  });
});

describe('no challenge is answered', () => {
  it.each<[string, Challenged]>([
    ['from another address', from([challenge('MD5')], '198.51.100.1')],
    ['from a name that only ends like ours', from([challenge('MD5')], 'evil.sip.carrier.example')],
    ['in another realm', from([challenge('MD5').replace('http-auth@', 'other@')])],
    ['in our realm with other letters', from([challenge('MD5').replace('http-auth', 'HTTP-auth')])],
    ['with an algorithm we do not know', from([challenge('SHA-512-256')])],
    ['with a session algorithm', from([challenge('MD5-sess')])],
    ['with a protection we do not know', from([challenge('MD5').replace('auth, auth-int', 'token')])],
    ['of another scheme', from([challenge('MD5').replace('Digest', 'Bearer')])],
    ['without a nonce', from(['Digest realm="http-auth@example.org"'])],
    ['with a name twice', from([challenge('MD5', ', realm="http-auth@example.org"')])],
    ['with a line break', from([challenge('MD5', ', x="a\r\nb"')])],
    ['that is too long', from([challenge('MD5', `, x="${'a'.repeat(5_000)}"`)])],
    ['that is cut off', from([challenge('MD5').slice(0, -1)])],
    ['that is empty', from([''])],
    ['when there is none', from([])],
  ])('%s', (_, challenged) => {
    expect(answer(challenged)).toBeNull();
  });

  it('with a second header in it, whatever it holds', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[a-z"\\,= \r\n]{0,40}$/));
    fc.assert(
      fc.property(texts, texts, (nonce, opaque) => {
        const header = `Digest realm="http-auth@example.org", nonce="${nonce}", opaque="${opaque}"`;
        expect(answer(from([header])) ?? '').toMatch(/^[\x20-\x7e]*$/);
      }),
      { numRuns: 5_000 },
    );
  });
});
