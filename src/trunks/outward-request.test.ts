import fc from 'fast-check';
import { anOutwardTrunk } from '../../test/support/trunk-builders';
import { InvalidInput } from '../kernel/app-error';
import { type E164, e164 } from '../kernel/phone-number';
import type { Outward } from './outward';
import { type CallOut, outwardRequest } from './outward-request';
import type { Trunk } from './trunk';

const belgian = e164('+3222223344');
const call: CallOut = {
  called: '+442079460018',
  callerId: belgian,
  anonymous: false,
  diversion: null,
  identity: null,
};
const send = (outward: Partial<Outward> = {}, of: Partial<CallOut> = {}, trunk: Partial<Trunk> = {}) =>
  outwardRequest(anOutwardTrunk(outward, trunk), { ...call, ...of });

describe('a request to a trunk', () => {
  it('asks the target for the number, and shows the caller’s in From and as asserted', () => {
    expect(send()).toEqual({
      uri: 'sip:+442079460018@carrier.example:5060',
      proxy: null,
      headers: {
        To: '<sip:+442079460018@carrier.example>',
        From: '<sip:+3222223344@carrier.example>',
        'P-Asserted-Identity': '<sip:+3222223344@carrier.example>',
      },
      auth: null,
    });
  });

  it.each<[string, Partial<Outward>, string | null, string, string]>([
    ['with the plus', { numberForm: 'plus' }, null, '+442079460018', '+3222223344'],
    ['without it', { numberForm: 'digits' }, null, '442079460018', '3222223344'],
    ['behind 00', { numberForm: '00' }, null, '00442079460018', '003222223344'],
    ['as they are dialled in Belgium', { numberForm: 'national' }, 'BE', '00442079460018', '022223344'],
    ['as they are dialled in the USA', { numberForm: 'national' }, 'US', '011442079460018', '0113222223344'],
    [
      'behind a technical prefix',
      { numberForm: 'prefixed', technicalPrefix: '99#' },
      null,
      '99%23442079460018',
      '3222223344',
    ],
  ])('writes numbers %s', (_, outward, country, called, caller) => {
    const request = send(outward, {}, { country });
    expect(request.uri).toBe(`sip:${called}@carrier.example:5060`);
    expect(request.headers.From).toBe(`<sip:${caller}@carrier.example>`);
  });

  it('goes by its transport, through its proxy, from its domain, to an IPv6 address too', () => {
    const request = send({
      targets: [{ host: '2001:db8::1', port: null }],
      transport: 'tls',
      proxy: { host: 'sbc.example', port: 5061 },
      domain: 'voip.example',
    });
    expect(request).toMatchObject({
      uri: 'sip:+442079460018@[2001:db8::1];transport=tls',
      proxy: 'sip:sbc.example:5061;lr;transport=tls',
      headers: { To: '<sip:+442079460018@[2001:db8::1]>', From: '<sip:+3222223344@voip.example>' },
    });
  });

  it('names whose challenges may be answered: the realm and the hosts of the trunk', () => {
    const digest = { username: 'user@1', realm: 'carrier.example' };
    const request = send({ digest, proxy: { host: 'sbc.example', port: null } });
    expect(request.auth).toEqual({ ...digest, hosts: ['carrier.example', 'sbc.example'] });
  });

  describe('that shows the caller', () => {
    it('in From alone, or as asserted alone, where From is our name at the carrier', () => {
      expect(send({ callerIdIn: 'from' }).headers).not.toHaveProperty('P-Asserted-Identity');
      const digest = { username: 'user@1', realm: 'carrier.example' };
      expect(send({ callerIdIn: 'p-asserted-identity', digest }).headers).toMatchObject({
        From: '<sip:user%401@carrier.example>',
        'P-Asserted-Identity': '<sip:+3222223344@carrier.example>',
      });
    });

    it('as nobody when no number is known', () => {
      expect(send({}, { callerId: null }).headers).toEqual({
        To: '<sip:+442079460018@carrier.example>',
        From: '"Anonymous" <sip:anonymous@anonymous.invalid>',
      });
    });

    it('and who forwarded, where the trunk wants it', () => {
      const diversion = e164('+12025550143');
      expect(send({}, { diversion }).headers.Diversion).toBe(
        '<sip:+12025550143@carrier.example>;reason=unknown;counter=1;privacy=off',
      );
      expect(send({ sendsDiversion: false }, { diversion }).headers).not.toHaveProperty('Diversion');
    });
  });

  describe('that withholds the caller', () => {
    const withheld = {
      anonymous: true,
      identity: 'abc.def.ghi;info=<https://voip.example/cert.pem>;alg=ES256',
    };

    it('tells a peer outside the trust domain nothing of him', () => {
      const request = send({}, withheld);
      expect(JSON.stringify(request)).not.toContain('22223344');
      expect(request.headers).toMatchObject({
        From: expect.stringContaining('anonymous.invalid'),
        Privacy: 'id',
      });
      expect(request.headers).not.toHaveProperty('Identity');
    });

    it('tells a trusted peer, and asks it to keep it', () => {
      expect(send({}, withheld, { isTrustedPeer: true }).headers).toMatchObject({
        From: '"Anonymous" <sip:anonymous@anonymous.invalid>',
        'P-Asserted-Identity': '<sip:+3222223344@carrier.example>',
        Privacy: 'id',
        Identity: withheld.identity,
      });
    });

    it('says so by the From alone where the trunk knows no Privacy', () => {
      const { headers } = send({ privacy: 'from' }, withheld, { isTrustedPeer: true });
      expect(Object.keys(headers).toSorted()).toEqual(['From', 'To']);
    });

    it('shows him to an emergency service all the same', () => {
      const request = send({ numberForm: 'national' }, { ...withheld, called: '112' }, { country: 'BE' });
      expect(request.uri).toBe('sip:112@carrier.example:5060');
      expect(request.headers).toMatchObject({
        From: '<sip:022223344@carrier.example>',
        'P-Asserted-Identity': '<sip:022223344@carrier.example>',
      });
      expect(request.headers).not.toHaveProperty('Privacy');
    });
  });

  it('holds no line break and no second header, whatever its parts are', () => {
    const nasty = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[a-z0-9\r\n:;<>@"{}%\\ ]{0,30}$/),
      fc.constantFrom('a\r\nX: 1', '"><sip:x@y>', 'a;b=c', 'a@b', '\u2028', '{x=y}'),
    );
    const parts = fc.record({
      called: nasty,
      callerId: fc.option(nasty),
      diversion: fc.option(nasty),
      identity: fc.option(nasty),
      host: nasty,
      domain: fc.option(nasty),
      technicalPrefix: nasty,
      username: nasty,
      realm: nasty,
      bad: fc.nat(7),
    });
    let sent = 0;
    fc.assert(
      fc.property(parts, ({ bad, ...found }) => {
        // One part at a time is foreign, so that the others do not hide it.
        const name = Object.keys(found)[bad] ?? 'realm';
        const at = <K extends keyof typeof found>(key: K, usual: (typeof found)[K]) =>
          key === name ? found[key] : usual;
        try {
          const request = send(
            {
              targets: [{ host: at('host', 'carrier.example'), port: 5060 }],
              domain: at('domain', null),
              numberForm: 'prefixed',
              technicalPrefix: at('technicalPrefix', '9'),
              callerIdIn: 'p-asserted-identity',
              digest: { username: at('username', 'user'), realm: at('realm', 'carrier') },
            },
            {
              called: at('called', '+442079460018'),
              callerId: at('callerId', belgian) as E164 | null,
              diversion: at('diversion', null) as E164 | null,
              identity: at('identity', null),
            },
          );
          sent++;
          const texts = [request.uri, request.proxy ?? '', ...Object.values(request.headers)];
          expect(texts.filter((text) => !/^[\x20-\x7e]*$/.test(text))).toEqual([]);
          expect(request.uri).toMatch(/^sip:[^@<>;\s]+@[^@<>;\s]+$/);
          expect(request.headers.From).toMatch(/^("Anonymous" )?<sip:[^@<>;\s"]+@[^@<>;\s"]+>$/);
        } catch (error) {
          if (!(error instanceof InvalidInput)) throw error;
        }
      }),
      { numRuns: 20_000 },
    );
    expect(sent).toBeGreaterThan(100);
  });
});
