import { createHash } from 'node:crypto';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { Conflict, InvalidInput, NotFound } from '../kernel/app-error';
import { SealBroken, trunkKey } from './trunk-secrets';
import {
  changeTrunk,
  createTrunk,
  outwardPassword,
  outwardTrunks,
  type TrunkChange,
  trunkByAddress,
  trunkByDigestUsername,
  trunkById,
  trunkByName,
} from './trunks-store';

const nowMs = 0;
const key = trunkKey('ab'.repeat(32));

let names = 0;
const newName = () => `trunk-${++names}`;

describe.each(DIALECTS)('trunks on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
    await createTrunk(test.database, {
      name: 'wide',
      addresses: ['192.0.2.0/24', '2001:db8::/32'],
      trustsCallerId: false,
      nowMs,
    });
    await createTrunk(test.database, {
      name: 'narrow',
      addresses: ['192.0.2.7'],
      trustsCallerId: true,
      nowMs,
    });
  });
  afterAll(() => test.drop());

  it.each([
    ['192.0.2.8', 'wide'],
    ['192.0.2.7', 'narrow'],
    ['2001:db8::1', 'wide'],
    ['198.51.100.1', undefined],
    ['not an address', undefined],
  ])('recognises %s as %s', async (address, name) => {
    expect((await trunkByAddress(test.database.read, address))?.name).toBe(name);
  });

  it('knows no trunk that is disabled', async () => {
    const trunk = await createTrunk(test.database, {
      name: 'off',
      addresses: ['203.0.113.5'],
      trustsCallerId: false,
      nowMs,
    });
    await test.database.write((sql) =>
      sql.run("UPDATE trunks SET state = 'disabled' WHERE id = ?", [trunk.id]),
    );
    expect(await trunkByAddress(test.database.read, '203.0.113.5')).toBeNull();
  });

  it.each(['192.0.2.300', '192.0.2.0/33', 'carrier.example', ''])(
    'refuses "%s" as an address',
    async (address) => {
      const adding = createTrunk(test.database, {
        name: `bad ${address}`,
        addresses: [address],
        trustsCallerId: false,
        nowMs,
      });
      await expect(adding).rejects.toThrow(InvalidInput);
    },
  );

  it('lets no address belong to two trunks, and adds nothing of the second', async () => {
    const second = createTrunk(test.database, {
      name: 'twin',
      addresses: ['203.0.113.9', '192.0.2.7'],
      trustsCallerId: false,
      nowMs,
    });
    await expect(second).rejects.toThrow(Conflict);
    expect(await trunkByAddress(test.database.read, '203.0.113.9')).toBeNull();
  });

  describe('that calls go out through', () => {
    const target = { host: 'sip.carrier.example', port: 5060 };

    it('are those that say where they take calls, by name', async () => {
      const { database } = test;
      expect(await outwardTrunks(database.read)).toEqual([]);
      const wide = await trunkByName(database.read, 'wide');
      await changeTrunk(database, wide.id, { outward: { targets: [target] } });
      expect(await outwardTrunks(database.read)).toMatchObject([
        { name: 'wide', outward: { targets: [target], transport: 'udp', weight: 10 } },
      ]);
      const narrow = await trunkByName(database.read, 'narrow');
      await changeTrunk(database, narrow.id, { outward: { targets: [{ host: '192.0.2.7', port: 5080 }] } });
      expect((await outwardTrunks(database.read)).map(({ name }) => name)).toEqual(['narrow', 'wide']);
    });

    it.each<[string, TrunkChange]>([
      ['a host that would add to the URI', { outward: { targets: [{ host: 'a@b;x=1', port: 5060 }] } }],
      ['a port that is none', { outward: { targets: [{ ...target, port: 70_000 }] } }],
      ['no target', { outward: { targets: [] } }],
      ['keys in the clear', { outward: { targets: [target], srtp: 'required' } }],
      ['a registration as nobody', { outward: { targets: [target], registrationSeconds: 600 } }],
      ['national numbers of no country', { outward: { targets: [target], numberForm: 'national' } }],
      [
        'a technical prefix of letters',
        { outward: { targets: [target], numberForm: 'prefixed', technicalPrefix: 'a' } },
      ],
      ['a prefix with a plus', { outward: { targets: [target], blockPrefixes: ['+32'] } }],
      ['a weight of nothing', { outward: { targets: [target], weight: 0 } }],
      [
        'emergencies of nowhere',
        { outward: { targets: [target], emergency: { position: 1, countries: [] } } },
      ],
      [
        'a digest without our password',
        { outward: { targets: [target], digest: { username: 'us', realm: 'them' } } },
      ],
      ['a limit of no call', { limits: { channels: 0 } }],
      ['a country of three letters', { country: 'BEL' }],
      ['a name of no sign', { name: '' }],
    ])('refuses %s', async (_, change) => {
      const { id } = await createTrunk(test.database, { name: newName(), nowMs });
      await expect(changeTrunk(test.database, id, change)).rejects.toThrow(InvalidInput);
      expect(await trunkById(test.database.read, id)).toMatchObject({ outward: null, country: null });
    });

    it('cost what a deck says that is there', async () => {
      const outward = { targets: [target], costDeckId: 'none' };
      await expect(createTrunk(test.database, { name: newName(), outward, nowMs })).rejects.toThrow(NotFound);
    });

    it('must exist', async () => {
      await expect(trunkByName(test.database.read, 'nobody')).rejects.toThrow(NotFound);
      await expect(changeTrunk(test.database, 'nobody', {})).rejects.toThrow(NotFound);
    });
  });

  it('give back every setting, and change only what is said', async () => {
    const settings = {
      name: newName(),
      addresses: ['198.51.100.0/28', '2001:db8:1::/48'],
      digest: { username: 'carrier-1', realm: 'voip.example' },
      requiresTls: true,
      trustsCallerId: true,
      isTrustedPeer: true,
      country: 'BE',
      limits: { channels: 30, channelsIn: 20, channelsOut: 10, callsPerSecond: 5 },
      outward: {
        targets: [
          { host: 'a.carrier.example', port: null },
          { host: '203.0.113.77', port: 5061 },
        ],
        registrationSeconds: null,
        proxy: { host: 'sbc.example', port: 5060 },
        transport: 'tls',
        srtp: 'required',
        digest: { username: 'us', realm: 'carrier.example' },
        domain: 'voip.example',
        numberForm: 'national',
        technicalPrefix: '',
        callerIdIn: 'p-asserted-identity',
        sendsDiversion: false,
        privacy: 'from',
        probes: true,
        costDeckId: null,
        allowPrefixes: ['32', '33'],
        blockPrefixes: ['32900'],
        weight: 3,
        emergency: { position: 2, countries: ['BE', 'LU'] },
      },
    } as const;
    const passwords = { inward: 'their secret words', outward: { password: 'our secret words', key } };
    const { id } = await createTrunk(test.database, { ...settings, passwords, nowMs });
    expect(await trunkById(test.database.read, id)).toEqual({ id, state: 'active', ...settings });
    const change = { limits: { channels: null }, outward: { weight: 5 }, requiresTls: false };
    const changed = await changeTrunk(test.database, id, change);
    expect(changed).toEqual({
      id,
      state: 'active',
      ...settings,
      requiresTls: false,
      limits: { ...settings.limits, channels: null },
      outward: { ...settings.outward, weight: 5 },
    });
    expect((await changeTrunk(test.database, id, { outward: null })).outward).toBeNull();
  });

  describe('that show themselves by a digest', () => {
    const digest = { username: 'digest-user', realm: 'voip.example' };

    it('are found by their username, with H(A1) in place of the password', async () => {
      const passwords = { inward: 'Circle of Life!' };
      const { id } = await createTrunk(test.database, { name: newName(), digest, passwords, nowMs });
      expect(await trunkByDigestUsername(test.database.read, digest.username)).toMatchObject({
        trunk: { id },
        realm: 'voip.example',
        hashes: {
          MD5: createHash('md5').update('digest-user:voip.example:Circle of Life!').digest('hex'),
          'SHA-256': createHash('sha256').update('digest-user:voip.example:Circle of Life!').digest('hex'),
        },
      });
      expect(await trunkByDigestUsername(test.database.read, 'nobody')).toBeNull();
      const renamed = changeTrunk(test.database, id, { digest: { ...digest, username: 'other' } });
      await expect(renamed).rejects.toThrow('needs the password again');
      await changeTrunk(test.database, id, { state: 'disabled' });
      expect(await trunkByDigestUsername(test.database.read, digest.username)).toBeNull();
      await changeTrunk(test.database, id, { digest: null, state: 'active' });
      expect(await trunkByDigestUsername(test.database.read, digest.username)).toBeNull();
    });

    it.each(['short', 'x'.repeat(129), 'line\nbreak and more', 'pässwörter sind lang'])(
      'have no password like "%s", which is not told',
      async (password) => {
        const adding = createTrunk(test.database, {
          name: newName(),
          digest: { ...digest, username: newName() },
          passwords: { inward: password },
          nowMs,
        });
        const error: unknown = await adding.catch((caught: unknown) => caught);
        expect(error).toBeInstanceOf(InvalidInput);
        expect((error as Error).message).not.toContain(password);
      },
    );

    const twin = () => ({ name: newName(), digest: { ...digest, username: 'twins' }, nowMs });

    it('have a username that no other trunk has', async () => {
      await createTrunk(test.database, { ...twin(), passwords: { inward: 'long enough one' } });
      const second = createTrunk(test.database, { ...twin(), passwords: { inward: 'long enough two' } });
      await expect(second).rejects.toThrow(Conflict);
    });
  });

  describe('have our password', () => {
    const outward = {
      targets: [{ host: 'sip.carrier.example', port: null }],
      digest: { username: 'us', realm: 'carrier.example' },
    };
    const aTrunkWithPassword = (password: string) =>
      createTrunk(test.database, {
        name: newName(),
        outward,
        passwords: { outward: { password, key } },
        nowMs,
      });

    it('sealed, so that the table alone does not tell it', async () => {
      const { id } = await aTrunkWithPassword('open sesame 123');
      expect(await outwardPassword(test.database.read, key, id)).toBe('open sesame 123');
      const rows = await test.database.read.all('SELECT * FROM trunks WHERE id = ?', [id]);
      expect(JSON.stringify(rows)).not.toContain('sesame');
      await changeTrunk(test.database, id, { outward: { digest: null } });
      expect(await outwardPassword(test.database.read, key, id)).toBeNull();
    });

    it('opened by its own key alone, and for its own trunk alone', async () => {
      const [one, two] = [
        await aTrunkWithPassword('open sesame 123'),
        await aTrunkWithPassword('another 456 word'),
      ];
      const other = trunkKey('cd'.repeat(32));
      await expect(outwardPassword(test.database.read, other, one.id)).rejects.toThrow(SealBroken);
      await test.database.write((sql) =>
        sql.run(
          'UPDATE trunks SET outward_password = (SELECT sealed FROM (SELECT outward_password AS sealed FROM trunks WHERE id = ?) AS found) WHERE id = ?',
          [one.id, two.id],
        ),
      );
      await expect(outwardPassword(test.database.read, key, two.id)).rejects.toThrow(SealBroken);
    });

    it.each(['', 'ab', 'zz'.repeat(32)])('sealed by no key like "%s"', (text) => {
      expect(() => trunkKey(text)).toThrow(InvalidInput);
    });
  });
});
