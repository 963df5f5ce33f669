import { FakeClock } from '../../../test/support/fake-clock';
import { silentLog } from '../../kernel/log';
import { EVENT_PACKAGES, type EventName, isEventName, talkOf, type WatchedState } from './event-packages';
import { LEAST_SECONDS, MOST_SECONDS, readExpires, readSubscribe, USUAL_SECONDS } from './read-subscribe';
import { Subscription } from './subscription';

const QUIET: WatchedState = { fresh: 0, heard: 0, isRegistered: true, talks: [] };
const TALK = { id: 'a1', direction: 'recipient', state: 'confirmed' } as const;
const ENTITY = { entity: 'sip:123@voip.example', version: 4 };

describe('what is told', () => {
  it('of messages is how many are new and how many were heard', () => {
    expect(EVENT_PACKAGES['message-summary'].body({ ...QUIET, fresh: 2, heard: 8 }, ENTITY)).toBe(
      'Messages-Waiting: yes\r\nMessage-Account: sip:123@voip.example\r\nVoice-Message: 2/8 (0/0)\r\n',
    );
    expect(EVENT_PACKAGES['message-summary'].body(QUIET, ENTITY)).toContain('Messages-Waiting: no');
  });

  it('of calls is that there is one, and nothing of with whom', () => {
    const body = EVENT_PACKAGES.dialog.body({ ...QUIET, talks: [TALK] }, ENTITY);
    expect(body).toContain('version="4" state="full" entity="sip:123@voip.example"');
    expect(body).toContain('<dialog id="a1" direction="recipient"><state>confirmed</state></dialog>');
    expect(EVENT_PACKAGES.dialog.body(QUIET, ENTITY)).not.toContain('<dialog ');
  });

  it('of presence is whether he can be rung, and whether he talks', () => {
    const { body } = EVENT_PACKAGES.presence;
    expect(body(QUIET, ENTITY)).toContain('<basic>open</basic>');
    expect(body(QUIET, ENTITY)).not.toContain('on-the-phone');
    expect(body({ ...QUIET, isRegistered: false }, ENTITY)).toContain('<basic>closed</basic>');
    expect(body({ ...QUIET, talks: [TALK] }, ENTITY)).toContain('<rpid:on-the-phone/>');
  });

  it('of a call hides its id and says who began it', () => {
    const call = {
      callId: 'secret-call',
      direction: 'inbound',
      fromNumber: '+3225550001',
      isWithheld: false,
      dialledNumber: '1',
      trunkId: null,
      accountId: 'a',
      deviceId: 'd',
      phase: 'ringing',
      roomId: null,
      roomRole: null,
      startedAtMs: 0,
      enteredAtMs: null,
      paidSeconds: null,
    } as const;
    const talk = talkOf(call);
    expect(talk).toMatchObject({ direction: 'initiator', state: 'early' });
    expect(JSON.stringify(talk)).not.toContain('secret');
    expect(talkOf({ ...call, direction: 'outbound', phase: 'talking' })).toMatchObject({
      direction: 'recipient',
      state: 'confirmed',
    });
  });

  it('has names, and no others', () => {
    expect(['dialog', 'presence', 'message-summary', 'toString', 'reg'].filter(isEventName)).toHaveLength(3);
  });
});

function read(change: Partial<Parameters<typeof readSubscribe>[0]> = {}) {
  return readSubscribe({ event: 'presence', expires: '', accept: '', contact: '<sip:a@b>', ...change });
}

describe('a SUBSCRIBE', () => {
  it.each<[string, Parameters<typeof read>[0], object]>([
    ['one that says little', {}, { event: 'presence', seconds: USUAL_SECONDS }],
    ['an id', { event: 'Dialog ; id=ab.1' }, { event: 'dialog', eventHeader: 'Dialog ; id=ab.1' }],
    ['a long time, made shorter', { expires: '99999' }, { seconds: MOST_SECONDS }],
    ['once', { expires: '0' }, { seconds: 0 }],
    ['a list of types', { accept: 'text/plain, application/pidf+xml;q=0.5' }, { event: 'presence' }],
    ['any type', { accept: '*/*' }, { event: 'presence' }],
  ])('is read: %s', (_, change, wish) => {
    expect(read(change)).toMatchObject({ kind: 'wish', ...wish });
  });

  it.each<[string, Parameters<typeof read>[0], number]>([
    ['an unknown event', { event: 'reg' }, 489],
    ['no event', { event: '' }, 489],
    ['an event that would end a header', { event: 'dialog;id=a\r\nX: y' }, 489],
    ['no Contact', { contact: ' ' }, 400],
    ['a type that we do not write', { accept: 'application/xpidf+xml' }, 406],
    ['too short a time', { expires: String(LEAST_SECONDS - 1) }, 423],
    ['no time', { expires: 'soon' }, 400],
  ])('is refused: %s', (_, change, status) => {
    expect(read(change)).toMatchObject({ kind: 'refusal', status });
  });

  it('that is refused says what would be taken', () => {
    expect(read({ event: 'reg' })).toMatchObject({
      headers: { 'Allow-Events': 'message-summary, dialog, presence' },
    });
    expect(readExpires('5')).toMatchObject({ headers: { 'Min-Expires': String(LEAST_SECONDS) } });
  });
});

