import { setAccountState } from '../../src/accounts/accounts-store';
import { setCaps } from '../../src/billing/fraud-caps/caps-store';
import type { FoundCdr } from '../../src/cdr/search-cdrs';
import { systemClock } from '../../src/kernel/clock';
import { changeHandling } from '../../src/phones/call-handling';
import type { DeviceCall } from '../support/device-call';
import type { SipDevice } from '../support/sip-device';
import { aNumber, type Subscriber, talk, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(60_000);

describe('the credit of somebody who calls a number outside', () => {
  let stage: TwoPartyStage;
  let far: SipDevice;
  beforeAll(async () => {
    stage = await TwoPartyStage.open(24_100);
  });
  afterAll(() => stage.close());
  beforeEach(async () => {
    far = await stage.device({ toneHz: 3_000 });
    await stage.carrierAt(far, { name: `carrier ${far.port}` });
  });
  afterEach(() => stage.clear());

  async function callOf(
    phone: SipDevice,
  ): Promise<{ call: DeviceCall; farCall: DeviceCall; number: string }> {
    const number = aNumber();
    const call = await phone.dial(number);
    const farCall = far.taken.find((one) => one.invitation.line.includes(number));
    if (!farCall) throw new Error('the carrier has no call');
    return { call, farCall, number };
  }

  const legsOf = async (number: string): Promise<[FoundCdr, FoundCdr]> => {
    const [own, outside] = await stage.legsTo(number, 2);
    if (!own || !outside) throw new Error('a leg is missing');
    return [own, outside];
  };
  const left = async ({ accountId }: Subscriber) => {
    const { balance, held } = await stage.service.balance(accountId);
    return [balance.amountMicros, held.amountMicros];
  };

  /** Both legs ended at the last paid second and were hung up on within a second of it. */
  async function expectCut(
    { call, farCall, number }: { call: DeviceCall; farCall: DeviceCall; number: string },
    { seconds, result }: { seconds: number; result: FoundCdr['result'] },
  ): Promise<void> {
    await Promise.all([call.whenEnded(40_000), farCall.whenEnded(40_000)]);
    const endedMs = systemClock.nowMs();
    const [own, outside] = await legsOf(number);
    expect(outside).toMatchObject({ result, endedBy: 'house' });
    expect(own).toMatchObject({ result, endedBy: 'house', endedAtMs: outside.endedAtMs });
    expect(outside.endedAtMs - (outside.chargedFromMs ?? 0)).toBe(seconds * 1_000);
    expect(outside.rating?.charge.amountMicros).toBe(BigInt(seconds) * 10_000n);
    expect(endedMs - outside.endedAtMs).toBeLessThan(1_000);
  }

  it('ends: both legs end at the last paid second, and only he hears that they will, while they talk on', async () => {
    const ada = await stage.subscriber('0.17', 1_500);
    const made = await callOf(ada.phone);
    await made.call.hears(3_000);
    await made.farCall.hears(1_500);
    await expectCut(made, { seconds: 17, result: 'credit-exhausted' });
    expect(made.call.sound.ear.heard).toContain('credit-15-seconds');
    expect(made.call.sound.ear.heard).toContain('credit-used-up');
    expect(made.farCall.sound.ear.heard.filter((name) => /credit|call-ends/.test(name))).toEqual([]);
    expect(await left(ada)).toEqual([0n, 0n]);
  });

  it('that is nearly used up when the call begins is warned of at once', async () => {
    const ada = await stage.subscriber('0.14');
    const { call, number } = await callOf(ada.phone);
    await talk(2_000);
    expect(call.sound.ear.heard).toContain('credit-15-seconds');
    await call.hangUp();
    expect((await legsOf(number))[1]).toMatchObject({ result: 'completed', endedBy: 'caller' });
  });

  it('that is topped up in mid-call keeps the call up', async () => {
    const ada = await stage.subscriber('0.06');
    const { call, number } = await callOf(ada.phone);
    await stage.service.addCredit(ada.accountId, '1.00');
    await talk(8_000);
    expect(call.isEnded).toBe(false);
    await call.hangUp();
    const [, outside] = await legsOf(number);
    expect(outside.result).toBe('completed');
    const charged = outside.rating?.charge.amountMicros ?? 0n;
    expect(charged).toBeGreaterThanOrEqual(80_000n);
    expect(await left(ada)).toEqual([1_060_000n - charged, 0n]);
  });

  it('is shared by two calls at once and never overspent', async () => {
    const ada = await stage.subscriber('0.10');
    const second = await stage.telephone(ada.accountId);
    const made = await Promise.all([callOf(ada.phone), callOf(second)]);
    await Promise.all(made.map(({ call }) => call.whenEnded(30_000)));
    const legs = await Promise.all(made.map(({ number }) => legsOf(number)));
    const charged = legs.reduce((sum, [, outside]) => sum + (outside.rating?.charge.amountMicros ?? 0n), 0n);
    expect(legs.map(([, { result }]) => result)).toEqual(['credit-exhausted', 'credit-exhausted']);
    expect(charged).toBe(100_000n);
    expect(await left(ada)).toEqual([0n, 0n]);
    expect((await stage.service.ledger()).faults).toEqual([]);
  });

  it('of an account that is suspended in mid-call is used to the end of what is held, and no further', async () => {
    const ada = await stage.subscriber('0.08');
    const made = await callOf(ada.phone);
    await stage.service.database.write((sql) => setAccountState(sql, ada.accountId, 'suspended'));
    await stage.service.addCredit(ada.accountId, '1.00');
    await expectCut(made, { seconds: 8, result: 'account-blocked' });
    expect(await left(ada)).toEqual([1_000_000n, 0n]);
  });

  it('is used no further than the cap of a call, which both are told of as its end', async () => {
    const ada = await stage.subscriber('5');
    await stage.service.database.write((sql) => setCaps(sql, ada.accountId, { maxCallCostMicros: 70_000n }));
    const made = await callOf(ada.phone);
    await expectCut(made, { seconds: 7, result: 'cap-reached' });
    expect(await left(ada)).toEqual([4_930_000n, 0n]);
  });

  it('pays for a forwarded leg whose warnings nobody hears: he is not in the conversation', async () => {
    const number = aNumber();
    const [ada, ben] = [await stage.subscriber('0'), await stage.service.account('0.06')];
    await stage.service.database.write((sql) =>
      changeHandling(sql, ben.accountId, { forwardUnreachable: number }, 0),
    );
    const call = await ada.phone.dial(ben.number);
    await call.whenEnded();
    const [outside] = await stage.legsTo(number, 1);
    expect(outside).toMatchObject({ payerAccountId: ben.accountId, result: 'credit-exhausted' });
    expect(outside?.rating?.charge.amountMicros).toBe(60_000n);
    expect(call.sound.ear.heard.filter((name) => /credit|call-ends/.test(name))).toEqual([]);
    const [own] = await stage.legsTo(ben.number, 1);
    expect(own).toMatchObject({ result: 'credit-exhausted', endedBy: 'house', payerAccountId: null });
  });
});
