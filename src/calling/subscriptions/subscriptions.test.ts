import { EventEmitter } from 'node:events';
import { anAccount } from '../../../test/support/billing-builders';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { FakeClock } from '../../../test/support/fake-clock';
import { readAccount } from '../../accounts/accounts-store';
import { newId } from '../../kernel/ids';
import { silentLog } from '../../kernel/log';
import { voipNumberOf } from '../../numbers/voip-numbers-store';
import { createDevice } from '../../phones/devices-store';
import { allowWatcher, forbidWatcher, watchersOf } from '../../phones/presence-watchers-store';
import { insertVoicemail } from '../../voicemail/voicemails-store';
import type { Caller, Identity } from '../identify-caller';
import { LiveCalls } from '../live-calls';
import { MAX_PER_DEVICE, Subscriptions } from './subscriptions';

type User = { readonly caller: Extract<Caller, { kind: 'device' }>; readonly number: string };
type Notify = { readonly state: string; readonly body: string };

/** A dialog of a SUBSCRIBE as srf gives it: keeps what it is told. */
class FakeDialog extends EventEmitter {
  readonly told: Notify[] = [];
  readonly request = async (sent: { headers?: Record<string, string>; body?: string }) => {
    this.told.push({ state: sent.headers?.['Subscription-State'] ?? '', body: sent.body ?? '' });
    return { status: 200 };
  };
}

