import { systemClock } from '../../src/kernel/clock';
import { e164 } from '../../src/kernel/phone-number';
import { createSchedule } from '../../src/rooms/schedule/schedules-store';
import { meeting } from '../support/room-builders';
import { RoomStage } from '../support/room-stage';
import { eventually } from '../support/service';

describe('a room with a number list', () => {
  let stage: RoomStage;
  beforeAll(async () => {
    stage = await RoomStage.open(32_600);
  });
  afterAll(async () => {
    await stage.close();
  });

  const trust = (trusts: boolean) =>
    stage.service.database.write((sql) =>
      sql.run('UPDATE trunks SET trusts_caller_id = ?', [trusts ? 1 : 0]),
    );
  const phaseOf = async (number: string) =>
    (await stage.get<{ calls: { fromNumber: string; phase: string }[] }>('/live/calls')).calls.find(
      ({ fromNumber }) => fromNumber === number,
    )?.phase;

  it('lets a listed caller in without a PIN if his caller ID can be trusted, in his role; a made-up one is asked for the PIN', async () => {
    const room = await stage.room({ allowsListedEntry: true });
    const listed = await stage.request('POST', `/rooms/${room.roomId}/list`, {
      name: 'Dora',
      number: '+3222600001',
      role: 'moderator',
    });
    expect(listed.status).toBe(201);

    const spoofed = await stage.dial('+3222600001');
    await spoofed.hears('welcome-enter-room-id');
    await spoofed.press(`${room.roomNumber}#`);
    await spoofed.hears('enter-pin');
    await spoofed.call.hangUp();

    await trust(true);
    const dora = await stage.dial('+3222600001');
    await dora.hears('welcome-listed');
    await dora.press('#');
    await dora.hears('entering-room');
    await eventually(10_000, async () => (await phaseOf('+3222600001')) === 'talking');
    expect((await stage.live(room)).members).toMatchObject([
      { name: 'Dora', role: 'moderator', place: 'inside' },
    ]);

    const stranger = await stage.dial('+3222600002');
    await stranger.hears('welcome-enter-room-id');
    await stranger.press(`${room.roomNumber}#`);
    await stranger.hears('enter-pin');
    await stranger.call.hangUp();
    await dora.call.hangUp();
    await trust(false);
  });

  it('is added to by a moderator’s keypad', async () => {
    const room = await stage.room();
    const anna = await stage.enter(room, 'moderator', '+3222600003');
    await anna.press('*960032226000 04#'.replace(' ', ''));
    await anna.hears('number-listed');
    const { entries } = await stage.get<{ entries: object[] }>(`/rooms/${room.roomId}/list`);
    expect(entries).toMatchObject([
      { number: '+3222600004', mayEnter: true, dialOut: true, role: 'speaker' },
    ]);
    await anna.press('*96123#');
    await anna.hears('number-not-valid');
    await anna.call.hangUp();
  });

  it('speaks the language that a caller chooses', async () => {
    const guest = await stage.dial('+3222600005');
    await guest.hears('welcome-enter-room-id');
    await guest.press('9#');
    await guest.hears('choose-language-menu');
    await guest.press('3');
    await guest.hears('welcome-enter-room-id', 2);
    const languages = guest.ear.heard.filter((heard) => heard.startsWith('in-'));
    expect([...new Set(languages)]).toEqual(['in-en', 'in-fr']);
    await guest.call.hangUp();
  });

  it('with a schedule is closed outside its time, and says so', async () => {
    const room = await stage.room();
    const tomorrow = new Date(systemClock.nowMs() + 86_400_000).toISOString().slice(0, 16);
    await createSchedule(
      stage.service.database,
      room.roomId,
      meeting({ startsLocal: tomorrow }),
      systemClock.nowMs(),
    );
    const ben = await stage.knock(room, 'participant', String(e164('+3222600006')));
    await ben.hears('room-not-yet');
    await ben.call.ended;
    await eventually(15_000, async () => (await stage.service.cdrs())[0]?.result === 'room-not-yet');
    expect((await stage.service.cdrs())[0]).toMatchObject({ fromNumber: '+3222600006', chargedFromMs: null });
  });
});
