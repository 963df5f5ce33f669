import { RoomStage } from '../support/room-stage';

describe('an account by telephone', () => {
  let stage: RoomStage;
  beforeAll(async () => {
    stage = await RoomStage.open(32_800);
  });
  afterAll(async () => {
    await stage.close();
  });

  it('tells its balance after 0# and the account PIN, and the caller goes on into a room in the same call', async () => {
    const room = await stage.room();
    const { json } = await stage.request('POST', `/accounts/${room.accountId}/pin`, {});
    const { pin } = json as { pin: string };
    const anna = await stage.dial('+3222700001');
    await anna.hears('welcome-enter-room-id');
    await anna.press('0#');
    await anna.hears('enter-account-pin');
    await anna.press(`${pin}#`);
    await anna.hears('your-balance-is');
    await anna.hears('enter-number');
    await anna.press('1#');
    await anna.hears('welcome-enter-room-id', 2);
    await anna.press(`${room.roomNumber}#`);
    await anna.hears('enter-pin');
    await anna.press(`${room.participantPin}#`);
    await anna.hears('entering-room');
    await anna.hears('entered');
    await anna.call.hangUp();
    const [cdr] = await stage.service.ratedCdrs(1);
    expect(cdr).toMatchObject({ result: 'completed', roomId: room.roomId });
    expect(stage.service.logLines.join('\n')).not.toContain(pin);
  });

  it('tells a wrong PIN nothing', async () => {
    const guest = await stage.dial('+3222700002');
    await guest.hears('welcome-enter-room-id');
    await guest.press('0#');
    await guest.hears('enter-account-pin');
    await guest.press('123456654321#');
    await guest.hears('wrong-enter-room-id');
    expect(guest.ear.heard).not.toContain('your-balance-is');
    await guest.call.hangUp();
  });
});
