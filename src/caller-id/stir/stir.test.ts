import { sign } from 'node:crypto';
import fc from 'fast-check';
import { certify, type Certified } from '../../../test/support/signing-certificates';
import { InvalidInput } from '../../kernel/app-error';
import { e164 } from '../../kernel/phone-number';
import { authoritiesFrom } from './certificate-chain';
import { canonicalJson } from './passport';
import { passportSigner, signCall, signCallCompactly } from './sign-passport';
import { type IdentityFacts, judgeIdentity } from './verify-passport';

const NOW_MS = Date.UTC(2026, 5, 1, 12);
const URL = 'https://certificates.voip.example/our.pem';
const orig = e164('+12025550143');
const dest = '+3222223344';
const originId = '123e4567-e89b-12d3-a456-426614174000';
const spc = [{ spc: '1234' }];

const root = certify({ subject: 'Local root', isAuthority: true });
const between = certify({ subject: 'Local issuer', issuer: root, isAuthority: true });
const ours = certify({ subject: 'Our service', issuer: between, tnAuthList: spc });
const authorities = authoritiesFrom(root.pem);
const signer = passportSigner({ certificatePem: ours.pem, keyPem: ours.keyPem, certificateUrl: URL });
const call = { orig, dest, attestation: 'A', originId, nowMs: NOW_MS } as const;
const chain = ours.pem + between.pem;

/** A header made by hand, so that each part of it can be wrong. */
function made(
  of: {
    head?: object;
    claims?: object;
    by?: Certified;
    info?: string;
    parameters?: string;
    signature?: string;
  } = {},
) {
  const head = { alg: 'ES256', ppt: 'shaken', typ: 'passport', x5u: URL, ...of.head };
  const claims = {
    attest: 'A',
    dest: { tn: ['3222223344'] },
    iat: NOW_MS / 1_000,
    orig: { tn: '12025550143' },
    origid: originId,
    ...of.claims,
  };
  const part = [head, claims].map((one) => Buffer.from(canonicalJson(one)).toString('base64url')).join('.');
  const key = (of.by ?? ours).key;
  const signature = sign('sha256', Buffer.from(part), { key, dsaEncoding: 'ieee-p1363' }).toString(
    'base64url',
  );
  return `${part}.${of.signature ?? signature};info=<${of.info ?? URL}>${of.parameters ?? ';alg=ES256;ppt=shaken'}`;
}

const judge = (
  headers: readonly string[],
  of: Partial<IdentityFacts> = {},
  pem: string | null = chain,
  trusted = authorities,
) =>
  judgeIdentity(
    { headers, orig, dest, date: null, nowMs: NOW_MS, ...of },
    { source: async () => pem, authorities: trusted },
  );
const statusOf = async (...of: Parameters<typeof judge>) => {
  const { refusal, fault, verstat } = await judge(...of);
  return [refusal && `${refusal.status} ${refusal.phrase}`, fault, verstat];
};

describe('a PASSporT', () => {
  it('is written as RFC 8225 appendix A writes it, whatever the order of its members', () => {
    const head = { x5u: 'https://cert.example.org/passport.cer', typ: 'passport', alg: 'ES256' };
    const claims = {
      orig: { tn: '12155551212' },
      iat: 1_471_375_418,
      dest: { uri: ['sip:alice@example.com'] },
    };
    const [first, second] = [head, claims].map((part) =>
      Buffer.from(canonicalJson(part)).toString('base64url'),
    );
    expect(first).toBe(
      'eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9',
    );
    expect(second).toBe(
      'eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19',
    );
  });
});

