import { answerChallenge, digestSecret, parseCredentials, provesSecret } from './digest';

const input = { username: 'Mufasa', password: 'Circle of Life', method: 'GET', uri: '/dir/index.html' };
const base =
  'Digest realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"';

describe('answerChallenge', () => {
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('gives the response RFC 7616 3.9.1 prints for %s', (algorithm, expected) => {
    const clientNonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
    const answer = answerChallenge(`${base}, algorithm=${algorithm}`, input, clientNonce) ?? '';
    expect(parseCredentials(answer)?.parameters.get('response')).toBe(expected);
  });

  it('answers a challenge without qop as RFC 2069 did', () => {
    const answer = answerChallenge('DIGEST realm="r",nonce="n"', input, 'c') ?? '';
    expect(parseCredentials(answer)?.parameters.has('cnonce')).toBe(false);
    expect(provesSecret(answer, digestSecret('MD5', 'Mufasa', 'r', 'Circle of Life'), 'GET')).toBe(true);
  });

  it.each([
    'Basic realm="r"',
    'Digest realm="r"',
    'Digest nonce="n", algorithm=MD4',
    'Digest nonce="n", qop="auth-int"',
    'Digest nonce="open',
  ])('gives nothing for %s', (challenge) => {
    expect(answerChallenge(challenge, input, 'c')).toBeUndefined();
  });
});

describe('provesSecret', () => {
  const secret = digestSecret('MD5', 'Mufasa', 'http-auth@example.org', 'Circle of Life');
  const good = answerChallenge(base, input, 'c') ?? '';

  it('holds for the right password and method only', () => {
    expect(provesSecret(good, secret, 'GET')).toBe(true);
    expect(provesSecret(good, secret, 'INVITE')).toBe(false);
    expect(provesSecret(good, digestSecret('MD5', 'Mufasa', 'http-auth@example.org', 'other'), 'GET')).toBe(
      false,
    );
  });

  it('does not hold for another scheme or a parameter given twice', () => {
    expect(provesSecret('NoOneKnowsThisScheme opaque-data=here', secret, 'GET')).toBe(false);
    expect(provesSecret(`${good}, nonce="again"`, secret, 'GET')).toBe(false);
  });
});
