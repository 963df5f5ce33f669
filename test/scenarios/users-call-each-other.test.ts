import { changeHandling, type CallHandling } from '../../src/phones/call-handling';
import { type Answers, BaresipPhones } from '../support/baresip-phones';
import { strongestTone } from '../support/strongest-tone';
import { eventually, TestService } from '../support/service';

jest.setTimeout(90_000);

/** How long a conversation goes on before it is looked at. */
const TALK_MS = 1_500;
/** Louder than anything but a telephone's own tone. */
const HEARD = 1_000;
const talk = () => new Promise((resolve) => setTimeout(resolve, TALK_MS));

describe('accounts call each other by their 123-voip numbers', () => {
  let service: TestService;
  let phones: BaresipPhones;

  beforeAll(async () => {
    service = await TestService.start();
    phones = new BaresipPhones(service);
  });
  afterAll(() => service.close());
  afterEach(() => phones.clear());

  const user = (toneHz: number, answers: Answers = 'manual') => phones.user(toneHz, answers);

  const legsTo = async (number: string) =>
    (await service.cdrs()).filter(({ dialledNumber }) => dialledNumber === number);
  const handle = (accountId: string, change: Partial<CallHandling>) =>
    service.database.write((sql) => changeHandling(sql, accountId, change, 0));

  it('both are heard, nobody pays, and both legs are on record as one call', async () => {
    const [ada, ben] = [await user(660), await user(440, 'auto')];
    ada.phone.command('dial', ben.number);
    await ada.phone.reports('CALL_ESTABLISHED');
    await ben.phone.reports('CALL_ESTABLISHED');
    await talk();
    ada.phone.command('hangup');
    await ben.phone.reports('CALL_CLOSED');
    await eventually(5_000, async () => (await legsTo(ben.number)).length === 2);
    const [second, first] = await legsTo(ben.number);
    expect(first).toMatchObject({
      direction: 'inbound',
      accountId: ada.accountId,
      fromNumber: ada.number,
      routedNumber: ben.number,
      payerAccountId: null,
      result: 'completed',
      endedBy: 'caller',
    });
    expect(second).toMatchObject({
      callId: first?.callId,
      direction: 'outbound',
      accountId: ben.accountId,
      fromNumber: ada.number,
      result: 'completed',
      endedBy: 'caller',
    });
    expect(second?.endedAtMs).toBe(first?.endedAtMs);
    expect(strongestTone(ada.phone.heard(), 440)).toBeGreaterThan(HEARD);
    expect(strongestTone(ben.phone.heard(), 660)).toBeGreaterThan(HEARD);
  });

  it('all telephones of an account ring; the one that answers has the call, and the others stop', async () => {
    const [ada, ben] = [await user(660), await user(440)];
    const second = await phones.ofAccount(ben.accountId, 550, 'manual');
    ada.phone.command('dial', ben.number);
    await Promise.all([ben.phone.reports('CALL_INCOMING'), second.reports('CALL_INCOMING')]);
    second.command('accept');
    await ada.phone.reports('CALL_ESTABLISHED');
    await ben.phone.reports('CALL_CLOSED');
    await talk();
    second.command('hangup');
    await ada.phone.reports('CALL_CLOSED');
    await eventually(5_000, async () => (await legsTo(ben.number)).length === 3);
    const results = (await legsTo(ben.number)).map(({ direction, result }) => `${direction} ${result}`);
    expect(results.toSorted()).toEqual([
      'inbound completed',
      'outbound answered-elsewhere',
      'outbound completed',
    ]);
  });

  it('a caller who gives up stops the ringing', async () => {
    const [ada, ben] = [await user(660), await user(440)];
    ada.phone.command('dial', ben.number);
    await ben.phone.reports('CALL_INCOMING');
    ada.phone.command('hangup');
    await ben.phone.reports('CALL_CLOSED');
    await eventually(5_000, async () => (await legsTo(ben.number)).length === 2);
    for (const leg of await legsTo(ben.number))
      expect(leg).toMatchObject({ result: 'cancelled', answeredAtMs: null, sipStatus: 487 });
  });

  it.each([
    ['do not disturb', { doNotDisturb: true }, 'unreachable', 480],
    ['no telephone', {}, 'unreachable', 480],
  ] as const)('%s is told to the caller as %s', async (what, handling, result, sipStatus) => {
    const ada = await user(660);
    const ben = what === 'no telephone' ? await service.account() : await user(440, 'auto');
    await handle(ben.accountId, handling);
    ada.phone.command('dial', ben.number);
    await ada.phone.reports('CALL_CLOSED');
    await eventually(5_000, async () => (await legsTo(ben.number)).length === 1);
    expect((await legsTo(ben.number))[0]).toMatchObject({ result, sipStatus, answeredAtMs: null });
  });

  it('a telephone that turns the call away is on record as busy', async () => {
    const [ada, ben] = [await user(660), await user(440)];
    ada.phone.command('dial', ben.number);
    await ben.phone.reports('CALL_INCOMING');
    ben.phone.command('hangup');
    await ada.phone.reports('CALL_CLOSED');
    await eventually(5_000, async () => (await legsTo(ben.number)).length === 2);
    const results = (await legsTo(ben.number)).map(({ result }) => result);
    expect(results).toEqual(['busy', 'busy']);
  });

  it('a call is forwarded where its owner wants it when nobody answers', async () => {
    const [ada, ben, cleo] = [await user(660), await user(440), await user(550, 'auto')];
    await handle(ben.accountId, { ringSeconds: 5, forwardNoAnswer: cleo.number });
    ada.phone.command('dial', ben.number);
    await ada.phone.reports('CALL_ESTABLISHED');
    await talk();
    ada.phone.command('hangup');
    await cleo.phone.reports('CALL_CLOSED');
    await eventually(5_000, async () => (await legsTo(ben.number)).length === 2);
    const [tried] = (await legsTo(ben.number)).filter(({ direction }) => direction === 'outbound');
    expect(tried).toMatchObject({ result: 'no-answer', accountId: ben.accountId });
    const [first] = (await legsTo(ben.number)).filter(({ direction }) => direction === 'inbound');
    const [reached] = await legsTo(cleo.number);
    expect(reached).toMatchObject({ callId: first?.callId, result: 'completed', accountId: cleo.accountId });
    expect(strongestTone(ada.phone.heard(), 550)).toBeGreaterThan(HEARD);
  });

  it('a circle of forwarders ends', async () => {
    const ada = await user(660);
    const [ben, cleo] = [await service.account(), await service.account()];
    await handle(ben.accountId, { forwardUnreachable: cleo.number });
    await handle(cleo.accountId, { forwardUnreachable: ben.number });
    ada.phone.command('dial', ben.number);
    await ada.phone.reports('CALL_CLOSED');
    await eventually(5_000, async () => (await legsTo(ben.number)).length === 1);
    expect((await legsTo(ben.number))[0]).toMatchObject({ result: 'loop', sipStatus: 482 });
  });

  it('hold and retrieve: the held one hears nobody, and afterwards both hear each other', async () => {
    const [ada, ben] = [await user(660), await user(440, 'auto')];
    ada.phone.command('dial', ben.number);
    await ada.phone.reports('CALL_ESTABLISHED');
    ada.phone.command('hold');
    await talk();
    expect(await service.liveCalls()).toBe(2);
    ada.phone.command('resume');
    await talk();
    ada.phone.command('hangup');
    await ben.phone.reports('CALL_CLOSED');
    expect(strongestTone(ben.phone.heard().slice(-9_000), 660)).toBeGreaterThan(HEARD);
  });
});
