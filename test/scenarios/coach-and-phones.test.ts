import { systemClock, sleep } from '../../src/kernel/clock';
import { Baresip } from '../support/baresip';
import { type Guest, RoomStage, type StageRoom } from '../support/room-stage';
import { eventually } from '../support/service';
import { strongestTone } from '../support/strongest-tone';

/** Tones that no prompt has. */
const SPEAKER_HZ = 3_450;
const LEADER_HZ = 3_550;
const COACH_HZ = 3_650;
/** A tone of a voice is heard at 8000; below the second figure nothing of it is. */
const HEARD = 1_000;
const NOT_HEARD = 100;
const BARESIP_NUMBER = '+3222225566';

const hears = (guest: Guest, toneHz: number) =>
  eventually(15_000, () => guest.call.hearing.toneAmplitude(toneHz, 0.5) > HEARD);

const doesNotHear = (guest: Guest, toneHz: number) =>
  eventually(15_000, () => guest.call.hearing.toneAmplitude(toneHz, 1) < NOT_HEARD);

describe('who hears whom, measured at the telephones', () => {
  let stage: RoomStage;
  beforeAll(async () => {
    stage = await RoomStage.open(33_600);
    await stage.service.database.write((sql) => sql.run('UPDATE trunks SET trusts_caller_id = 1'));
  });
  afterAll(async () => {
    await stage.close();
  });

  const memberOf = async (room: StageRoom, memberId: string) =>
    (await stage.live(room)).members.find((member) => member.memberId === memberId);

  it('a listed coach is heard by the moderator and not by the speaker, and hears both', async () => {
    const room = await stage.room({ allowsListedEntry: true });
    const listed = { name: 'Cleo', number: '+3222850001', role: 'coach' };
    expect((await stage.request('POST', `/rooms/${room.roomId}/list`, listed)).status).toBe(201);
    const baresip = await Baresip.start(SPEAKER_HZ);
    try {
      const anna = await stage.enter(room, 'moderator', '+3222850002');
      anna.call.sendTone(LEADER_HZ);
      const cleo = await stage.dial('+3222850001');
      await cleo.hears('welcome-listed');
      await cleo.press('#');
      await cleo.hears('entering-room');
      await hears(cleo, LEADER_HZ);
      await enterByBaresip(baresip, room);
      await hears(anna, SPEAKER_HZ);
      await hears(cleo, SPEAKER_HZ);
      cleo.call.sendTone(COACH_HZ);
      await hears(anna, COACH_HZ);
      await sleep(systemClock, 2_000);
      const { members } = await stage.live(room);
      expect(members.map(({ role }) => role)).toEqual(['moderator', 'coach', 'speaker']);
      baresip.command('hangup');
      await eventually(10_000, async () => (await stage.live(room)).members.length === 2);
      const heard = baresip.heard();
      expect(strongestTone(heard, LEADER_HZ)).toBeGreaterThan(HEARD);
      expect(strongestTone(heard, COACH_HZ)).toBeLessThan(NOT_HEARD);
      await Promise.all([anna.call.hangUp(), cleo.call.hangUp()]);
    } finally {
      await baresip.stop();
    }
  });

  async function enterByBaresip(baresip: Baresip, room: StageRoom): Promise<void> {
    baresip.command('dial', `sip:${stage.service.seed.accessNumber}@127.0.0.1:${stage.service.sipPort}`);
    await baresip.reports('CALL_ESTABLISHED');
    for (const typed of [room.roomNumber, room.participantPin]) {
      await sleep(systemClock, 1_000);
      for (const key of `${typed}#`) {
        baresip.command('sndcode', key);
        await sleep(systemClock, 250);
      }
    }
    await eventually(15_000, async () =>
      (await stage.live(room)).members.some(({ role }) => role === 'speaker'),
    );
    expect(await stage.memberId(BARESIP_NUMBER)).not.toBe('');
  }

  it('a deafened member hears nothing until he may again', async () => {
    const room = await stage.room();
    const [anna, ben] = await Promise.all([
      stage.enter(room, 'moderator', '+3222850003'),
      stage.enter(room, 'participant', '+3222850004'),
    ]);
    anna.call.sendTone(LEADER_HZ);
    ben.call.sendTone(SPEAKER_HZ);
    await hears(ben, LEADER_HZ);
    const memberId = await stage.memberId('+3222850004');
    expect(await stage.act(room, { type: 'deafen-member', memberId, on: true })).toBe(200);
    await doesNotHear(ben, LEADER_HZ);
    // He is deaf and not dumb.
    await hears(anna, SPEAKER_HZ);
    expect((await memberOf(room, memberId))?.isDeaf).toBe(true);
    expect(await stage.act(room, { type: 'deafen-member', memberId, on: false })).toBe(200);
    await hears(ben, LEADER_HZ);
    await Promise.all([anna.call.hangUp(), ben.call.hangUp()]);
  });

  it('listeners are heard in the order of their hands, as the floor is given to them', async () => {
    const room = await stage.room({ participantRole: 'listener' });
    const [anna, ben, cleo] = await Promise.all([
      stage.enter(room, 'moderator', '+3222850005'),
      stage.enter(room, 'participant', '+3222850006'),
      stage.enter(room, 'participant', '+3222850007'),
    ]);
    const [bensId, cleosId] = await Promise.all(
      ['+3222850006', '+3222850007'].map((one) => stage.memberId(one)),
    );
    ben.call.sendTone(SPEAKER_HZ);
    cleo.call.sendTone(COACH_HZ);
    await cleo.press('*2');
    await cleo.hears('hand-raised');
    expect(await stage.act(room, { type: 'raise-hand', on: true }, bensId)).toBe(200);
    expect((await stage.live(room)).hands).toEqual([cleosId, bensId]);
    await doesNotHear(anna, COACH_HZ);
    await doesNotHear(anna, SPEAKER_HZ);
    expect(await stage.act(room, { type: 'give-floor' })).toBe(200);
    await hears(anna, COACH_HZ);
    expect(anna.call.hearing.toneAmplitude(SPEAKER_HZ, 1)).toBeLessThan(NOT_HEARD);
    expect((await stage.live(room)).hands).toEqual([bensId]);
    expect(await stage.act(room, { type: 'give-floor' })).toBe(200);
    await hears(anna, SPEAKER_HZ);
    expect((await stage.live(room)).hands).toEqual([]);
    expect(await stage.act(room, { type: 'give-floor' })).toBe(409);
    await Promise.all([anna.call.hangUp(), ben.call.hangUp(), cleo.call.hangUp()]);
  });
});