type Told = { readonly state: string; readonly body: string | undefined };

describe('a subscription', () => {
  let clock: FakeClock;
  let told: Told[];
  let answer: () => Promise<{ status: number }>;
  let over: number;
  beforeEach(() => {
    clock = new FakeClock();
    told = [];
    over = 0;
    answer = async () => ({ status: 200 });
  });

  function open(event: EventName = 'message-summary'): Subscription {
    const dialog = {
      request: ({ headers, body }: { headers?: Record<string, string>; body?: string }) => {
        told.push({ state: headers?.['Subscription-State'] ?? '', body });
        return answer();
      },
    };
    const subscription = new Subscription(
      { clock, log: silentLog, onOver: () => (over += 1) },
      dialog as never,
      {
        event,
        eventHeader: event,
        entity: ENTITY.entity,
        accountId: 'a',
        watcherAccountId: 'a',
        deviceId: 'd',
      },
    );
    subscription.extend(600);
    subscription.tellAnyway(QUIET);
    return subscription;
  }
  const states = () => told.map(({ state }) => state);

  it('is told at once, then news alone', async () => {
    const subscription = open();
    expect(states()).toEqual(['active;expires=600']);
    await clock.advance(10_000);
    subscription.show(QUIET);
    subscription.show({ ...QUIET, isRegistered: false });
    expect(told).toHaveLength(1);
    subscription.show({ ...QUIET, fresh: 1 });
    expect(told.at(-1)?.body).toContain('Voice-Message: 1/0');
    expect(told.at(-1)?.state).toBe('active;expires=590');
  });

  it('is told once a second at most, and then the last state', async () => {
    const subscription = open();
    for (let fresh = 1; fresh <= 50; fresh++) {
      await clock.advance(100);
      subscription.show({ ...QUIET, fresh });
    }
    await clock.advance(1_000);
    expect(told.length).toBeLessThanOrEqual(7);
    expect(told.at(-1)?.body).toContain('Voice-Message: 50/0');
  });

  it('is not told what was taken back within the second', async () => {
    const subscription = open();
    subscription.show({ ...QUIET, fresh: 1 });
    subscription.show(QUIET);
    await clock.advance(2_000);
    expect(told).toHaveLength(1);
  });

  it('ends when its time is over, with the last state, and says nothing afterwards', async () => {
    const subscription = open();
    await clock.advance(600_000);
    expect(told.at(-1)).toMatchObject({ state: 'terminated;reason=timeout', body: expect.any(String) });
    subscription.show({ ...QUIET, fresh: 1 });
    subscription.end('rejected');
    await clock.advance(600_000);
    expect([told.length, over]).toEqual([2, 1]);
  });

  it('lives on when it is refreshed', async () => {
    const subscription = open();
    await clock.advance(500_000);
    subscription.extend(600);
    await clock.advance(500_000);
    expect(over).toBe(0);
  });

  it('that is rejected is told nothing of whom it is about', () => {
    open().end('rejected');
    expect(told.at(-1)).toEqual({ state: 'terminated;reason=rejected', body: undefined });
  });

  it.each([
    ['refuses', async () => ({ status: 481 })],
    ['does not answer', () => new Promise<never>(() => undefined)],
    ['is gone', () => Promise.reject(new Error('gone'))],
  ])('is over when the telephone %s', async (_, way) => {
    answer = way;
    open();
    await clock.advance(10_000);
    expect(over).toBe(1);
  });

  it('counts its versions', async () => {
    const subscription = open('dialog');
    await clock.advance(2_000);
    subscription.show({ ...QUIET, talks: [TALK] });
    expect(told.map(({ body }) => /version="(\d+)"/.exec(body ?? '')?.[1])).toEqual(['0', '1']);
  });
});
