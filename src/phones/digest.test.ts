import { hashPassword } from '../kernel/digest-password';
import { algorithmsFor, challengeHeaders, isAnsweredRightly, readCredentials } from './digest';

/** The example of RFC 7616 3.9.1. */
const REALM = 'http-auth@example.org';
const FIELDS = {
  username: '"Mufasa"',
  realm: `"${REALM}"`,
  uri: '"/dir/index.html"',
  algorithm: 'MD5',
  nonce: '"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"',
  nc: '00000001',
  cnonce: '"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"',
  qop: 'auth',
  response: '"8ca523f5e9506fed4657c9700eebdbec"',
};
const SHA_256 = {
  algorithm: 'SHA-256',
  response: '"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"',
};

const header = (changes: Partial<Record<keyof typeof FIELDS, string | undefined>> = {}) =>
  `Digest ${Object.entries({ ...FIELDS, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')}`;

const isRight = (text: string, method = 'GET', password = 'Circle of Life') => {
  const credentials = readCredentials(text);
  return (
    credentials !== null && isAnsweredRightly(credentials, hashPassword('Mufasa', REALM, password), method)
  );
};

describe('digest', () => {
  it('takes the answers of RFC 7616 by MD5 and SHA-256', () => {
    expect(isRight(header())).toBe(true);
    expect(isRight(header(SHA_256))).toBe(true);
  });

  it.each([
    ['another password', () => isRight(header(), 'GET', 'Circle of life')],
    ['another method', () => isRight(header(), 'REGISTER')],
    ['another URI', () => isRight(header({ uri: '"/dir/other.html"' }))],
    ['another count', () => isRight(header({ nc: '00000002' }))],
    ['another nonce', () => isRight(header({ nonce: '"abc"' }))],
    ['the answer of another algorithm', () => isRight(header({ algorithm: 'SHA-256' }))],
    ['an answer that is too short', () => isRight(header({ response: '"8ca5"' }))],
  ])('takes no answer to %s', (_, answer) => expect(answer()).toBe(false));

  it('takes MD5 where the algorithm is left out, and reads names in any case', () => {
    expect(isRight(header({ algorithm: undefined }))).toBe(true);
    expect(isRight(header().replace('username', 'USERNAME'))).toBe(true);
  });

  it.each([
    ['another scheme', 'Basic dXNlcjpwYXNz'],
    ['nothing', ''],
    ['no qop: it could be sent again', header({ qop: undefined })],
    ['a qop that was not offered', header({ qop: 'auth-int' })],
    ['an algorithm that was not offered', header({ algorithm: 'SHA-512-256' })],
    ['a count that is none', header({ nc: '1' })],
    ['a field that comes twice', `${header()}, username="Mufasa"`],
    ['a field that is missing', header({ nonce: undefined })],
    ['a quote that never ends', header({ cnonce: '"abc' })],
    ['a header that is too long', header({ cnonce: `"${'a'.repeat(2_000)}"` })],
  ])('reads no credentials from %s', (_, text) => expect(readCredentials(text)).toBeNull());

  it('offers the stronger algorithm first, and says when only the nonce was too old', () => {
    const stale = { realm: 'voip', nonce: 'n', isStale: true };
    const [first, second] = challengeHeaders(stale, algorithmsFor('Phone/1.0'));
    expect(first).toBe('Digest realm="voip", nonce="n", algorithm=SHA-256, qop="auth", stale=true');
    expect(second).toContain('algorithm=MD5');
    expect(challengeHeaders({ ...stale, isStale: false }, ['MD5'])[0]).not.toContain('stale');
  });

  it('offers MD5 alone to a telephone that stumbles over anything else', () => {
    expect(algorithmsFor('baresip v1.0.0 (x86_64/linux)')).toEqual(['MD5']);
    expect(algorithmsFor('baresip v3.1.0 (x86_64/linux)')).toEqual(['SHA-256', 'MD5']);
    expect(algorithmsFor('')).toEqual(['SHA-256', 'MD5']);
  });
});
