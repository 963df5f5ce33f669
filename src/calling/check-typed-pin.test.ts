import { aTrunk } from '../../test/support/trunk-builders';
import { DIALECTS, type TestDatabase } from '../../test/support/databases';
import { databaseWithOwner } from '../../test/support/room-builders';
import { FakeClock } from '../../test/support/fake-clock';
import { setAccountPin } from '../accounts/account-pins';
import { type Log, type LogFacts, silentLog } from '../kernel/log';
import type { RoomSecrets } from '../rooms/room';
import { createRoom } from '../rooms/rooms-store';
import { checkAccountPin, checkTypedPin } from './check-typed-pin';

const trunk = aTrunk({ trustsCallerId: true });

describe.each(DIALECTS)('a typed pair on %s', (dialect) => {
  let test: TestDatabase;
  let secrets: RoomSecrets;
  let roomId: string;
  const clock = new FakeClock();
  const lines: { event: string; facts: LogFacts | undefined }[] = [];
  const note = (event: string, facts?: LogFacts) => void lines.push({ event, facts });
  const log: Log = { debug: note, info: note, warn: note, error: note };
  beforeAll(async () => {
    test = await databaseWithOwner(dialect);
    const nowMs = clock.nowMs();
    const wish = { ownerAccountId: 'owner', name: 'Tea', maxSeats: 20, nowMs };
    const made = await createRoom(test.database, wish);
    secrets = made.secrets;
    roomId = made.room.id;
  });
  afterAll(() => test.drop());

  const check = (callerNumber: string, typed: { roomNumber?: string; pin?: string }) =>
    checkTypedPin(
      { database: test.database, clock, log },
      { callId: 'call', callerNumber, line: trunk },
      { roomNumber: secrets.roomNumber, pin: secrets.participantPin, ...typed },
    );
  // Neither can be drawn: those begin with no zero.
  const wrongPin = { pin: '048271' };
  const unknownRoom = { roomNumber: '048271593' };

  it('opens the room in the role of its PIN, without delay', async () => {
    expect(await check('+3222000001', {})).toMatchObject({
      opened: { room: { id: roomId }, role: 'speaker' },
      delayMs: 0,
    });
  });

  it('is delayed and locked out alike for a wrong PIN and an unknown Room ID, then refused though it is right', async () => {
    const delaysMs = async (callerNumber: string, typed: { roomNumber?: string; pin?: string }) => {
      const delays: number[] = [];
      for (let n = 0; n < 10; n++) delays.push((await check(callerNumber, typed)).delayMs);
      return delays;
    };
    const expected = [0, 0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000];
    expect(await delaysMs('+3222000002', wrongPin)).toEqual(expected);
    expect(await delaysMs('+3222000003', unknownRoom)).toEqual(expected);
    const refused = { opened: null, delayMs: 16_000 };
    expect(await check('+3222000002', {})).toEqual(refused);
    expect(await check('+3222000003', wrongPin)).toEqual(refused);
    expect(await check('+3222000001', {})).not.toEqual(refused);
  });

  it('warns in the log once a lockout, by the id of the room, and not by one that does not exist', () => {
    const warnings = lines.filter(({ event }) => event === 'guesses locked out');
    expect(warnings.map(({ facts }) => [facts?.kind, facts?.roomId, facts?.ownerAccountId])).toEqual([
      ['caller', roomId, 'owner'],
      ['caller', null, null],
    ]);
  });

  it('stands in no log line, counter or alert', async () => {
    const stored = await Promise.all(
      ['guess_counters', 'alerts', 'room_known_callers'].map((table) =>
        test.database.read.all(`SELECT * FROM ${table}`),
      ),
    );
    const all = JSON.stringify([lines, stored]);
    for (const typed of [secrets.roomNumber, secrets.participantPin, wrongPin.pin, unknownRoom.roomNumber])
      expect(all).not.toContain(typed);
  });
});

describe.each(DIALECTS)('a typed account PIN on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await databaseWithOwner(dialect);
  });
  afterAll(() => test.drop());

  it('opens its account; wrong ones from many numbers lock it, and its owner is alerted once', async () => {
    const clock = new FakeClock();
    const pin = await setAccountPin(test.database, 'owner', clock.nowMs());
    const wrong = pin.slice(0, 6) + String((Number(pin.slice(6)) + 1) % 1_000_000).padStart(6, '0');
    const check = (callerNumber: string, typed: string) =>
      checkAccountPin(
        { database: test.database, clock, log: silentLog },
        { callId: 'call', callerNumber, line: trunk },
        typed,
      );
    expect(await check('+3222000001', pin)).toEqual({ accountId: 'owner', delayMs: 0 });
    for (let n = 0; n < 20; n++)
      expect((await check(`+32220001${String(n).padStart(2, '0')}`, wrong)).accountId).toBeNull();
    expect((await check('+3222000002', pin)).accountId).toBeNull();
    const alerts = await test.database.read.all('SELECT kind, owner_account_id, room_id FROM alerts');
    expect(alerts).toEqual([{ kind: 'guess-lockout-account', owner_account_id: 'owner', room_id: null }]);
    await clock.advance(86_400_000);
    expect((await check('+3222000002', pin)).accountId).toBe('owner');
  });
});
