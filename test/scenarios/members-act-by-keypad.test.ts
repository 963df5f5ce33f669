import { RoomStage } from '../support/room-stage';

describe('in a room, by keypad and API alike', () => {
  let stage: RoomStage;
  beforeAll(async () => {
    stage = await RoomStage.open(31_600);
  });
  afterAll(async () => {
    await stage.close();
  });

  it('a moderator’s mute is heard, cannot be undone by the muted, and silences him for the others', async () => {
    const room = await stage.room();
    const anna = await stage.enter(room, 'moderator', '+3222000001');
    const ben = await stage.enter(room, 'participant', '+3222000002');
    await anna.hears('entered');
    ben.call.sendTone(2_900);
    await anna.hears('entered');
    await anna.press('*62#');
    await ben.hears('muted-by-moderator');
    await ben.press('*1');
    await ben.hears('cannot-unmute');
    const { members } = await stage.live(room);
    expect(members.map(({ number, muted }) => [number, muted])).toEqual([
      [1, null],
      [2, 'moderator'],
    ]);
    expect(await stage.act(room, { type: 'mute-self', on: false }, await stage.memberId('+3222000002'))).toBe(
      409,
    );
    await anna.call.hangUp();
    await ben.call.hangUp();
  });
});
