import { DIALECTS, type TestDatabase } from '../../test/support/databases';
import { databaseWithOwner } from '../../test/support/room-builders';
import { integer } from '../kernel/unit-of-work';
import { forgetOldGuesses, type PinTry, takeTry } from './guess-counters-store';
import { createRoom, rotateRoomSecrets } from './rooms-store';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const nowMs = Date.UTC(2026, 0, 15);

describe.each(DIALECTS)('counted guesses on %s', (dialect) => {
  let test: TestDatabase;
  let room: { id: string; ownerAccountId: string };
  let names = 0;
  beforeAll(async () => {
    test = await databaseWithOwner(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(async () => {
    ({ room } = await createRoom(test.database, {
      ownerAccountId: 'owner',
      name: 'Tea',
      maxSeats: 20,
      nowMs,
    }));
  });

  const newNumber = () => `+32222${String(++names).padStart(6, '0')}`;
  const newTrunk = () => ({ id: `trunk-${++names}`, trustsCallerId: true });
  /** A wrong pair for the room from a new number over a new trunk, except for what is given. */
  const aTry = (given: Partial<PinTry> = {}): PinTry => ({
    callerNumber: newNumber(),
    trunk: newTrunk(),
    room,
    right: false,
    ...given,
  });
  const failures = async (subject: string) => {
    const [row] = await test.database.read.all('SELECT failures FROM guess_counters WHERE subject = ?', [
      subject,
    ]);
    return row ? integer(row.failures) : null;
  };
  const take = (pinTry: PinTry, atMs = nowMs) => takeTry(test.database, pinTry, atMs);
  const repeat = async (times: number, pinTry: () => PinTry, atMs = nowMs) => {
    for (let n = 0; n < times; n++) await take(pinTry(), atMs);
  };
  const alertsOf = (column: 'room_id' | 'trunk_id' | 'caller_number', value: string) =>
    test.database.read.all(
      `SELECT kind, owner_account_id, room_id, caller_number, trunk_id, raised_at_ms FROM alerts WHERE ${column} = ?`,
      [value],
    );

  it('count 20 when 20 wrong pairs come at once, and raise one alert', async () => {
    const trunk = newTrunk();
    await Promise.all(Array.from({ length: 20 }, () => take(aTry({ trunk }))));
    expect(await failures(`room:${room.id}`)).toBe(20);
    expect(await failures(`trunk:${trunk.id}`)).toBe(20);
    expect((await alertsOf('room_id', room.id)).map(({ kind }) => kind)).toEqual(['guess-lockout-room']);
  });

  it('compare no more than 20 of 60 wrong pairs that come at once', async () => {
    const judged = await Promise.all(Array.from({ length: 60 }, () => take(aTry())));
    expect(judged.filter(({ locked }) => !locked)).toHaveLength(20);
  });

  it('outlive the call: the tenth wrong pair of a number locks it out of every room for an hour', async () => {
    const callerNumber = newNumber();
    await repeat(10, () => aTry({ callerNumber, room: null }));
    const rightPair = () => aTry({ callerNumber, right: true });
    expect(await take(rightPair(), nowMs + HOUR_MS - 1)).toMatchObject({ admitted: false, locked: true });
    expect(await take(rightPair(), nowMs + HOUR_MS)).toMatchObject({ admitted: true });
    const alerts = await alertsOf('caller_number', callerNumber);
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({ kind: 'guess-lockout-caller', room_id: null, owner_account_id: null });
    expect(integer(alerts[0]?.raised_at_ms)).toBe(nowMs);
  });

  it('tell the owner of the room by name what was guessed at, from where and when', async () => {
    const trunk = newTrunk();
    const callerNumber = newNumber();
    await repeat(10, () => aTry({ callerNumber, trunk }));
    expect(await alertsOf('room_id', room.id)).toEqual([
      expect.objectContaining({
        kind: 'guess-lockout-caller',
        owner_account_id: 'owner',
        room_id: room.id,
        caller_number: callerNumber,
        trunk_id: trunk.id,
      }),
    ]);
  });

  it('leave the owner in from his own number, over the same trunk as a guesser', async () => {
    const trunk = newTrunk();
    const guesser = newNumber();
    await repeat(15, () => aTry({ callerNumber: guesser, trunk }));
    expect(await take(aTry({ trunk, right: true }))).toMatchObject({ admitted: true });
  });

  it('leave a number in its room during the room’s lockout when it opened the room before', async () => {
    const trunk = newTrunk();
    const callerNumber = newNumber();
    const rightPair = () => aTry({ callerNumber, trunk, right: true });
    await take(rightPair());
    await repeat(20, () => aTry());
    expect(await take(rightPair())).toMatchObject({ admitted: true });
    expect(await take(aTry({ right: true }))).toMatchObject({ admitted: false, locked: true });
    const forged = { id: 'forging', trustsCallerId: false };
    expect(await take(aTry({ callerNumber, trunk: forged, right: true }))).toMatchObject({ admitted: false });
  });

  it('are not held against a number that another trunk shows without being trusted', async () => {
    const callerNumber = newNumber();
    await repeat(10, () => aTry({ callerNumber, trunk: { id: 'forging', trustsCallerId: false } }));
    expect(await take(aTry({ callerNumber, right: true }))).toMatchObject({ admitted: true });
  });

  it('of withheld numbers are one counter for each trunk', async () => {
    const trunk = newTrunk();
    await repeat(10, () => aTry({ callerNumber: null, trunk, room: null }));
    expect(await take(aTry({ callerNumber: null, trunk, right: true }))).toMatchObject({ admitted: false });
    expect(await take(aTry({ callerNumber: null, right: true }))).toMatchObject({ admitted: true });
  });

  it('at a room are forgotten when its Room ID and PINs are rotated', async () => {
    await repeat(20, () => aTry());
    await rotateRoomSecrets(test.database, room.id);
    expect(await take(aTry({ right: true }))).toMatchObject({ admitted: true });
  });

  it('are removed when they have run out, a lockout not before its end', async () => {
    const locked = newNumber();
    const once = newNumber();
    const lateMs = nowMs + 2 * DAY_MS;
    await repeat(10, () => aTry({ callerNumber: locked, room: null }), lateMs - HOUR_MS + 1);
    await take(aTry({ callerNumber: once, room: null }), lateMs - DAY_MS);
    expect(await forgetOldGuesses(test.database, lateMs)).toBeGreaterThan(0);
    expect(await failures(`caller:${once}`)).toBeNull();
    expect(await failures(`caller:${locked}`)).toBe(10);
    expect(await alertsOf('caller_number', locked)).toHaveLength(1);
    await forgetOldGuesses(test.database, lateMs + 366 * DAY_MS);
    expect(await alertsOf('caller_number', locked)).toHaveLength(0);
  });
});
