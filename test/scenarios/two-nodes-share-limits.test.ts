import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { ANSWERS, type Carrier, carrier, TRUNK_KEY } from '../support/carriers';
import { SipDevice } from '../support/sip-device';
import { eventually, TestService } from '../support/service';
import { aNumber, BY_SECOND } from '../support/two-party-stage';

jest.setTimeout(90_000);

describe('two application nodes on one database', () => {
  let nodes: readonly TestService[] = [];
  const phones: SipDevice[] = [];
  let small: Carrier;

  beforeAll(async () => {
    const name = `nodes_${randomBytes(4).toString('hex')}`;
    const server = process.env.TEST_MARIADB_URL ?? '';
    const admin = await createConnection(server);
    await admin.query(`CREATE DATABASE ${name}`);
    await admin.end();
    const settings = { DATABASE_URL: `${server}/${name}`, TRUNK_KEY };
    const first = await TestService.start({ ...settings, NODE_ID: 'node-a' });
    await first.importRates(BY_SECOND);
    small = await carrier(first, ANSWERS, { name: 'small', limits: { channelsOut: 2 } });
    nodes = [first, await TestService.beside(first, { ...settings, NODE_ID: 'node-b' })];
  });
  afterAll(async () => {
    for (const phone of phones) phone.close();
    await small.stop();
    for (const node of nodes) await node.close();
  });

  async function caller(node: TestService | undefined): Promise<SipDevice> {
    const [first] = nodes;
    if (!node || !first) throw new Error('no node');
    const { accountId } = await first.account('5');
    const phone = await SipDevice.open({ sipPort: node.sipPort, ...(await first.device(accountId)) });
    phones.push(phone);
    return phone;
  }

  it('share the channels of a trunk: of calls by both no more are up than it has, and what one frees the other may take', async () => {
    const [a, b] = nodes;
    const number = aNumber();
    const [first, second, third] = [await caller(a), await caller(b), await caller(b)];
    const calls = [await first.dial(number), await second.dial(number)];
    await expect(third.dial(number)).rejects.toThrow(/503/);
    await calls[0]?.hangUp();
    const tries = async () => (await a?.cdrs())?.filter((leg) => leg.trunkId === small.trunkId) ?? [];
    await eventually(10_000, async () => (await tries()).some(({ result }) => result === 'completed'));
    const again = await third.dial(number);
    await Promise.all([again.hangUp(), calls[1]?.hangUp()]);
    await eventually(
      15_000,
      async () => (await tries()).filter(({ rating }) => rating !== null).length === 4,
    );
    const legs = (await tries()).toSorted((left, right) => left.startedAtMs - right.startedAtMs);
    expect(legs.map(({ nodeId, result }) => [nodeId, result])).toEqual([
      ['node-a', 'completed'],
      ['node-b', 'completed'],
      ['node-b', 'trunk-full'],
      ['node-b', 'completed'],
    ]);
  });

  it('never let more than that many through, however many begin at once on both', async () => {
    const number = aNumber();
    const callers = await Promise.all(Array.from({ length: 8 }, (_, n) => caller(nodes[n % 2])));
    const outcomes = await Promise.allSettled(callers.map((phone) => phone.dial(number)));
    const answered = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(answered).toHaveLength(2);
    await Promise.all(answered.map((call) => call.hangUp()));
    // Eight callers, each with one try at the trunk.
    await eventually(15_000, async () => {
      const legs = (await nodes[0]?.cdrs())?.filter(({ dialledNumber }) => dialledNumber === number) ?? [];
      return legs.length === 16 && legs.every(({ rating }) => rating !== null);
    });
  });

  it('charge one account once for what both carry', async () => {
    const [a, b] = nodes;
    if (!a || !b) throw new Error('no node');
    const { accountId } = await a.account('0.10');
    const number = aNumber();
    const made = await Promise.all(
      [a, b].map(async (node) => {
        const phone = await SipDevice.open({ sipPort: node.sipPort, ...(await a.device(accountId)) });
        phones.push(phone);
        return phone.dial(number);
      }),
    );
    await Promise.all(made.map((call) => call.whenEnded(30_000)));
    const legs = async () =>
      (await a.cdrs()).filter((leg) => leg.payerAccountId === accountId && leg.rating !== null);
    await eventually(15_000, async () => (await legs()).length === 2);
    const charged = (await legs()).reduce((sum, { rating }) => sum + (rating?.charge.amountMicros ?? 0n), 0n);
    expect(charged).toBe(100_000n);
    const { balance, held } = await a.balance(accountId);
    expect([balance.amountMicros, held.amountMicros]).toEqual([0n, 0n]);
    expect((await a.ledger()).faults).toEqual([]);
  });
});
