import { integer } from '../../src/kernel/unit-of-work';
import { takeTry, type PinTry } from '../../src/rooms/guess-counters-store';
import { GUESS_LIMITS, type GuessKind } from '../../src/rooms/guess-limits';
import { createRoom } from '../../src/rooms/rooms-store';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../support/databases';
import { FakeClock } from '../support/fake-clock';
import { TestService } from '../support/service';
import { answeredCall, endedByHouse, infoDigits, pause, runSipp, scenario } from '../support/sipp';

const HOUR_MS = 3_600_000;
/** Dialling, the questions and typing cost an attacker at least this for one guess. */
const TYPING_MS = 3_000;

type Guess = { readonly atMs: number; readonly subjects: Readonly<Record<GuessKind, string>> };

describe.each(DIALECTS)(
  'somebody who guesses by a program, as fast as the answers come, on %s',
  (dialect) => {
    let test: TestDatabase;
    const clock = new FakeClock();
    const trusted = { id: 'trusted', trustsCallerId: true };
    const open = { id: 'open', trustsCallerId: false };
    /** Guesses whose answer would have been yes had they been right. */
    const compared: Guess[] = [];
    let guesses = 0;
    let names = 0;

    beforeAll(async () => {
      test = await emptyDatabase(dialect);
      await test.database.write((sql) =>
        sql.run(
          "INSERT INTO accounts (id, name, currency, state, deck_id, created_at_ms) VALUES ('owner', 'Owner', 'EUR', 'active', NULL, 0)",
        ),
      );
    });
    afterAll(() => test.drop());

    const newNumber = () => `+32222${String(++names).padStart(6, '0')}`;
    async function newRoom() {
      const wish = { ownerAccountId: 'owner', name: 'Tea', maxSeats: 20, nowMs: clock.nowMs() };
      return (await createRoom(test.database, wish)).room;
    }
    const take = (pinTry: PinTry) => takeTry(test.database, pinTry, clock.nowMs());

    /** One wrong guess; time goes on by typing and by the delay of the answer. */
    async function guess(pinTry: Omit<PinTry, 'right'>): Promise<boolean> {
      guesses += 1;
      const { locked, delayMs } = await take({ ...pinTry, right: false });
      const { callerNumber, room, trunk } = pinTry;
      if (!locked)
        compared.push({
          atMs: clock.nowMs(),
          subjects: { caller: `${callerNumber}@${trunk.id}`, room: room?.id ?? '', trunk: trunk.id },
        });
      await clock.advance(TYPING_MS + delayMs);
      return !locked;
    }

    const alertsFor = async (
      column: 'room_id' | 'caller_number' | 'trunk_id',
      value: string,
      kind: GuessKind,
    ) =>
      (
        await test.database.read.all(`SELECT owner_account_id FROM alerts WHERE ${column} = ? AND kind = ?`, [
          value,
          `guess-lockout-${kind}`,
        ])
      ).map((row) => row.owner_account_id);

    it('from one number is locked out after ten, with one alert, and is let try again after an hour', async () => {
      const room = await newRoom();
      const callerNumber = newNumber();
      let heard = 0;
      for (let n = 0; n < 60; n++) if (await guess({ callerNumber, trunk: trusted, room })) heard += 1;
      expect(heard).toBe(GUESS_LIMITS.caller.lockedAtFailures);
      expect(await alertsFor('caller_number', callerNumber, 'caller')).toEqual(['owner']);
      expect((await take({ callerNumber, trunk: trusted, room, right: true })).admitted).toBe(false);
      await clock.advance(HOUR_MS);
      expect((await take({ callerNumber, trunk: trusted, room, right: true })).admitted).toBe(true);
    });

    it('from a new number for every call gets twenty guesses at a room a day, its owner one alert, and a known caller still comes in', async () => {
      const room = await newRoom();
      const known = newNumber();
      expect((await take({ callerNumber: known, trunk: trusted, room, right: true })).admitted).toBe(true);
      let heard = 0;
      for (let call = 0; call < 100; call++) {
        const callerNumber = newNumber();
        for (let n = 0; n < 3; n++) if (await guess({ callerNumber, trunk: trusted, room })) heard += 1;
      }
      expect(heard).toBe(GUESS_LIMITS.room.lockedAtFailures);
      expect(await alertsFor('room_id', room.id, 'room')).toEqual(['owner']);
      const right = (callerNumber: string) => take({ callerNumber, trunk: trusted, room, right: true });
      expect((await right(newNumber())).admitted).toBe(false);
      expect((await right(known)).admitted).toBe(true);
      await clock.advance(24 * HOUR_MS);
      expect((await right(newNumber())).admitted).toBe(true);
    });

    it('with a withheld number, or many that nobody vouches for, gets no more', async () => {
      const room = await newRoom();
      let heard = 0;
      for (let n = 0; n < 100; n++)
        if (await guess({ callerNumber: n % 2 === 0 ? null : newNumber(), trunk: open, room })) heard += 1;
      expect(heard).toBeLessThanOrEqual(GUESS_LIMITS.room.lockedAtFailures);
    });

    it('at room after room over one trunk is slowed and then stopped with the trunk, which opens again by itself', async () => {
      const rooms = await Promise.all(Array.from({ length: 10 }, newRoom));
      const trunk = { id: 'flooded', trustsCallerId: true };
      // Forty telephones at once: time goes on once for all of them.
      for (let n = 0; n < 1_100; n++) {
        const room = n % 5 === 0 ? (rooms[(n / 5) % rooms.length] ?? null) : null;
        const callerNumber = newNumber();
        guesses += 1;
        const { locked } = await take({ callerNumber, trunk, room, right: false });
        if (!locked)
          compared.push({
            atMs: clock.nowMs(),
            subjects: { caller: callerNumber, room: room?.id ?? '', trunk: trunk.id },
          });
        if (n % 40 === 39) await clock.advance(TYPING_MS);
      }
      expect(await alertsFor('trunk_id', trunk.id, 'trunk')).toHaveLength(1);
      const burnt = newNumber();
      await take({ callerNumber: burnt, trunk, room: null, right: false });
      const room = await newRoom();
      const honest = () => take({ callerNumber: newNumber(), trunk, room, right: true });
      expect((await take({ callerNumber: burnt, trunk, room, right: true })).admitted).toBe(false);
      expect((await honest()).admitted).toBe(true);
      await clock.advance(GUESS_LIMITS.trunk.lockMs);
      expect((await take({ callerNumber: burnt, trunk, room, right: true })).admitted).toBe(true);
    });

    it('is never compared more often in any hour than the limits of room and caller say', () => {
      expect(guesses).toBeGreaterThanOrEqual(1_000);
      for (const kind of ['room', 'caller'] as const) {
        const times = new Map<string, number[]>();
        for (const { atMs, subjects } of compared) {
          if (subjects[kind] === '') continue;
          times.set(subjects[kind], [...(times.get(subjects[kind]) ?? []), atMs]);
        }
        const most = Math.max(...[...times.values()].map(mostInAnHour));
        expect(most).toBeLessThanOrEqual(GUESS_LIMITS[kind].lockedAtFailures);
      }
    });
  },
);

