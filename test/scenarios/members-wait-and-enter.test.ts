import { eventually } from '../support/service';
import { RoomStage } from '../support/room-stage';

describe('at the door of a room', () => {
  let stage: RoomStage;
  beforeAll(async () => {
    stage = await RoomStage.open(31_800);
  });
  afterAll(async () => {
    await stage.close();
  });

  const cdrOf = async (number: string) => {
    let found: Awaited<ReturnType<typeof stage.service.cdrs>>[number] | undefined;
    await eventually(15_000, async () => {
      found = (await stage.service.cdrs()).find(({ fromNumber }) => fromNumber === number);
      return found !== undefined;
    });
    return found;
  };

  it('who comes before the moderator hears music, pays nothing for it, and enters with him', async () => {
    const room = await stage.room({ waitsForModerator: true });
    const ben = await stage.knock(room, 'participant', '+3222100001');
    await ben.hears('waiting-for-moderator');
    await ben.hears('music');
    expect((await stage.live(room)).members).toMatchObject([{ place: 'waiting', role: 'speaker' }]);
    const anna = await stage.enter(room, 'moderator', '+3222100002');
    await ben.hears('entering-room');
    await anna.hears('entered', 2);
    await ben.call.hangUp();
    await anna.call.hangUp();
    const cdr = await cdrOf('+3222100001');
    expect(cdr).toMatchObject({ result: 'completed', roomRole: 'speaker' });
    expect(cdr?.waitedMs).toBeGreaterThan(1_000);
    expect((cdr?.chargedFromMs ?? 0) - (cdr?.answeredAtMs ?? 0)).toBeGreaterThan(cdr?.waitedMs ?? 0);
  });

  it('the lobby is emptied one by one by keypad: one is let in, one is turned away and told', async () => {
    const room = await stage.room({ lobby: true });
    const anna = await stage.enter(room, 'moderator', '+3222100003');
    const ben = await stage.knock(room, 'participant', '+3222100004');
    await ben.hears('waiting-in-lobby');
    await anna.hears('somebody-in-lobby');
    const cleo = await stage.knock(room, 'participant', '+3222100005');
    await cleo.hears('waiting-in-lobby');
    await anna.press('*93');
    await ben.hears('entering-room');
    await anna.press('*94');
    await cleo.hears('not-admitted');
    await cleo.call.ended;
    expect(await cdrOf('+3222100005')).toMatchObject({
      result: 'not-admitted',
      endedBy: 'moderator',
      chargedFromMs: null,
      roomId: room.roomId,
    });
    await anna.call.hangUp();
    await ben.call.hangUp();
  });

  it('who was removed hears it, and does not come in again while the conversation goes on', async () => {
    const room = await stage.room();
    const anna = await stage.enter(room, 'moderator', '+3222100006');
    const ben = await stage.enter(room, 'participant', '+3222100007');
    await anna.press('*72#');
    await ben.hears('kicked');
    await ben.call.ended;
    await anna.hears('left');
    expect(await cdrOf('+3222100007')).toMatchObject({ result: 'kicked', endedBy: 'moderator' });
    const again = await stage.knock(room, 'participant', '+3222100007');
    await again.hears('barred');
    await again.call.ended;
    await anna.call.hangUp();
  });

  it('a locked room lets nobody in but those who lead', async () => {
    const room = await stage.room();
    const anna = await stage.enter(room, 'moderator', '+3222100008');
    expect(await stage.act(room, { type: 'lock', on: true })).toBe(200);
    await anna.hears('room-is-locked');
    const ben = await stage.knock(room, 'participant', '+3222100009');
    await ben.hears('room-locked');
    await ben.call.ended;
    expect(await cdrOf('+3222100009')).toMatchObject({ result: 'room-locked', chargedFromMs: null });
    const second = await stage.enter(room, 'moderator', '+3222100010');
    await second.press('*8');
    await anna.hears('room-is-unlocked');
    const late = await stage.enter(room, 'participant', '+3222100011');
    await late.call.hangUp();
    await second.call.hangUp();
    await anna.call.hangUp();
  });

  it('a spoken name is what the others hear of somebody who comes and goes, and is forgotten with him', async () => {
    const room = await stage.room({ entrySound: 'name' });
    const anna = await stage.knock(room, 'moderator', '+3222100012');
    await anna.hears('say-your-name');
    await anna.press('#');
    await anna.hears('entering-room');
    const ben = await stage.knock(room, 'participant', '+3222100013');
    await ben.hears('say-your-name');
    ben.call.sendTone(3_300);
    await eventually(10_000, () => ben.ear.heard.includes('entering-room'));
    await anna.hears('has-entered');
    await ben.call.hangUp();
    await anna.hears('has-left');
    expect(stage.service.spokenNames()).not.toHaveLength(0);
    await anna.call.hangUp();
    await eventually(15_000, () => stage.service.spokenNames().length === 0);
  });
});

describe('the end of a conversation', () => {
  let stage: RoomStage;
  beforeAll(async () => {
    stage = await RoomStage.open(32_000);
  });
  afterAll(async () => {
    await stage.close();
  });

  it('comes for the last one after the room’s time, who hears why, and the reason stands in his CDR', async () => {
    const room = await stage.room({ endsAloneAfterSeconds: 10 });
    const ben = await stage.enter(room, 'participant', '+3222200001');
    await ben.hears('room-ends-alone');
    await ben.call.ended;
    const [cdr] = await stage.service.ratedCdrs(1);
    expect(cdr).toMatchObject({ result: 'room-alone', endedBy: 'house' });
    const talkedMs = (cdr?.endedAtMs ?? 0) - (cdr?.chargedFromMs ?? 0);
    expect(Math.round(talkedMs / 1_000)).toBeGreaterThanOrEqual(10);
    expect(Math.round(talkedMs / 1_000)).toBeLessThanOrEqual(12);
  });

  it('comes for all when a moderator says so by keypad', async () => {
    const room = await stage.room();
    const anna = await stage.enter(room, 'moderator', '+3222200002');
    const ben = await stage.enter(room, 'participant', '+3222200003');
    await anna.press('*99');
    await ben.hears('room-ended');
    await anna.hears('room-ended');
    await Promise.all([anna.call.ended, ben.call.ended]);
    const cdrs = (await stage.service.ratedCdrs(3)).slice(0, 2);
    expect(cdrs.map(({ result, endedBy }) => `${result} ${endedBy}`)).toEqual([
      'room-ended moderator',
      'room-ended moderator',
    ]);
  });
});
