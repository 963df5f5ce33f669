import { type FoundCdr, searchCdrs } from '../../src/cdr/search-cdrs';
import { reconcile } from '../../src/cdr/reconcile';
import { switchLegsOf } from '../../src/cdr/switch-legs-store';
import { systemClock } from '../../src/kernel/clock';
import type { Direction } from '../support/device-call';
import { ANSWERS } from '../support/carriers';
import { eventually } from '../support/service';
import { aNumber, type Subscriber, talk, TwoPartyStage } from '../support/two-party-stage';

jest.setTimeout(90_000);

const RTP_TIMEOUT_MS = 2_000;
/** From the last packet until both legs are gone: the time-out, a look each second, and a BYE that nobody answers. */
const GONE_LIMIT_MS = RTP_TIMEOUT_MS + 7_000;
/** The media server looks at silence once a second. */
const TOLERANCE_MS = 1_300;
/** Longer than the time-out: whoever is cut for silence is cut by then. */
const QUIET_MS = 4_000;

describe('a call of two that ends without a BYE', () => {
  let stage: TwoPartyStage;
  beforeAll(async () => {
    stage = await TwoPartyStage.open(23_900, { RTP_TIMEOUT_MS: String(RTP_TIMEOUT_MS) });
  });
  afterAll(() => stage.close());
  afterEach(() => stage.clear());

  /** What the media server says of the legs fits the records. */
  async function expectNoCase(): Promise<void> {
    const page = { filter: {}, after: null, limit: 200, numbers: 'full', costs: 'shown' } as const;
    const { cdrs } = await searchCdrs(stage.service.database, page);
    let differences: unknown[] = [];
    await eventually(8_000, async () => {
      const switchLegs = await switchLegsOf(
        stage.service.database.read,
        cdrs.map(({ cdrId }) => cdrId),
      );
      differences = [...reconcile(cdrs, switchLegs, { rtpTimeoutMs: RTP_TIMEOUT_MS })];
      return differences.length === 0;
    }).catch(() => undefined);
    expect(differences).toEqual([]);
  }

  /** Somebody with credit who talks with a carrier's number. */
  async function callOutside() {
    const number = aNumber();
    const carrier = await stage.carrier(ANSWERS, { name: `carrier ${number}` });
    const ada = await stage.subscriber('5', 440);
    const call = await ada.phone.dial(number);
    await talk(1_200);
    return { number, carrier, ada, call };
  }

  async function bothGone(number: string, sinceMs: number): Promise<readonly FoundCdr[]> {
    await eventually(GONE_LIMIT_MS, async () => (await stage.service.liveCalls()) === 0);
    expect(systemClock.nowMs() - sinceMs).toBeLessThan(GONE_LIMIT_MS);
    return stage.legsTo(number, 2);
  }

  /** Both legs end at the last proof of life, and nothing beyond it is charged. */
  async function expectEndedAt(legs: readonly FoundCdr[], atMs: number, ada: Subscriber): Promise<void> {
    for (const leg of legs) {
      expect(leg).toMatchObject({ result: 'media-lost', endedBy: 'network' });
      expect(Math.abs(leg.endedAtMs - atMs)).toBeLessThan(TOLERANCE_MS);
    }
    expect(legs[0]?.endedAtMs).toBe(legs[1]?.endedAtMs);
    const [, outside] = legs;
    const seconds = Math.ceil(((outside?.endedAtMs ?? 0) - (outside?.answeredAtMs ?? 0)) / 1_000);
    expect(outside?.rating?.charge.amountMicros).toBe(BigInt(seconds) * 10_000n);
    const { balance, held } = await stage.service.balance(ada.accountId);
    expect([balance.amountMicros, held.amountMicros]).toEqual([5_000_000n - BigInt(seconds) * 10_000n, 0n]);
  }

  it('because the caller’s telephone lost its power: the carrier is hung up on, and billing stops with the last packet', async () => {
    const { number, ada } = await callOutside();
    const cutMs = systemClock.nowMs();
    ada.phone.close();
    await expectEndedAt(await bothGone(number, cutMs), cutMs, ada);
  });

  it('because the carrier is gone: the caller is hung up on, and billing stops with the last packet', async () => {
    const { number, carrier, ada, call } = await callOutside();
    const cutMs = systemClock.nowMs();
    await carrier.stop();
    await call.whenEnded(GONE_LIMIT_MS);
    await expectEndedAt(await bothGone(number, cutMs), cutMs, ada);
  });

  it('because one side is no longer heard: it ends though both are there', async () => {
    const { number, ada, call } = await callOutside();
    const cutMs = systemClock.nowMs();
    call.sound.isSpeaking = false;
    await call.whenEnded(GONE_LIMIT_MS);
    await expectEndedAt(await bothGone(number, cutMs), cutMs, ada);
  });

  it('at the carrier alone, which does not hear ours: the record ends with the caller’s BYE', async () => {
    const { number, carrier, call } = await callOutside();
    await carrier.stop();
    await call.hangUp();
    const endedMs = systemClock.nowMs();
    for (const leg of await bothGone(number, endedMs)) {
      expect(leg).toMatchObject({ result: 'completed', endedBy: 'caller' });
      expect(Math.abs(leg.endedAtMs - endedMs)).toBeLessThan(500);
    }
  });

  it.each<[string, Direction, Direction]>([
    ['both only listen', 'recvonly', 'recvonly'],
    ['one holds the other without music and the other says nothing back', 'sendonly', 'recvonly'],
    ['both have set it inactive', 'inactive', 'inactive'],
  ])('goes on when %s: nobody is cut for silence that was announced', async (_, hers, his) => {
    const [ada, ben] = [await stage.subscriber('0', 440), await stage.subscriber('0', 660)];
    const call = await ada.phone.dial(ben.number);
    await talk(300);
    const [taken] = ben.phone.taken;
    if (!taken) throw new Error('no call');
    expect((await call.offer(hers)).status).toBe(200);
    expect((await taken.offer(his)).status).toBe(200);
    for (const one of [call, taken]) one.sound.isSpeaking = false;
    await talk(QUIET_MS);
    expect([call.isEnded, taken.isEnded]).toEqual([false, false]);
    await call.offer('sendrecv');
    await taken.offer('sendrecv');
    await Promise.all([call.hears(660), taken.hears(440)]);
    await call.hangUp();
    await taken.whenEnded();
    for (const leg of await stage.legsTo(ben.number, 2))
      expect(leg).toMatchObject({ result: 'completed', endedBy: 'caller' });
  });

  it.each(['recvonly', 'inactive', 'sendonly'] as const)(
    'goes on when it was begun %s',
    async (direction) => {
      const [ada, ben] = [await stage.subscriber('0'), await stage.subscriber('0', 660)];
      const call = await ada.phone.dial(ben.number, { direction });
      call.sound.isSpeaking = false;
      await talk(QUIET_MS);
      expect(call.isEnded).toBe(false);
      await call.hangUp();
      expect((await stage.legsTo(ben.number, 2)).map(({ result }) => result)).toEqual([
        'completed',
        'completed',
      ]);
    },
  );

  it('by a power cut while it was held: it is noticed later, and billing stops where the hold began', async () => {
    const { number, ada, call } = await callOutside();
    const heldMs = systemClock.nowMs();
    await call.offer('inactive');
    ada.phone.close();
    await eventually(
      10 * RTP_TIMEOUT_MS + GONE_LIMIT_MS,
      async () => (await stage.service.liveCalls()) === 0,
    );
    await expectEndedAt(await stage.legsTo(number, 2), heldMs, ada);
  });

  it('fits what the media server says of every leg', async () => {
    await expectNoCase();
  });
});
