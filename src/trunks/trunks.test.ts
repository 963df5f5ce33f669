import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { Conflict, InvalidInput, NotFound } from '../kernel/app-error';
import { createTrunk, outboundTrunk, setOutboundAddress, trunkByAddress, trunkByName } from './trunks-store';

const nowMs = 0;

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
    it('is the first by name of those that say where they take calls', async () => {
      const { database } = test;
      expect(await outboundTrunk(database.read)).toBeNull();
      const wide = await trunkByName(database.read, 'wide');
      await setOutboundAddress(database, wide.id, { host: 'sip.carrier.example', port: 5060 });
      expect(await outboundTrunk(database.read)).toMatchObject({
        name: 'wide',
        outboundHost: 'sip.carrier.example',
        outboundPort: 5060,
      });
      const narrow = await trunkByName(database.read, 'narrow');
      await setOutboundAddress(database, narrow.id, { host: '192.0.2.7', port: 5080 });
      expect((await outboundTrunk(database.read))?.name).toBe('narrow');
    });

    it.each([
      ['a host that would add to the URI', { host: 'a@b;x=1', port: 5060 }],
      ['a port that is none', { host: 'sip.carrier.example', port: 70_000 }],
    ])('refuses %s', async (_, address) => {
      const { id } = await trunkByName(test.database.read, 'wide');
      await expect(setOutboundAddress(test.database, id, address)).rejects.toThrow(InvalidInput);
    });

    it('must exist', async () => {
      await expect(trunkByName(test.database.read, 'nobody')).rejects.toThrow(NotFound);
    });
  });
});
