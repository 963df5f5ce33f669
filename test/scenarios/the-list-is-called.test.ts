import { e164 } from '../../src/kernel/phone-number';
import { systemClock } from '../../src/kernel/clock';
import { addListEntry } from '../../src/rooms/list/list-store';
import { changeTrunk, trunkByAddress } from '../../src/trunks/trunks-store';
import { RoomStage, type StageRoom } from '../support/room-stage';
import { eventually } from '../support/service';
import {
  calleeScenario,
  decline,
  endedByHouse,
  pause,
  pickUp,
  playDigits,
  ring,
  startCallees,
} from '../support/sipp';

/** Silent SIPp telephones send no RTP between their keys: long enough for the whole story. */
const SETTINGS = { RTP_TIMEOUT_MS: '120000' };

const number = (n: number) => e164(`+32223000${String(n).padStart(2, '0')}`);

describe('a room’s list of ten, with two voicemails and one busy line', () => {
  let stage: RoomStage;
  let room: StageRoom;
  let callees: Awaited<ReturnType<typeof startCallees>>;

  beforeAll(async () => {
    stage = await RoomStage.open(32_200, SETTINGS);
    const answers = [ring, pause(300), pickUp];
    callees = await startCallees(
      calleeScenario([
        { numbers: '\\+322230000[12]', steps: [...answers, endedByHouse()].join('\n') },
        { numbers: '\\+3222300003', steps: decline('486 Busy Here') },
        {
          numbers: '\\+32223000[0-9]+',
          steps: [...answers, pause(1_500), playDigits('1'), endedByHouse(90_000)].join('\n'),
        },
      ]),
    );
    const { database } = stage.service;
    const trunk = await trunkByAddress(database.read, '127.0.0.1');
    await changeTrunk(database, trunk?.id ?? '', {
      outward: { targets: [{ host: '127.0.0.1', port: callees.sipPort }] },
    });
    room = await stage.room({ dialOutParallel: 3, dialOutAttempts: 2, dialOutRetrySeconds: 10 });
    const nowMs = systemClock.nowMs();
    for (let n = 1; n <= 10; n++)
      await addListEntry(
        database,
        room.roomId,
        {
          name: `callee ${n}`,
          number: number(n),
          role: 'speaker',
          language: null,
          mayEnter: true,
          dialOut: true,
          validFromMs: null,
          validUntilMs: null,
        },
        nowMs,
      );
  });
  afterAll(async () => {
    await callees.stop();
    await stage.close();
  });

  it('brings seven into the room by the moderator’s key, three at a time; voicemail never joins; every attempt has its CDR', async () => {
    const anna = await stage.enter(room, 'moderator', '+3222399999');
    await anna.press('*95');
    await anna.hears('dial-out-begins');
    let most = 0;
    await eventually(
      90_000,
      async () => {
        const { calls } = await stage.get<{ calls: { callId: string; direction: string }[] }>('/live/calls');
        const live = await stage.live(room);
        const members = new Set(live.members.map(({ memberId }) => memberId));
        const under = calls.filter(
          ({ callId, direction }) => direction === 'outbound' && !members.has(callId),
        );
        most = Math.max(most, under.length);
        return live.diallingOut === 0 && live.members.length === 8;
      },
      400,
    );
    expect(most).toBeLessThanOrEqual(3);
    await anna.press('*99');
    await anna.call.ended;
    // Seven joined; two voicemails and the busy line were tried twice each; and the moderator.
    const cdrs = await stage.service.ratedCdrs(14, 30_000);
    const told = (n: number) =>
      cdrs
        .filter(({ dialledNumber }) => dialledNumber === number(n))
        .map(({ attempt, result, sipStatus }) => `${attempt} ${result} ${sipStatus}`)
        .toSorted();
    for (const voicemail of [1, 2])
      expect(told(voicemail)).toEqual(['1 not-accepted 200', '2 not-accepted 200']);
    expect(told(3)).toEqual(['1 busy 486', '2 busy 486']);
    for (let n = 4; n <= 10; n++) expect(told(n)).toEqual(['1 room-ended 200']);
    const busy = cdrs.filter(({ result }) => result === 'busy');
    expect(busy.map(({ rating }) => rating?.charge.amountMicros)).toEqual([0n, 0n]);
    const outbound = cdrs.filter(
      ({ direction, answeredAtMs }) => direction === 'outbound' && answeredAtMs !== null,
    );
    for (const { chargedFromMs, answeredAtMs, payerAccountId, rating } of outbound) {
      expect([chargedFromMs, payerAccountId]).toEqual([answeredAtMs, room.accountId]);
      expect(rating?.charge.amountMicros).toBeGreaterThan(0n);
    }
    expect((await stage.service.balance(room.accountId)).held.amountMicros).toBe(0n);
    expect((await stage.service.ledger()).faults).toEqual([]);
  });
});
