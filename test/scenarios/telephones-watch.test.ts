import { allowWatcher } from '../../src/phones/presence-watchers-store';
import { systemClock } from '../../src/kernel/clock';
import { newId } from '../../src/kernel/ids';
import { insertVoicemail, markHeard } from '../../src/voicemail/voicemails-store';
import { Baresip } from '../support/baresip';
import { eventually, TestService } from '../support/service';
import { header, Subscriber } from '../support/subscriber';

jest.setTimeout(90_000);

describe('telephones are told of messages and of who is there', () => {
  let service: TestService;
  const phones: Baresip[] = [];
  beforeAll(async () => {
    service = await TestService.start();
  });
  afterAll(() => service.close());
  afterEach(async () => {
    await Promise.all(phones.splice(0).map((phone) => phone.stop()));
    await eventually(10_000, async () => (await service.liveCalls()) === 0);
  });

  async function telephoneOf(
    accountId: string,
    modules: readonly string[] = [],
    presenceOf: readonly string[] = [],
  ): Promise<Baresip> {
    const account = {
      ...(await service.device(accountId)),
      sipPort: service.sipPort,
      answers: 'auto',
    } as const;
    const phone = await Baresip.start(660, { account, watches: { modules, presenceOf } });
    phones.push(phone);
    return phone;
  }
  const uriOf = (number: string) => `sip:${number}@127.0.0.1:${service.sipPort}`;
  const allow = (ownerAccountId: string, watcherAccountId: string) =>
    allowWatcher(service.database, { ownerAccountId, watcherAccountId, nowMs: systemClock.nowMs() });

  it('the message light goes on with a message, and off when it was heard', async () => {
    const ada = await service.account();
    const phone = await telephoneOf(ada.accountId, ['mwi']);
    await phone.shows(/Messages-Waiting: no/);
    const id = newId(systemClock.nowMs());
    await service.database.write((sql) =>
      insertVoicemail(sql, {
        id,
        accountId: ada.accountId,
        cdrId: 'leg',
        nodeId: 'node-1',
        fromNumber: null,
        seconds: 2,
        soundFile: 'none',
        leftAtMs: systemClock.nowMs(),
      }),
    );
    await phone.shows(/Messages-Waiting: yes[\s\S]*Voice-Message: 1\/0/);
    await service.database.write((sql) => markHeard(sql, id, { heard: true, nowMs: systemClock.nowMs() }));
    await expect(phone.shows(/Voice-Message: 0\/1/)).resolves.toBeUndefined();
  });

  it('who is let see it sees somebody come, talk and go; who is not, sees nothing', async () => {
    const [ada, ben, eve] = [await service.account(), await service.account(), await service.account()];
    await allow(ada.accountId, ben.accountId);
    const friend = await telephoneOf(ben.accountId, ['contact', 'presence'], [uriOf(ada.number)]);
    const stranger = await telephoneOf(eve.accountId, ['contact', 'presence'], [uriOf(ada.number)]);
    await expect(friend.seesContact('Offline')).resolves.toBeUndefined();
    const phone = await telephoneOf(ada.accountId);
    await friend.seesContact('Online');
    phone.command('dial', '*43');
    await phone.reports('CALL_ESTABLISHED');
    await friend.seesContact('Busy');
    phone.command('hangup');
    await friend.seesContact('Online');
    await expect(stranger.seesContact('Unknown')).resolves.toBeUndefined();
  });

  it('a subscription is refreshed by its password, and ends when the telephone says so', async () => {
    const ada = await service.account();
    const phone = await Subscriber.open(
      await service.device(ada.accountId),
      service.sipPort,
      'message-summary;id=7',
    );
    try {
      expect(await phone.subscribe(600)).toEqual([401, 202]);
      await eventually(5_000, () => phone.notified.length === 1);
      expect(await phone.subscribe(300)).toEqual([401, 200]);
      await eventually(5_000, () => phone.notified.length === 2);
      await phone.subscribe(0);
      await eventually(5_000, () => phone.notified.length === 3);
      expect(phone.notified.map((notify) => header(notify, 'Subscription-State'))).toEqual([
        'active;expires=600',
        'active;expires=300',
        'terminated;reason=timeout',
      ]);
      for (const notify of phone.notified) {
        expect(header(notify, 'Event')).toBe('message-summary;id=7');
        expect(notify).toContain('Messages-Waiting: no');
      }
    } finally {
      phone.close();
    }
  });

  it('an event that we do not know is refused with those that we do', async () => {
    const ada = await service.account();
    const phone = await Subscriber.open(await service.device(ada.accountId), service.sipPort, 'reg');
    expect(await phone.subscribe(600)).toEqual([401, 489]);
    expect(header(phone.answer, 'Allow-Events')).toBe('message-summary, dialog, presence');
    phone.close();
  });
});