function mostInAnHour(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + HOUR_MS).length));
}

describe('a dozen guesses by telephone', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await TestService.start();
  });
  afterAll(() => service.close());

  it('are counted for the room, let nobody in and cost nothing', async () => {
    const { roomNumber, roomId } = service.seed;
    const wrongPair = (cseq: number) => [
      pause(700),
      infoDigits(`${roomNumber}#`, cseq),
      pause(900),
      infoDigits('048271#', cseq + 20),
      pause(900),
    ];
    const guesser = scenario(
      answeredCall,
      ...wrongPair(10),
      ...wrongPair(60),
      ...wrongPair(110),
      endedByHouse(),
    );
    const runs = await Promise.all(
      ['1', '2', '3', '4'].map((n) =>
        runSipp({
          scenario: guesser,
          sipPort: service.sipPort,
          number: service.seed.accessNumber,
          from: `+322223366${n}`,
        }),
      ),
    );
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const cdrs = await service.ratedCdrs(4);
    expect(new Set(cdrs.map(({ result, rating }) => `${result} ${rating?.charge.amountMicros}`))).toEqual(
      new Set(['wrong-pin 0']),
    );
    const [counted] = await service.database.read.all(
      'SELECT failures FROM guess_counters WHERE subject = ?',
      [`room:${roomId}`],
    );
    expect(integer(counted?.failures)).toBe(12);
  });
});
