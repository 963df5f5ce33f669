import { integer } from '../../src/kernel/unit-of-work';
import { systemClock } from '../../src/kernel/clock';
import { GUESS_LIMITS, type GuessKind } from '../../src/rooms/guess-limits';
import { type PinTry, takeTry } from '../../src/rooms/guess-counters-store';
import { createRoom } from '../../src/rooms/rooms-store';
import { trunkByAddress } from '../../src/trunks/trunks-store';
import { DIALECTS, type TestDatabase } from '../support/databases';
import { FakeClock } from '../support/fake-clock';
import { databaseWithOwner } from '../support/room-builders';
import { RoomStage } from '../support/room-stage';
import { eventually } from '../support/service';

const HOUR_MS = 3_600_000;
const GUESSES = 1_100;
/** The attacker's lines, all guessing at once; every call has three tries and then shows another number. */
const LINES = 20;
const TRIES_A_CALL = 3;
const ROOMS = 10;
/** One line never changes its number, and looks for Room IDs that exist. */
const STUBBORN_LINE = 0;
/** Of the others' guesses every so many does that too. */
const UNKNOWN_ROOM_EVERY = 7;

type Compared = { readonly kind: GuessKind; readonly subject: string; readonly atMs: number };

describe.each(DIALECTS)(`${GUESSES} guesses as fast as the delays allow, on %s`, (dialect) => {
  let test: TestDatabase;
  const clock = new FakeClock();
  const vouched = { id: 'vouched', trustsCallerId: true };
  const spare = { id: 'spare', trustsCallerId: false };
  const rooms: { id: string; ownerAccountId: string }[] = [];
  const compared: Compared[] = [];
  const known = '+3222900000';
  let strangers = 0;
  const stranger = () => `+32229${String(++strangers).padStart(5, '0')}`;
  let luckyAdmitted = 0;
  let luckyTries = 0;

  beforeAll(async () => {
    test = await databaseWithOwner(dialect);
    for (let n = 0; n < ROOMS; n++) {
      const wish = { ownerAccountId: 'owner', name: `Room ${n}`, maxSeats: 20, nowMs: clock.nowMs() };
      rooms.push((await createRoom(test.database, wish)).room);
    }
    for (const room of rooms) await attempt({ callerNumber: known, room, right: true });
    await attack();
  }, 60_000);
  afterAll(() => test.drop());

  const attempt = (given: Partial<PinTry>) =>
    takeTry(
      test.database,
      { callerNumber: stranger(), trunk: vouched, room: null, right: false, ...given },
      clock.nowMs(),
    );

  /** Guesses over the trunk until it is shut, then over the other; goes round the rooms; is right once a room is locked. */
  async function attack(): Promise<void> {
    const lines = Array.from({ length: LINES }, () => ({
      readyAtMs: clock.nowMs(),
      tries: 0,
      number: stranger(),
    }));
    for (let guess = 0; guess < GUESSES; guess++) {
      const line = lines.reduce((first, other) => (other.readyAtMs < first.readyAtMs ? other : first));
      await clock.advance(Math.max(line.readyAtMs - clock.nowMs(), 0));
      const isStubborn = line === lines[STUBBORN_LINE];
      if (!isStubborn && line.tries % TRIES_A_CALL === 0) line.number = stranger();
      const room = isStubborn || guess % UNKNOWN_ROOM_EVERY === 0 ? null : (rooms[guess % ROOMS] ?? null);
      const trunk = guess % 10 === 9 ? spare : vouched;
      const right = room !== null && comparisonsOf(`room:${room.id}`) >= GUESS_LIMITS.room.lockedAtFailures;
      const judged = await attempt({ callerNumber: line.number, trunk, room, right });
      if (right) luckyTries += 1;
      if (right && judged.admitted) luckyAdmitted += 1;
      if (!judged.locked) note(line.number, trunk, room);
      line.tries += 1;
      // An answer that is not kept back still takes the telephone a second to type for.
      line.readyAtMs = clock.nowMs() + Math.max(judged.delayMs, 1_000);
    }
  }

  function note(number: string, trunk: typeof vouched, room: { id: string } | null): void {
    const atMs = clock.nowMs();
    const caller = trunk.trustsCallerId ? `caller:${number}` : `caller:${number}@${trunk.id}`;
    compared.push(
      { kind: 'caller', subject: caller, atMs },
      { kind: 'trunk', subject: `trunk:${trunk.id}`, atMs },
    );
    if (room) compared.push({ kind: 'room', subject: `room:${room.id}`, atMs });
  }

  const comparisonsOf = (subject: string) => compared.filter((one) => one.subject === subject).length;

  /** The attack is strong enough to meet the limits of caller and room. */
  it.each([
    ['caller', true],
    ['room', true],
    ['trunk', false],
  ] as const)('are compared for no %s more often an hour than its limit', (kind, isMet) => {
    const ofKind = compared.filter((one) => one.kind === kind);
    const subjects = [...new Set(ofKind.map(({ subject }) => subject))];
    const most = Math.max(
      ...subjects.map((subject) => mostInAnHour(ofKind.filter((one) => one.subject === subject))),
    );
    expect(most).toBeLessThanOrEqual(GUESS_LIMITS[kind].lockedAtFailures);
    expect(most === GUESS_LIMITS[kind].lockedAtFailures).toBe(isMet);
  });

  it('let nobody in who was right after the room’s limit, and before it the chance is below one in a thousand', () => {
    expect(luckyTries).toBeGreaterThan(GUESSES / 2);
    expect(luckyAdmitted).toBe(0);
    const comparedAtRooms = compared.filter(({ kind }) => kind === 'room').length;
    expect(comparedAtRooms).toBeLessThanOrEqual(ROOMS * GUESS_LIMITS.room.lockedAtFailures);
    expect((comparedAtRooms * 2) / 900_000).toBeLessThan(1e-3);
  });

  it('tell the owner of each room exactly once that it is locked', async () => {
    const alerts = await test.database.read.all(
      "SELECT room_id, owner_account_id FROM alerts WHERE kind = 'guess-lockout-room' ORDER BY room_id",
    );
    expect(alerts).toEqual(
      rooms
        .map(({ id }) => ({ room_id: id, owner_account_id: 'owner' }))
        .toSorted((a, b) => (a.room_id < b.room_id ? -1 : 1)),
    );
    const [callers] = await test.database.read.all(
      "SELECT COUNT(*) AS n, COUNT(DISTINCT caller_number) AS numbers FROM alerts WHERE kind = 'guess-lockout-caller'",
    );
    expect([integer(callers?.n), integer(callers?.numbers)]).toEqual([1, 1]);
  });

  it('keep out a stranger who is right, and not a number that the room knows', async () => {
    for (const room of rooms) {
      expect((await attempt({ room, right: true })).admitted).toBe(false);
      expect((await attempt({ room, callerNumber: known, right: true })).admitted).toBe(true);
    }
  });

  it('lock the trunk too when they go on: a caller’s first try is heard, his second is not compared for 15 minutes', async () => {
    const { lockedAtFailures, lockMs } = GUESS_LIMITS.trunk;
    let sinceLocked = 0;
    while (!(await trunkLocked()) && sinceLocked++ < lockedAtFailures) await attempt({});
    const [alerts] = await test.database.read.all(
      "SELECT COUNT(*) AS n FROM alerts WHERE kind = 'guess-lockout-trunk'",
    );
    expect(integer(alerts?.n)).toBe(1);
    const callerNumber = stranger();
    expect((await attempt({ callerNumber })).locked).toBe(false);
    expect((await attempt({ callerNumber })).locked).toBe(true);
    await clock.advance(lockMs);
    expect((await attempt({ callerNumber })).locked).toBe(false);
  });

  const trunkLocked = async () => {
    const [row] = await test.database.read.all(
      "SELECT locked_until_ms FROM guess_counters WHERE subject = 'trunk:vouched'",
    );
    return row?.locked_until_ms !== null;
  };

  it('are forgotten by themselves: a day later a stranger who is right gets into every room', async () => {
    await clock.advance(GUESS_LIMITS.room.lockMs);
    for (const room of rooms) expect((await attempt({ room, right: true })).admitted).toBe(true);
  });
});

