import { systemClock } from '../../src/kernel/clock';
import { RoomStage } from '../support/room-stage';
import { eventually } from '../support/service';

describe('the rules that end a conversation', () => {
  let stage: RoomStage;
  beforeAll(async () => {
    stage = await RoomStage.open(33_700);
  });
  afterAll(async () => {
    await stage.close();
  });

  it('end it without a moderator, and where nobody speaks, after the times of the rooms', async () => {
    const [led, silent] = [
      await stage.room({ endsWithoutModeratorAfterSeconds: 10 }),
      await stage.room({ endsSilentAfterSeconds: 30 }),
    ];
    const [anna, ben, cleo, dora, eve] = await Promise.all([
      stage.enter(led, 'moderator', '+3222850008'),
      stage.enter(led, 'participant', '+3222850009'),
      stage.enter(led, 'participant', '+3222850010'),
      stage.enter(silent, 'moderator', '+3222850011'),
      stage.enter(silent, 'participant', '+3222850012'),
    ]);
    const goneAtMs = systemClock.nowMs();
    await anna.call.hangUp();
    await Promise.all([ben, cleo].map((guest) => guest.hears('room-ends-without-moderator')));
    await Promise.all([ben, cleo].map(({ call }) => call.ended));
    await eventually(45_000, () => [dora, eve].every(({ ear }) => ear.heard.includes('room-ends-silent')));
    await Promise.all([dora, eve].map(({ call }) => call.ended));
    const endOf = async (numbers: readonly string[]) => {
      const cdrs = (await stage.service.cdrs()).filter(({ fromNumber }) =>
        numbers.includes(fromNumber ?? ''),
      );
      return cdrs.map(({ result, endedBy, endedAtMs }) => ({ told: `${result} ${endedBy}`, endedAtMs }));
    };
    await eventually(10_000, async () => (await endOf(['+3222850011', '+3222850012'])).length === 2);
    const withoutLeader = await endOf(['+3222850009', '+3222850010']);
    expect(withoutLeader.map(({ told }) => told)).toEqual([
      'room-no-moderator house',
      'room-no-moderator house',
    ]);
    for (const { endedAtMs } of withoutLeader) expect(endedAtMs - goneAtMs).toBeGreaterThanOrEqual(10_000);
    expect((await endOf(['+3222850011', '+3222850012'])).map(({ told }) => told)).toEqual([
      'room-silent house',
      'room-silent house',
    ]);
  });
});
