import { type Answers, BaresipPhones } from '../support/baresip-phones';
import { strongestTone } from '../support/strongest-tone';
import { eventually, TestService } from '../support/service';

jest.setTimeout(60_000);

const HEARD = 1_000;
const talk = (ms = 1_500) => new Promise((resolve) => setTimeout(resolve, ms));

describe('an account’s telephone transfers a call', () => {
  let service: TestService;
  let phones: BaresipPhones;

  beforeAll(async () => {
    service = await TestService.start();
    phones = new BaresipPhones(service);
  });
  afterAll(() => service.close());
  afterEach(() => phones.clear());

  const user = (toneHz: number, answers: Answers = 'auto') => phones.user(toneHz, answers);

  const legsTo = async (number: string) =>
    (await service.cdrs())
      .filter(({ dialledNumber }) => dialledNumber === number)
      .toSorted((left, right) => left.nodeSequence - right.nodeSequence);

  it('blindly: the two others talk on, all three legs are one call, and their seconds add up to what was talked', async () => {
    const [ada, ben, cleo] = [await user(660), await user(440), await user(550)];
    ada.phone.command('dial', ben.number);
    await ada.phone.reports('CALL_ESTABLISHED');
    await talk();
    ada.phone.command('transfer', cleo.number);
    await cleo.phone.reports('CALL_ESTABLISHED');
    await ada.phone.reports('CALL_CLOSED');
    await talk(2_500);
    ben.phone.command('hangup');
    await cleo.phone.reports('CALL_CLOSED');
    await eventually(
      10_000,
      async () => (await legsTo(cleo.number)).length === 1 && (await legsTo(ben.number)).length === 2,
    );
    const [own, toBen] = await legsTo(ben.number);
    const [toCleo] = await legsTo(cleo.number);
    for (const leg of [toBen, toCleo]) expect(leg?.callId).toBe(own?.callId);
    expect(own?.result).toBe('transferred');
    expect(toBen).toMatchObject({ result: 'completed', endedBy: 'callee', accountId: ben.accountId });
    expect(toCleo).toMatchObject({ result: 'completed', accountId: cleo.accountId });
    // Ben talked from his answer to the end; with him Ada first, then Cleo.
    const msOf = (leg: typeof own) => (leg?.endedAtMs ?? 0) - (leg?.answeredAtMs ?? 0);
    const gapMs = (toCleo?.answeredAtMs ?? 0) - (own?.answeredAtMs ?? 0);
    expect(Math.abs(msOf(toBen) - (gapMs + msOf(toCleo)))).toBeLessThan(1_000);
    expect(strongestTone(ben.phone.heard(), 550)).toBeGreaterThan(HEARD);
    expect(strongestTone(cleo.phone.heard(), 440)).toBeGreaterThan(HEARD);
  });

  it('to somebody who cannot be reached and hangs up on hearing so: his partner is told and let go', async () => {
    const [ada, ben] = [await user(660), await user(440)];
    const nobody = await service.account();
    ada.phone.command('dial', ben.number);
    await ada.phone.reports('CALL_ESTABLISHED');
    ada.phone.command('transfer', nobody.number);
    await ben.phone.reports('CALL_CLOSED');
    await eventually(10_000, async () => (await legsTo(ben.number)).length === 2);
    const [own, toBen] = await legsTo(ben.number);
    expect(own).toMatchObject({ result: 'completed', endedBy: 'caller' });
    expect(toBen).toMatchObject({ result: 'completed' });
  });
});