describe.each(DIALECTS)('subscriptions on %s', (dialect) => {
  let test: TestDatabase;
  let clock: FakeClock;
  let liveCalls: LiveCalls;
  let subscriptions: Subscriptions;
  /** Who a refresh comes from. */
  let identity: Identity;
  let refused: { status: number; headers: Record<string, string> }[];
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(() => {
    clock = new FakeClock();
    liveCalls = new LiveCalls();
    refused = [];
    const srf = {
      createUAS: async (req: { dialog: FakeDialog }) => req.dialog,
    };
    subscriptions = new Subscriptions(srf as never, {
      database: test.database,
      liveCalls,
      clock,
      log: silentLog,
      realm: '123-voip',
      identify: async () => identity,
    });
    subscriptions.start();
  });
  afterEach(() => subscriptions.stop());

  async function user(): Promise<User> {
    const { id } = await anAccount(test.database, { credit: '1' });
    const { device } = await createDevice(test.database, {
      accountId: id,
      name: 'phone',
      realm: '123-voip',
      nowMs: clock.nowMs(),
    });
    const number = (await voipNumberOf(test.database.read, id)) ?? '';
    const account = await readAccount(test.database.read, id);
    return { caller: { kind: 'device', device, account, number }, number };
  }

  async function subscribe(
    watcher: User,
    about: string,
    event: string,
    expires = '600',
  ): Promise<FakeDialog> {
    const dialog = new FakeDialog();
    const headers: Readonly<Record<string, string>> = {
      Event: event,
      Expires: expires,
      Contact: '<sip:x@y>',
    };
    const req = { dialog, uri: `sip:${about}@voip.example:5060`, get: (name: string) => headers[name] };
    const res = {
      send: (status: number, _reason: string, options?: { headers: Record<string, string> }) =>
        refused.push({ status, headers: options?.headers ?? {} }),
    };
    await subscriptions.answer(watcher.caller, req as never, res as never);
    return dialog;
  }

  /** Lets time go by in steps that the database can follow. */
  async function elapse(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      await clock.advance(Math.min(left, 500));
      await new Promise((next) => setTimeout(next, 15));
    }
  }

  const leave = (owner: User) =>
    test.database.write((sql) =>
      insertVoicemail(sql, {
        id: newId(clock.nowMs()),
        accountId: owner.caller.account.id,
        cdrId: 'leg',
        nodeId: 'another-node',
        fromNumber: null,
        seconds: 3,
        soundFile: 'sound',
        leftAtMs: clock.nowMs(),
      }),
    );
  const allow = (owner: User, watcher: User) =>
    allowWatcher(test.database, {
      ownerAccountId: owner.caller.account.id,
      watcherAccountId: watcher.caller.account.id,
      nowMs: clock.nowMs(),
    });
  const talks = (owner: User, callId: string) =>
    liveCalls.add(
      {
        callId,
        direction: 'inbound',
        fromNumber: owner.number,
        isWithheld: false,
        dialledNumber: '1',
        trunkId: null,
        accountId: owner.caller.account.id,
        deviceId: owner.caller.device.id,
        phase: 'talking',
        roomId: null,
        roomRole: null,
        startedAtMs: 0,
        enteredAtMs: null,
        paidSeconds: null,
      },
      () => undefined,
    );

  it('tell a telephone of messages at once and whenever they change, also those taken on another node', async () => {
    const ada = await user();
    const dialog = await subscribe(ada, ada.caller.device.username, 'message-summary');
    expect(dialog.told).toEqual([
      { state: 'active;expires=600', body: expect.stringContaining('Voice-Message: 0/0') },
    ]);
    await leave(ada);
    await elapse(2_500);
    expect(dialog.told.map(({ body }) => /Voice-Message: \S+/.exec(body)?.[0])).toEqual([
      'Voice-Message: 0/0',
      'Voice-Message: 1/0',
    ]);
  });

  it('tell nobody of another’s messages, not even whom he lets see him', async () => {
    const [ada, ben] = [await user(), await user()];
    await allow(ada, ben);
    const dialog = await subscribe(ben, ada.number, 'message-summary');
    expect(dialog.told).toEqual([{ state: 'terminated;reason=rejected', body: '' }]);
  });

  it('tell who is there to himself and to whom he lets see it, and to nobody else', async () => {
    const [ada, ben, eve] = [await user(), await user(), await user()];
    await allow(ada, ben);
    for (const event of ['presence', 'dialog'])
      for (const [watcher, state] of [
        [ada, 'active;expires=600'],
        [ben, 'active;expires=600'],
        [eve, 'terminated;reason=rejected'],
      ] as const) {
        const dialog = await subscribe(watcher, ada.number, event);
        expect(dialog.told.map((one) => one.state)).toEqual([state]);
      }
  });

  it.each(['presence', 'dialog'])(
    'answer alike for somebody who may not be seen and for nobody: %s',
    async (event) => {
      const [ada, eve] = [await user(), await user()];
      const known = await subscribe(eve, ada.number, event);
      for (const nobody of ['12345678901', '+3225550001', 'p000000000', 'x', '*43'])
        expect((await subscribe(eve, nobody, event)).told).toEqual(known.told);
      expect(subscriptions.count).toBe(0);
      expect(refused).toEqual([]);
    },
  );

  it('tell of a call when it begins and ends', async () => {
    const [ada, ben] = [await user(), await user()];
    await allow(ada, ben);
    const dialog = await subscribe(ben, ada.number, 'dialog');
    await elapse(1_500);
    talks(ada, 'call-1');
    await elapse(500);
    expect(dialog.told.at(-1)?.body).toContain('<state>confirmed</state>');
    liveCalls.delete('call-1');
    await elapse(1_500);
    expect(dialog.told.at(-1)?.body).not.toContain('<dialog ');
    expect(dialog.told).toHaveLength(3);
  });

  it('end when the watcher is taken off the list', async () => {
    const [ada, ben] = [await user(), await user()];
    await allow(ada, ben);
    const dialog = await subscribe(ben, ada.number, 'presence');
    const pair = { ownerAccountId: ada.caller.account.id, watcherAccountId: ben.caller.account.id };
    await test.database.write((sql) => forbidWatcher(sql, pair));
    await elapse(2_000);
    expect(dialog.told.at(-1)).toEqual({ state: 'terminated;reason=rejected', body: '' });
    expect(subscriptions.count).toBe(0);
  });

  it('live on by a refresh, which is told the state anew, and end when the telephone says so', async () => {
    const ada = await user();
    const dialog = await subscribe(ada, ada.number, 'message-summary', '60');
    await elapse(50_000);
    const send = jest.fn();
    identity = { kind: 'known', caller: ada.caller };
    dialog.emit('subscribe', { get: () => '60' }, { send });
    await elapse(50_000);
    expect(send).toHaveBeenCalledWith(200, { headers: { Expires: '60' } });
    expect(dialog.told.map(({ state }) => state)).toEqual(['active;expires=60', 'active;expires=60']);
    dialog.emit('unsubscribe');
    expect(dialog.told.at(-1)?.state).toBe('terminated;reason=timeout');
    expect(subscriptions.count).toBe(0);
  });

  it('are not refreshed by whoever does not know the password, and end with the telephone', async () => {
    const [ada, eve] = [await user(), await user()];
    const dialog = await subscribe(ada, ada.number, 'message-summary', '600');
    const refresh = async (by: Identity) => {
      identity = by;
      const send = jest.fn();
      dialog.emit('subscribe', { get: () => '600' }, { send });
      await elapse(500);
      return send.mock.calls[0]?.[0];
    };
    expect(await refresh({ kind: 'challenge', headers: ['Digest realm="x"'] })).toBe(401);
    expect(subscriptions.count).toBe(1);
    expect(await refresh({ kind: 'known', caller: eve.caller })).toBe(403);
    expect(subscriptions.count).toBe(0);
  });

  it('that ask once are told once', async () => {
    const ada = await user();
    const dialog = await subscribe(ada, ada.number, 'message-summary', '0');
    expect(dialog.told.at(-1)).toMatchObject({ state: 'terminated;reason=timeout' });
    expect(dialog.told.at(-1)?.body).toContain('Voice-Message');
    expect(subscriptions.count).toBe(0);
  });

  it('of one telephone are so many at most: the oldest makes place', async () => {
    const ada = await user();
    const dialogs: FakeDialog[] = [];
    for (let n = 0; n <= MAX_PER_DEVICE; n++)
      dialogs.push(await subscribe(ada, ada.number, 'message-summary'));
    expect(subscriptions.count).toBe(MAX_PER_DEVICE);
    expect(dialogs[0]?.told.at(-1)?.state).toBe('terminated;reason=deactivated');
    expect(dialogs[1]?.told).toHaveLength(1);
  });

  it('to unknown events are refused with those that there are', async () => {
    const ada = await user();
    await subscribe(ada, ada.number, 'reg');
    expect(refused).toEqual([
      { status: 489, headers: { 'Allow-Events': 'message-summary, dialog, presence' } },
    ]);
  });

  it('end as deactivated when the node closes, and no new one is taken', async () => {
    const ada = await user();
    const dialog = await subscribe(ada, ada.number, 'message-summary');
    subscriptions.drain();
    expect(dialog.told.at(-1)?.state).toBe('terminated;reason=deactivated');
    await subscribe(ada, ada.number, 'message-summary');
    expect(refused).toMatchObject([{ status: 503 }]);
  });

  it('are forgotten without a word when the SIP server is gone', async () => {
    const ada = await user();
    const dialog = await subscribe(ada, ada.number, 'message-summary');
    subscriptions.endAll('failed');
    expect([dialog.told.length, subscriptions.count]).toEqual([1, 0]);
  });

  it('are allowed once however often, never to oneself, and only to accounts that there are', async () => {
    const [ada, ben] = [await user(), await user()];
    await allow(ada, ben);
    await allow(ada, ben);
    const ownerAccountId = ada.caller.account.id;
    expect(await watchersOf(test.database.read, ownerAccountId)).toHaveLength(1);
    await expect(allow(ada, ada)).rejects.toMatchObject({ code: 'invalid-input' });
    const nobody = allowWatcher(test.database, { ownerAccountId, watcherAccountId: 'nobody', nowMs: 0 });
    await expect(nobody).rejects.toMatchObject({ code: 'not-found' });
  });
});