/** Most comparisons in any hour; times ascend. */
function mostInAnHour(compared: readonly Compared[]): number {
  let from = 0;
  let most = 0;
  for (const [index, { atMs }] of compared.entries()) {
    while (atMs - (compared[from]?.atMs ?? 0) >= HOUR_MS) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

describe('a dozen guesses by telephone', () => {
  let stage: RoomStage;
  beforeAll(async () => {
    stage = await RoomStage.open(33_500);
  });
  afterAll(async () => {
    await stage.close();
  });

  it('count with those before: the last locks the room, its owner has one alert, and who was there before gets in', async () => {
    const { database } = stage.service;
    await database.write((sql) => sql.run('UPDATE trunks SET trusts_caller_id = 1'));
    const room = await stage.room();
    const anna = await stage.enter(room, 'participant', '+3222900001');
    await anna.call.hangUp();
    const trunk = await trunkByAddress(database.read, '127.0.0.1');
    if (!trunk) throw new Error('the test phone belongs to no trunk');
    const earlier = GUESS_LIMITS.room.lockedAtFailures - 12;
    for (let n = 0; n < earlier; n++) {
      const wrong = { room: { id: room.roomId, ownerAccountId: room.accountId }, right: false };
      await takeTry(database, { callerNumber: `+322290002${n}`, trunk, ...wrong }, systemClock.nowMs());
    }
    const alertsOfRoom = async () =>
      (await stage.get<{ alerts: { kind: string; roomId: string | null }[] }>('/alerts')).alerts.filter(
        ({ kind, roomId }) => kind === 'guess-lockout-room' && roomId === room.roomId,
      ).length;
    expect(await alertsOfRoom()).toBe(0);
    await Promise.all(['+3222900011', '+3222900012', '+3222900013', '+3222900014'].map(guess));
    await eventually(5_000, async () => (await alertsOfRoom()) > 0);

    const [stranger, again] = await Promise.all([
      stage.knock(room, 'participant', '+3222900015'),
      stage.enter(room, 'participant', '+3222900001'),
    ]);
    await stranger.hears('wrong-enter-room-id');
    expect(await alertsOfRoom()).toBe(1);
    await Promise.all([stranger.call.hangUp(), again.call.hangUp()]);

    async function guess(number: string): Promise<void> {
      // A drawn PIN begins with no zero.
      const guest = await stage.knock({ ...room, participantPin: '048271' }, 'participant', number);
      for (let tries = 1; tries < TRIES_A_CALL; tries++) {
        await guest.hears('wrong-enter-room-id', tries);
        await guest.press(`${room.roomNumber}#`);
        await guest.hears('enter-pin', tries + 1);
        await guest.press('048271#');
      }
      await guest.call.ended;
    }
  });
});
