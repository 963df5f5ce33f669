import { eventually } from '../support/service';
import { DialRefused } from '../support/sip-device';
import type { DeviceCall } from '../support/device-call';
import { call, gets, goodbye, maybe, request, sdp, wait } from '../support/sip-flow';
import { runSipp, scenario } from '../support/sipp';
import { e164 } from '../../src/kernel/phone-number';
import { systemClock } from '../../src/kernel/clock';
import { assignDid } from '../../src/numbers/assign-did';
import { FREE_TERMS } from '../../src/numbers/did';
import { addDid } from '../../src/numbers/dids-store';
import { aNumber, talk, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(60_000);

const ANNOUNCEMENT_HZ = 3_000;
const EARLY_MS = 1_500;

describe('a carrier that is heard before it answers', () => {
  let stage: TwoPartyStage;
  beforeAll(async () => {
    stage = await TwoPartyStage.open(24_500);
  });
  afterAll(() => stage.close());
  afterEach(() => stage.clear());

  async function carrierThat(does: (call: DeviceCall) => void) {
    const far = await stage.device({ toneHz: ANNOUNCEMENT_HZ, answers: does });
    await stage.carrierAt(far, { name: `carrier ${far.port}` });
    return far;
  }

  it('is heard by the caller, and costs nothing until it answers', async () => {
    const far = await carrierThat((one) => one.speakEarly());
    const ada = await stage.subscriber('5', 1_500);
    const number = aNumber();
    let begun: DeviceCall | null = null;
    const answered = ada.phone.dial(number, {}, (one) => {
      begun = one;
    });
    await eventually(5_000, () => (begun?.sound.hearing.toneAmplitude(ANNOUNCEMENT_HZ, 0.3) ?? 0) > 1_500);
    await talk(EARLY_MS);
    far.taken[0]?.pickUp();
    const made = await answered;
    expect(made.provisional.map(({ status }) => status)).toContain(183);
    await far.taken[0]?.hears(1_500);
    await talk(500);
    await made.hangUp();
    const [own, outside] = await stage.legsTo(number, 2);
    const seconds = Math.ceil(((outside?.endedAtMs ?? 0) - (outside?.answeredAtMs ?? 0)) / 1_000);
    expect(outside?.rating?.charge.amountMicros).toBe(BigInt(seconds) * 10_000n);
    expect((outside?.answeredAtMs ?? 0) - (outside?.startedAtMs ?? 0)).toBeGreaterThan(EARLY_MS);
    expect(own?.answeredAtMs).toBeGreaterThanOrEqual(outside?.answeredAtMs ?? Infinity);
  });

  it('and then refuses: its announcement was heard, and nothing is charged', async () => {
    await carrierThat((one) => {
      one.speakEarly();
      setTimeout(() => one.refuse('404 Not Found'), EARLY_MS);
    });
    const ada = await stage.subscriber('5');
    const number = aNumber();
    let begun: DeviceCall | null = null;
    const dialled = ada.phone.dial(number, {}, (one) => {
      begun = one;
    });
    const [refused] = await Promise.allSettled([
      dialled,
      eventually(5_000, () => (begun?.sound.hearing.toneAmplitude(ANNOUNCEMENT_HZ, 0.3) ?? 0) > 1_500),
    ]);
    expect((refused as PromiseRejectedResult).reason).toBeInstanceOf(DialRefused);
    expect(((refused as PromiseRejectedResult).reason as DialRefused).response.status).toBe(404);
    const legs = await stage.legsTo(number, 2);
    expect(legs.map(({ answeredAtMs, rating }) => [answeredAtMs, rating?.charge.amountMicros])).toEqual([
      [null, 0n],
      [null, 0n],
    ]);
    expect((await stage.service.balance(ada.accountId)).held.amountMicros).toBe(0n);
  });

  it('to a caller who requires provisional answers to be reliable (100rel): he acknowledges ringing and sound, and is answered', async () => {
    await carrierThat((one) => {
      one.ring();
      setTimeout(() => one.speakEarly(), 300);
      setTimeout(() => one.pickUp(), EARLY_MS);
    });
    const ada = await stage.subscriber('5', 1_500);
    const number = aNumber();
    const made = await ada.phone.dial(number, { headers: ['Require: 100rel'] });
    expect(made.provisional.filter(({ status }) => status !== 100).map(({ status }) => status)).toEqual([
      180, 183,
    ]);
    expect(made.acknowledged).toEqual([200, 200]);
    await made.hears(ANNOUNCEMENT_HZ);
    await made.hangUp();
    const [own] = await stage.legsTo(number, 2);
    expect(own).toMatchObject({ result: 'completed', endedBy: 'caller' });
  });

  it('to a caller who takes the call back meanwhile: both are let go', async () => {
    const far = await carrierThat((one) => one.speakEarly());
    const ada = await stage.subscriber('5');
    const number = aNumber();
    let begun: DeviceCall | null = null;
    const dialled = ada.phone.dial(number, {}, (one) => {
      begun = one;
    });
    await eventually(5_000, () => (begun?.sound.hearing.toneAmplitude(ANNOUNCEMENT_HZ, 0.3) ?? 0) > 1_500);
    await (begun as unknown as DeviceCall).cancel();
    await expect(dialled).rejects.toThrow(/487/);
    await far.taken[0]?.whenEnded();
    expect((await stage.legsTo(number, 2)).map(({ result }) => result)).toEqual(['cancelled', 'cancelled']);
  });

  it('SIPp as a carrier’s switch that requires 100rel reaches an account', async () => {
    const ben = await stage.subscriber('0', 660);
    const number = e164(aNumber());
    const { database } = stage.service;
    const nowMs = systemClock.nowMs();
    await addDid(database, number, FREE_TERMS, nowMs);
    const target = { kind: 'user', accountId: ben.accountId } as const;
    await database.write((sql) => assignDid(sql, { number, target, ownerAccountId: null, nowMs }));
    const text = scenario(
      call({ headers: ['Require: 100rel'], body: sdp() }),
      maybe(100),
      '<recv response="180" rrs="true"><action><ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" assign_to="rseq"/></action></recv>',
      request('PRACK', { cseq: 2, headers: ['RAck: [$rseq] 1 INVITE'] }),
      gets(200),
      gets(200),
      request('ACK', { cseq: 1, transaction: 'ack1' }),
      wait(800),
      goodbye(),
    );
    const { code, messages } = await runSipp({ scenario: text, sipPort: stage.service.sipPort, number });
    expect([code, code === 0 ? '' : messages.slice(-2_000)]).toEqual([0, '']);
    const [inbound] = await stage.legsTo(number, 2);
    expect(inbound).toMatchObject({ result: 'completed', endedBy: 'caller' });
  });
});
