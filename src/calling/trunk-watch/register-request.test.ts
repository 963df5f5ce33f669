import { DEFAULT_OUTWARD } from '../../trunks/outward';
import { DEFAULT_TRUNK, type OutwardTrunk } from '../../trunks/trunk';
import type { OutsideAnswer } from './outside-request';
import { challengeIn, grantedSeconds, registerRequest, wholeNumber } from './register-request';

const trunk: OutwardTrunk = {
  ...DEFAULT_TRUNK,
  id: 'trunk-1',
  name: 'carrier',
  state: 'active',
  outward: {
    ...DEFAULT_OUTWARD,
    targets: [{ host: 'sip.carrier.example', port: 5080 }],
    registrationSeconds: 600,
    digest: { username: 'us#1', realm: 'carrier.example' },
  },
};
const auth = { username: 'us#1', realm: 'carrier.example', hosts: ['sip.carrier.example'] };
const series = { callId: 'series', cseq: 7 };
const CONTACT = '<sip:us%231@192.0.2.1:5060>';

function answered(
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Extract<OutsideAnswer, { kind: 'answered' }> {
  return { kind: 'answered', status, contact: CONTACT, header: (name) => headers[name] ?? null };
}

describe('a REGISTER at a carrier', () => {
  it('names who we are there, in a series that counts on', () => {
    expect(registerRequest(trunk, auth, series, 600)).toEqual({
      method: 'REGISTER',
      uri: 'sip:sip.carrier.example:5080',
      proxy: null,
      headers: {
        To: '<sip:us%231@sip.carrier.example>',
        From: '<sip:us%231@sip.carrier.example>',
        Contact: '<sip:us%231@localhost>',
        'Call-ID': 'series',
        CSeq: '7 REGISTER',
        Expires: '600',
      },
    });
  });

  it('goes over the proxy and transport of the trunk, and calls come back by the same', () => {
    const overTls: OutwardTrunk = {
      ...trunk,
      outward: { ...trunk.outward, transport: 'tls', proxy: { host: 'edge.example', port: null } },
    };
    const request = registerRequest(overTls, auth, series, 600);
    expect(request.uri).toBe('sip:sip.carrier.example:5080;transport=tls');
    expect(request.proxy).toBe('sip:edge.example;lr;transport=tls');
    expect(request.headers.Contact).toBe('<sip:us%231@localhost;transport=tls>');
  });
});

describe('grantedSeconds', () => {
  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['our own Contact', { Contact: `${CONTACT};expires=300`, Expires: '900' }, 300],
    [
      'our own among others',
      { Contact: `<sip:x@192.0.2.9>;expires=60, "a, b" ${CONTACT};q=1;expires=120` },
      120,
    ],
    [
      'its URI with parameters of the registrar',
      { Contact: '<sip:us%231@192.0.2.1:5060;ob>;expires="90"' },
      90,
    ],
    ['the Expires header', { Expires: '400' }, 400],
    ['what was asked', {}, 600],
    ['one second, made bearable', { Contact: `${CONTACT};expires=1` }, 10],
    ['ten years, made a day', { Expires: '315360000' }, 86_400],
    ['a list without us: we are not registered', { Contact: '<sip:x@192.0.2.9>;expires=60' }, 0],
    ['taken out', { Contact: `${CONTACT};expires=0` }, 0],
  ])('by %s', (_, headers, seconds) => {
    expect(grantedSeconds(answered(200, headers), 600)).toBe(seconds);
  });
});

describe('an answer of a registrar', () => {
  it('is a challenge by 401 or 407, each answered in its own header', () => {
    expect(challengeIn(answered(401, { 'WWW-Authenticate': 'Digest a' }))).toEqual({
      header: 'Digest a',
      answers: 'Authorization',
    });
    expect(challengeIn(answered(407, { 'Proxy-Authenticate': 'Digest b' }))).toEqual({
      header: 'Digest b',
      answers: 'Proxy-Authorization',
    });
    expect(challengeIn(answered(403))).toBeNull();
    expect(challengeIn({ kind: 'no-answer' })).toBeNull();
  });

  it('has numbers with comments behind them, or none', () => {
    expect(wholeNumber('120 (maintenance);duration=60')).toBe(120);
    expect(wholeNumber('soon')).toBeNull();
    expect(wholeNumber(null)).toBeNull();
  });
});
