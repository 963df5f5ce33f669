import { setAccountState } from '../../src/accounts/accounts-store';
import { changeHandling } from '../../src/phones/call-handling';
import { changeTrunk } from '../../src/trunks/trunks-store';
import { systemClock } from '../../src/kernel/clock';
import { e164 } from '../../src/kernel/phone-number';
import { FREE_TERMS } from '../../src/numbers/did';
import { addDid } from '../../src/numbers/dids-store';
import { assignDid } from '../../src/numbers/assign-did';
import { type Answers, BaresipPhones } from '../support/baresip-phones';
import { ANSWERS, type Carrier, carrier, challenges, refuses, SILENT, TRUNK_KEY } from '../support/carriers';
import { eventually, TestService } from '../support/service';

jest.setTimeout(120_000);

const BELGIUM = `prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from
32,Belgium,0.60,0,60,60,0,2020-01-01T00:00:00Z
`;

let nextNumber = 100;
/** A number of its own for each story, kept free for examples by nobody: the carriers are programs of these tests. */
const aNumber = () => `+3225550${nextNumber++}`;
const talk = (ms = 1_500) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a call goes out by trunks', () => {
  let service: TestService;
  let phones: BaresipPhones;
  const carriers: Carrier[] = [];

  beforeAll(async () => {
    service = await TestService.start({ TRUNK_KEY });
    phones = new BaresipPhones(service);
    await service.importRates(BELGIUM);
  });
  afterAll(() => service.close());
  afterEach(async () => {
    await phones.stop();
    for (const one of carriers.splice(0)) {
      await changeTrunk(service.database, one.trunkId, { state: 'disabled' });
      await one.stop();
    }
    await eventually(40_000, async () => (await service.liveCalls()) === 0);
  });

  const user = (credit: string, answers: Answers = 'manual') => phones.user(660, answers, credit);

  async function add(...wish: [behaviour: string, trunk: Parameters<typeof carrier>[2]]) {
    const made = await carrier(service, ...wish);
    carriers.push(made);
    return made;
  }

  const legsTo = async (number: string) =>
    (await service.cdrs())
      .filter(({ dialledNumber }) => dialledNumber === number)
      .toSorted((left, right) => left.nodeSequence - right.nodeSequence);
  const allRated = async (number: string, legs: number) => {
    await eventually(20_000, async () => {
      const found = await legsTo(number);
      return found.length === legs && found.every(({ rating }) => rating !== null);
    });
    return legsTo(number);
  };

  it('the next one is asked when one is silent, broken or takes no media; every try is on record, and one is paid', async () => {
    const number = aNumber();
    const silent = await add(SILENT, { name: 'silent', pricePerMinute: '0.01' });
    const broken = await add(refuses('503 Service Unavailable'), { name: 'broken', pricePerMinute: '0.02' });
    const picky = await add(refuses('488 Not Acceptable Here'), { name: 'picky', pricePerMinute: '0.03' });
    const good = await add(ANSWERS, { name: 'good', pricePerMinute: '0.04' });
    const ada = await user('5');
    ada.phone.command('dial', number);
    await ada.phone.reports('CALL_ESTABLISHED');
    await talk();
    ada.phone.command('hangup');
    const [caller, ...tries] = await allRated(number, 5);
    expect(caller).toMatchObject({ direction: 'inbound', accountId: ada.accountId, payerAccountId: null });
    expect(
      tries.map(({ trunkId, attempt, result, sipStatus }) => [trunkId, attempt, result, sipStatus]),
    ).toEqual([
      [silent.trunkId, 1, 'no-answer', 408],
      [broken.trunkId, 2, 'unreachable', 503],
      [picky.trunkId, 3, 'unreachable', 488],
      [good.trunkId, 4, 'completed', 200],
    ]);
    for (const leg of tries) expect(leg.callId).toBe(caller?.callId);
    const charges = tries.map(({ rating }) => rating?.charge.amountMicros);
    expect(charges).toEqual([0n, 0n, 0n, 600_000n]);
    expect(tries[3]?.rating?.cost).not.toBeNull();
    expect((await service.balance(ada.accountId)).balance.amountMicros).toBe(4_400_000n);
    expect((await service.balance(ada.accountId)).held.amountMicros).toBe(0n);
    // From the silent one to the one that answered: fail-over within four seconds of silence.
    expect((tries[1]?.startedAtMs ?? 0) - (tries[0]?.startedAtMs ?? 0)).toBeLessThan(4_600);
  });

  it('a busy number is busy by every carrier: the next one is not asked', async () => {
    const number = aNumber();
    await add(refuses('486 Busy Here'), { name: 'busy', pricePerMinute: '0.01' });
    await add(ANSWERS, { name: 'unasked', pricePerMinute: '0.02' });
    const ada = await user('5');
    ada.phone.command('dial', number);
    await ada.phone.reports('CALL_CLOSED');
    const legs = await allRated(number, 2);
    expect(legs.map(({ result }) => result)).toEqual(['busy', 'busy']);
  });

  it('without credit for the first block nothing rings', async () => {
    const number = aNumber();
    await add(ANSWERS, { name: 'too dear' });
    const ada = await user('0.59');
    ada.phone.command('dial', number);
    await ada.phone.reports('CALL_CLOSED');
    const legs = await allRated(number, 2);
    expect(legs.map(({ result, sipStatus }) => [result, sipStatus])).toEqual([
      ['no-credit', 402],
      ['no-credit', 402],
    ]);
    expect((await service.balance(ada.accountId)).held.amountMicros).toBe(0n);
  });

  it('our carrier in its realm gets credentials; somebody who asks in another realm gets none', async () => {
    const number = aNumber();
    const digest = { username: 'us', realm: 'carrier.example' };
    const foreign = await add(challenges('elsewhere.example'), {
      name: 'foreign',
      pricePerMinute: '0.01',
      outward: { digest },
      password: 'a password of ours',
    });
    const own = await add(challenges('carrier.example'), {
      name: 'own',
      pricePerMinute: '0.02',
      outward: { digest },
      password: 'a password of ours',
    });
    const ada = await user('5');
    ada.phone.command('dial', number);
    await ada.phone.reports('CALL_ESTABLISHED');
    ada.phone.command('hangup');
    const legs = await allRated(number, 3);
    expect(legs.map(({ trunkId, result }) => [trunkId, result])).toEqual([
      [null, 'completed'],
      [foreign.trunkId, 'unreachable'],
      [own.trunkId, 'completed'],
    ]);
    expect((await carriers[0]?.stop())?.messages).not.toMatch(/^Proxy-Authorization/m);
  });

  it('a trunk without a free channel is passed over', async () => {
    const number = aNumber();
    const small = await add(ANSWERS, { name: 'small', pricePerMinute: '0.01', limits: { channelsOut: 1 } });
    const large = await add(ANSWERS, { name: 'large', pricePerMinute: '0.02' });
    const [ada, ben] = [await user('5'), await user('5')];
    for (const { phone } of [ada, ben]) {
      phone.command('dial', number);
      await phone.reports('CALL_ESTABLISHED');
    }
    for (const { phone } of [ada, ben]) phone.command('hangup');
    const tries = (await allRated(number, 5)).filter(({ direction }) => direction === 'outbound');
    expect(tries.map(({ trunkId, result }) => [trunkId, result])).toEqual([
      [small.trunkId, 'completed'],
      [small.trunkId, 'trunk-full'],
      [large.trunkId, 'completed'],
    ]);
  });

  it('a call for help passes from a suspended account without credit, and costs nothing', async () => {
    await add(ANSWERS, { name: 'help', outward: { emergency: { position: 1, countries: ['BE'] } } });
    const ada = await user('0');
    await service.database.write((sql) => setAccountState(sql, ada.accountId, 'suspended'));
    ada.phone.command('dial', '112');
    await ada.phone.reports('CALL_ESTABLISHED');
    ada.phone.command('hangup');
    const legs = await allRated('112', 2);
    for (const leg of legs) {
      expect(leg).toMatchObject({ result: 'completed', payerAccountId: null });
      expect(leg.rating?.charge.amountMicros).toBe(0n);
    }
  });

  it('somebody outside reaches an account by its number, and its forwarded leg is paid by the account', async () => {
    await add(ANSWERS, { name: 'forward' });
    const [did, elsewhere] = [e164(aNumber()), aNumber()];
    const ada = await service.account('5');
    const nowMs = systemClock.nowMs();
    await addDid(service.database, did, FREE_TERMS, nowMs);
    const target = { kind: 'user', accountId: ada.accountId } as const;
    await service.database.write((sql) =>
      assignDid(sql, { number: did, target, ownerAccountId: ada.accountId, nowMs }),
    );
    await service.database.write((sql) =>
      changeHandling(sql, ada.accountId, { forwardUnreachable: elsewhere }, nowMs),
    );
    const caller = await service.phone(26_000);
    const call = await caller.dial({
      to: did,
      from: '+4930555001',
      sipHost: '127.0.0.1',
      sipPort: service.sipPort,
    });
    await talk(1_000);
    await call.hangUp();
    await caller.close();
    const [forwarded] = await allRated(elsewhere, 1);
    expect(forwarded).toMatchObject({
      direction: 'outbound',
      fromNumber: '+4930555001',
      accountId: ada.accountId,
      payerAccountId: ada.accountId,
      result: 'completed',
    });
    expect(forwarded?.rating?.charge.amountMicros).toBe(600_000n);
    const [inbound] = await legsTo(did);
    expect(inbound).toMatchObject({ direction: 'inbound', callId: forwarded?.callId, payerAccountId: null });
  });
});