describe('a call that we sign', () => {
  it('has a SHAKEN PASSporT in its full form', () => {
    const header = signCall(signer, call);
    const [token = '', ...parameters] = header.split(';');
    expect(parameters).toEqual([`info=<${URL}>`, 'alg=ES256', 'ppt=shaken']);
    const [head, claims] = token
      .split('.')
      .slice(0, 2)
      .map((part) => Buffer.from(part, 'base64url').toString());
    expect(head).toBe(`{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"${URL}"}`);
    expect(claims).toBe(
      `{"attest":"A","dest":{"tn":["3222223344"]},"iat":${NOW_MS / 1_000},"orig":{"tn":"12025550143"},"origid":"${originId}"}`,
    );
  });

  it.each(['A', 'B', 'C'] as const)(
    'is found right by the other side, with attestation %s',
    async (attestation) => {
      expect(await judge([signCall(signer, { ...call, attestation })])).toEqual({
        verstat: 'TN-Validation-Passed',
        attestation,
        originId,
        refusal: null,
        fault: null,
      });
    },
  );

  it('is found right in the compact form, made from numbers and Date', async () => {
    const date = new Date(NOW_MS).toUTCString();
    const header = signCallCompactly(signer, call);
    expect(header).toMatch(/^\.\.[\w-]{86};info=</);
    expect(await judge([header], { date })).toMatchObject({
      verstat: 'TN-Validation-Passed',
      attestation: null,
    });
    expect(await statusOf([header], { date, dest: '+3222223345' })).toEqual([
      '438 Invalid Identity Header',
      'bad-signature',
      'TN-Validation-Failed',
    ]);
    expect(await statusOf([header])).toEqual(['403 Stale Date', 'date-differs', 'TN-Validation-Failed']);
  });

  it.each<[string, Partial<Parameters<typeof passportSigner>[0]>]>([
    ['another key', { keyPem: between.keyPem }],
    ['no key', { keyPem: 'nonsense' }],
    ['no certificate', { certificatePem: 'nonsense' }],
    ['a URL without TLS', { certificateUrl: 'http://voip.example/our.pem' }],
    ['a URL that would end the header', { certificateUrl: 'https://voip.example/>;x=<y' }],
  ])('is not signed with %s', (_, wrong) => {
    const right = { certificatePem: ours.pem, keyPem: ours.keyPem, certificateUrl: URL };
    expect(() => passportSigner({ ...right, ...wrong })).toThrow(InvalidInput);
  });

  it('is not signed with a key on another curve', () => {
    const other = certify({ subject: 'Other curve', issuer: between, curve: 'P-384' });
    const wish = { certificatePem: other.pem, keyPem: other.keyPem, certificateUrl: URL };
    expect(() => passportSigner(wish)).toThrow('P-256');
  });
});

