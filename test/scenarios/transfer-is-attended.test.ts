import { systemClock } from '../../src/kernel/clock';
import { ANSWERS } from '../support/carriers';
import { eventually } from '../support/service';
import { aNumber, talk, talkedMs, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(60_000);

/** What the records and a watch at the telephone may differ by. */
const TOLERANCE_MS = 1_000;

const since = (beganMs: number) => systemClock.nowMs() - beganMs;
const sum = (of: readonly number[]) => of.reduce((total, ms) => total + ms, 0);

describe('an account’s telephone with two calls', () => {
  let stage: TwoPartyStage;
  beforeAll(async () => {
    stage = await TwoPartyStage.open(23_500);
  });
  afterAll(() => stage.close());
  afterEach(() => stage.clear());

  it('connects the two who talk with it (Replaces): they hear each other, and every leg’s seconds are those it was up', async () => {
    const [ada, ben, cleo] = [
      await stage.subscriber('0', 660),
      await stage.subscriber('0', 440),
      await stage.subscriber('0', 1_000),
    ];
    const first = await ada.phone.dial(ben.number);
    const benBegan = systemClock.nowMs();
    await talk(800);
    expect((await first.offer('sendonly')).status).toBe(200);
    const second = await ada.phone.dial(cleo.number);
    const cleoBegan = systemClock.nowMs();
    await talk(800);
    const [toBen] = ben.phone.taken;
    const [toCleo] = cleo.phone.taken;
    expect((await first.refer(cleo.number, second)).status).toBe(202);
    await eventually(5_000, () => first.notified.some((body) => body.includes('200')));
    expect(first.notified[0]).toMatch(/^SIP\/2\.0 100/);
    await Promise.all([first.hangUp(), second.hangUp()]);
    const adaTalked = [since(benBegan), since(cleoBegan)];
    await toBen?.hears(1_000);
    await toCleo?.hears(440);
    await talk(1_500);
    await toBen?.hangUp();
    const [benTalked, cleoTalked] = [since(benBegan), since(cleoBegan)];
    await toCleo?.whenEnded(3_000);
    const legs = [...(await stage.legsTo(ben.number, 2)), ...(await stage.legsTo(cleo.number, 2))];
    expect(legs.map(({ result }) => result)).toEqual([
      'transferred',
      'completed',
      'transferred',
      'completed',
    ]);
    const wall = [adaTalked[0] ?? 0, benTalked, adaTalked[1] ?? 0, cleoTalked];
    for (const [n, leg] of legs.entries())
      expect(Math.abs(talkedMs(leg) - (wall[n] ?? 0))).toBeLessThan(TOLERANCE_MS);
    expect(Math.abs(sum(legs.map(talkedMs)) - sum(wall))).toBeLessThan(TOLERANCE_MS);
  });

  it('that does not hang up after the transfer is hung up on, and what it began goes on at its account’s cost', async () => {
    const number = aNumber();
    await stage.carrier(ANSWERS, { name: 'attended' });
    const [ada, ben] = [await stage.subscriber('5', 660), await stage.subscriber('0', 440)];
    const first = await ada.phone.dial(ben.number);
    const second = await ada.phone.dial(number);
    await talk(500);
    expect((await first.refer(number, second)).status).toBe(202);
    await Promise.all([first.whenEnded(5_000), second.whenEnded(5_000)]);
    const [toBen] = ben.phone.taken;
    expect(toBen?.isEnded).toBe(false);
    await talk(1_500);
    await toBen?.hangUp();
    const [own, outside] = await stage.legsTo(number, 2);
    expect(own).toMatchObject({ result: 'transferred', payerAccountId: null });
    expect(outside).toMatchObject({ result: 'completed', payerAccountId: ada.accountId });
    // Two seconds until it is hung up on, half a second before and one and a half after.
    expect(Math.ceil(talkedMs(outside as never) / 1_000)).toBe(
      Number(outside?.rating?.charge.amountMicros ?? 0n) / 10_000,
    );
    expect(talkedMs(outside as never)).toBeGreaterThan(3_500);
    expect((await stage.service.balance(ada.accountId)).held.amountMicros).toBe(0n);
  });

  it('is not given somebody else’s call: a dialog that is not its own does not exist', async () => {
    const [ada, ben, eve, dora] = [
      await stage.subscriber('0'),
      await stage.subscriber('0'),
      await stage.subscriber('0'),
      await stage.subscriber('0'),
    ];
    const others = await ada.phone.dial(ben.number);
    const own = await eve.phone.dial(dora.number);
    await talk(300);
    expect((await own.refer(ben.number, others)).status).toBe(481);
    expect(others.isEnded).toBe(false);
    await Promise.all([others.hangUp(), own.hangUp()]);
    for (const number of [ben.number, dora.number])
      expect((await stage.legsTo(number, 2)).map(({ result }) => result)).toEqual(['completed', 'completed']);
  });

  it('a blind transfer to a number outside is charged to the account that transferred', async () => {
    const number = aNumber();
    await stage.carrier(ANSWERS, { name: 'blind' });
    const [ada, ben] = [await stage.subscriber('5', 660), await stage.subscriber('0', 440)];
    const first = await ada.phone.dial(ben.number);
    await talk(500);
    expect((await first.refer(number)).status).toBe(202);
    await eventually(8_000, () => first.notified.some((body) => body.includes('200')));
    await first.hangUp();
    const [toBen] = ben.phone.taken;
    await talk(1_200);
    await toBen?.hangUp();
    const [outside] = await stage.legsTo(number, 1);
    expect(outside).toMatchObject({
      direction: 'outbound',
      result: 'completed',
      payerAccountId: ada.accountId,
      accountId: ada.accountId,
    });
    expect(outside?.rating?.charge.amountMicros).toBe(20_000n);
    const legs = await stage.legsTo(ben.number, 2);
    expect(legs.map(({ result, payerAccountId }) => [result, payerAccountId])).toEqual([
      ['transferred', null],
      ['completed', null],
    ]);
    for (const leg of legs) expect(leg.callId).toBe(outside?.callId);
    expect((await stage.service.balance(ada.accountId)).balance.amountMicros).toBe(4_980_000n);
  });
});