describe('a call that comes in', () => {
  it('without an Identity is one of which nothing is known', async () => {
    expect(await statusOf([])).toEqual(['428 Use Identity Header', 'no-identity', 'No-TN-Validation']);
  });

  it('with an extension that nobody knows is as one without', async () => {
    const header = made({ head: { ppt: 'rph' }, parameters: ';alg=ES256;ppt=rph' });
    expect(await statusOf([header])).toEqual(['428 Use Identity Header', 'no-identity', 'No-TN-Validation']);
  });

  it('with several Identities is right when one of them is', async () => {
    const rph = made({ head: { ppt: 'rph' }, parameters: ';alg=ES256;ppt=rph' });
    expect((await judge([rph, made({ claims: { iat: 1 } }), made()])).verstat).toBe('TN-Validation-Passed');
    expect(await statusOf([rph, made({ claims: { iat: 1 } }), made({ claims: { attest: 'X' } })])).toEqual([
      '403 Stale Date',
      'stale',
      'TN-Validation-Failed',
    ]);
  });

  it('is right with quotes, other letters and blanks around its parameters', async () => {
    const header = made({ parameters: '; ALG="ES256" ; ppt = "shaken"' });
    expect((await judge([header])).verstat).toBe('TN-Validation-Passed');
  });

  describe('is fresh', () => {
    it.each([-60, 0, 60])('when it was signed %s seconds from now', async (seconds) => {
      expect((await judge([made({ claims: { iat: NOW_MS / 1_000 + seconds } })])).refusal).toBeNull();
    });

    it.each([-61, 61])('no more when it was signed %s seconds from now', async (seconds) => {
      const header = made({ claims: { iat: NOW_MS / 1_000 + seconds } });
      expect(await statusOf([header])).toEqual(['403 Stale Date', 'stale', 'TN-Validation-Failed']);
    });

    it('with a Date that fits', async () => {
      const date = new Date(NOW_MS + 30_000).toUTCString();
      expect((await judge([made()], { date })).refusal).toBeNull();
    });

    it.each(['yesterday', new Date(NOW_MS - 120_000).toUTCString()])(
      'not with the Date "%s"',
      async (date) => {
        expect(await statusOf([made()], { date })).toEqual([
          '403 Stale Date',
          'date-differs',
          'TN-Validation-Failed',
        ]);
      },
    );
  });

  it.each<[string, string, string]>([
    ['is no token', 'nonsense', 'malformed'],
    ['is empty', '', 'malformed'],
    ['lacks its signature', made().replace(/\.[\w-]+;/, '.;'), 'malformed'],
    ['has half a token', made().replace(/^[\w-]+/, ''), 'malformed'],
    ['has claims that are no JSON', made().replace(/\.[\w-]+\./, '.bm9uc2Vuc2U.'), 'malformed'],
    ['has a parameter twice', made({ parameters: ';alg=ES256;alg=ES256;ppt=shaken' }), 'malformed'],
    ['has a broken parameter', made({ parameters: ';alg;ppt=shaken' }), 'malformed'],
    ['is longer than a header may be', `${'a'.repeat(8_200)}.b.c;info=<${URL}>`, 'malformed'],
    ['is SHAKEN in the compact form', `..c2ln;info=<${URL}>;alg=ES256;ppt=shaken`, 'malformed'],
    ['is of another type', made({ head: { typ: 'JWT' } }), 'wrong-type'],
    ['says another extension inside', made({ head: { ppt: 'div' } }), 'wrong-type'],
    ['has no iat', made({ claims: { iat: undefined } }), 'wrong-claims'],
    ['has an iat that is a text', made({ claims: { iat: '1' } }), 'wrong-claims'],
    ['has no caller', made({ claims: { orig: {} } }), 'wrong-claims'],
    ['has a caller that is no number', made({ claims: { orig: { tn: 'alice' } } }), 'wrong-claims'],
    ['has no callee', made({ claims: { dest: { tn: [] } } }), 'wrong-claims'],
    ['has a callee that is a text', made({ claims: { dest: { tn: '3222223344' } } }), 'wrong-claims'],
    ['has no attestation', made({ claims: { attest: undefined } }), 'wrong-claims'],
    ['has an attestation that is none', made({ claims: { attest: 'D' } }), 'wrong-claims'],
    ['has no origin', made({ claims: { origid: '' } }), 'wrong-claims'],
    ['is of another caller', made({ claims: { orig: { tn: '12025550144' } } }), 'orig-differs'],
    ['is of another callee', made({ claims: { dest: { tn: ['3222223345'] } } }), 'dest-differs'],
    ['is signed by another key', made({ by: between }), 'bad-signature'],
    ['has a signature that is cut', made({ signature: 'AAAA' }), 'bad-signature'],
    [
      'was changed after it was signed',
      made().replace(/\.[\w-]+\./, `.${made({ claims: { attest: 'B' } }).split('.')[1]}.`),
      'bad-signature',
    ],
  ])('with an Identity that %s is invalid', async (_, header, fault) => {
    expect(await statusOf([header])).toEqual(['438 Invalid Identity Header', fault, 'TN-Validation-Failed']);
  });

  it.each<[string, string, string]>([
    ['does not say where its certificate is', made().replace(/;info=<[^>]+>/, ''), 'no-info'],
    [
      'names a place without TLS',
      made({ info: 'http://certificates.voip.example/our.pem' }),
      'info-not-https',
    ],
    ['names a file of this machine', made({ info: 'file:///etc/passwd' }), 'info-not-https'],
    ['names two places', made({ info: 'https://other.example/our.pem' }), 'certificate-names-differ'],
  ])('with an Identity that %s has bad information', async (_, header, fault) => {
    expect(await statusOf([header])).toEqual(['436 Bad Identity Info', fault, 'TN-Validation-Failed']);
  });

  it('whose certificate is not to be had has bad information', async () => {
    expect(await statusOf([made()], {}, null)).toEqual([
      '436 Bad Identity Info',
      'certificate-not-found',
      'TN-Validation-Failed',
    ]);
  });

  it.each<[string, string, string]>([
    ['another algorithm beside it', made({ parameters: ';alg=RS256;ppt=shaken' }), 'wrong-algorithm'],
    ['another algorithm inside', made({ head: { alg: 'none' } }), 'wrong-algorithm'],
  ])('with %s has an unsupported credential', async (_, header, fault) => {
    expect(await statusOf([header])).toEqual(['437 Unsupported Credential', fault, 'TN-Validation-Failed']);
  });

  const stranger = certify({ subject: 'Strange root', isAuthority: true });
  const byStranger = certify({ subject: 'Stranger', issuer: stranger, tnAuthList: spc });
  const old = certify({ subject: 'Old', issuer: between, tnAuthList: spc, toMs: NOW_MS - 1_000 });
  const early = certify({ subject: 'Early', issuer: between, tnAuthList: spc, fromMs: NOW_MS + 1_000 });
  const otherCurve = certify({ subject: 'Curve', issuer: between, tnAuthList: spc, curve: 'P-384' });
  const byUs = certify({ subject: 'Issued by us', issuer: ours, tnAuthList: spc });
  const falseRoot = certify({ subject: 'Local root', isAuthority: true });
  const forged = certify({ subject: 'Forged', issuer: falseRoot, tnAuthList: spc });
  const silent = certify({ subject: 'Silent', issuer: between });
  const others = certify({ subject: 'Others', issuer: between, tnAuthList: [{ one: '12025550199' }] });

  it.each<[string, Certified, string, string]>([
    ['from an authority that nobody believes', byStranger, byStranger.pem + stranger.pem, 'no-authority'],
    ['whose chain is not there', ours, ours.pem, 'no-authority'],
    ['that has run out', old, old.pem + between.pem, 'not-valid-now'],
    ['that does not count yet', early, early.pem + between.pem, 'not-valid-now'],
    ['on another curve', otherCurve, otherCurve.pem + between.pem, 'not-p256'],
    ['issued by one who is no authority', byUs, byUs.pem + ours.pem + between.pem, 'not-from-authority'],
    ['that only names our authority', forged, forged.pem, 'forged'],
    ['that is no certificate', ours, 'nonsense', 'unreadable'],
    ['that is broken', ours, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'unreadable'],
    ['with too long a chain', ours, ours.pem + between.pem.repeat(5), 'too-long'],
    ['in too large a file', ours, chain + ' '.repeat(70_000), 'unreadable'],
    ['that names nobody it speaks for', silent, silent.pem + between.pem, 'no-tn-auth-list'],
    ['that speaks for other numbers', others, others.pem + between.pem, 'number-not-covered'],
  ])('with a certificate %s has an unsupported credential', async (_, by, pem, fault) => {
    expect(
      await statusOf(
        [made({ by: by.key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? by : ours })],
        {},
        pem,
      ),
    ).toEqual(['437 Unsupported Credential', fault, 'TN-Validation-Failed']);
  });

  it.each<[string, Parameters<typeof certify>[0]['tnAuthList']]>([
    ['a provider’s code', spc],
    ['this number', [{ one: '12025550143' }]],
    ['a range with this number', [{ from: '12025550100', count: 200 }]],
  ])('is right with a certificate that speaks for %s', async (_, tnAuthList) => {
    const by = certify({ subject: 'Covered', issuer: between, tnAuthList });
    expect((await judge([made({ by })], {}, by.pem + between.pem)).refusal).toBeNull();
  });

  it('is right with a certificate that names nobody, where that is allowed', async () => {
    const lenient = authoritiesFrom(root.pem, false);
    expect((await judge([made({ by: silent })], {}, silent.pem + between.pem, lenient)).refusal).toBeNull();
  });

  it('is right with a certificate that is believed itself', async () => {
    const alone = certify({ subject: 'Alone', tnAuthList: spc });
    expect(
      (await judge([made({ by: alone })], {}, alone.pem, authoritiesFrom(alone.pem))).refusal,
    ).toBeNull();
  });

  it('from nobody, or to nobody, is judged and not ended', async () => {
    expect(await statusOf([made()], { orig: null })).toEqual([
      '438 Invalid Identity Header',
      'orig-differs',
      'TN-Validation-Failed',
    ]);
    expect(await statusOf([made()], { dest: null })).toEqual([
      '438 Invalid Identity Header',
      'dest-differs',
      'TN-Validation-Failed',
    ]);
    expect((await judge([], { orig: null })).verstat).toBe('No-TN-Validation');
  });

  it('with any text for an Identity gets a verdict', async () => {
    const texts = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[\w.;=<>": -]{0,200}$/),
      fc.constant(made()).map((text) => text.slice(3)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(texts, { maxLength: 4 }), async (headers) => {
        expect((await judge(headers)).verstat).not.toBe('TN-Validation-Passed');
      }),
      { numRuns: 1_000 },
    );
  });

  it('with a certificate that was changed anywhere gets a verdict, and never a good one', async () => {
    const der = Buffer.from(ours.pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    const header = made();
    await fc.assert(
      fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = Buffer.from(der);
        changed[at] = (der[at] as number) ^ by;
        const pem = `-----BEGIN CERTIFICATE-----\n${changed.toString('base64')}\n-----END CERTIFICATE-----\n`;
        expect((await judge([header], {}, pem + between.pem)).verstat).toBe('TN-Validation-Failed');
      }),
      { numRuns: 2_000 },
    );
  });

  it('fetches no certificate for what is wrong without it', async () => {
    let fetched = 0;
    const source = async () => {
      fetched++;
      return chain;
    };
    for (const headers of [
      [made({ claims: { iat: 1 } })],
      [made({ claims: { orig: { tn: '1' } } })],
      ['x'],
      [],
    ])
      await judgeIdentity({ headers, orig, dest, date: null, nowMs: NOW_MS }, { source, authorities });
    expect(fetched).toBe(0);
  });

  it.each(['', 'nonsense'])('is believed by no authority in "%s"', (pem) => {
    expect(() => authoritiesFrom(pem)).toThrow(InvalidInput);
  });
});
