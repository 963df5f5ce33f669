import { RoomStage } from '../support/room-stage';
import { answerBye, answeredCall, hangUp, infoDigits, pause, runSipp, scenario } from '../support/sipp';

const CALLERS = 50;
const SEATS = 20;
/** The longest that anybody waits for the last one to be told. */
const STAY_MS = 60_000;

describe('a room of twenty seats', () => {
  let stage: RoomStage;
  beforeAll(async () => {
    stage = await RoomStage.open(33_200);
  });
  afterAll(() => stage.close());

  it('takes exactly twenty of fifty who come at once, and never shows more members than seats', async () => {
    const { service } = stage;
    const room = await stage.room({}, SEATS);
    const watched = new AbortController();
    const callers = runSipp({
      scenario: scenario(
        answeredCall,
        pause(800),
        infoDigits(`${room.roomNumber}#`, 2),
        pause(1_000),
        infoDigits(`${room.participantPin}#`, 20),
        `<recv request="BYE" timeout="${STAY_MS}" ontimeout="1"/>`,
        answerBye,
        '<nop next="2"/>',
        '<label id="1"/>',
        hangUp,
        '<label id="2"/>',
      ),
      sipPort: service.sipPort,
      number: service.seed.accessNumber,
      calls: CALLERS,
    }).finally(() => watched.abort());
    const areAllCharged = async () => {
      const { calls } = (await stage.request('GET', '/live/calls')).json as {
        calls: { enteredAtMs: number | null }[];
      };
      return calls.every(({ enteredAtMs }) => enteredAtMs !== null);
    };
    let most = 0;
    let endStatus: number | null = null;
    while (!watched.signal.aborted) {
      // Before the first and after the last member there is no live room: 404.
      const view = await stage.request('GET', `/live/rooms/${room.roomId}`);
      const { members } = view.json as { members?: unknown[] };
      most = Math.max(most, members?.length ?? 0);
      if (
        endStatus === null &&
        (await service.cdrs()).length === CALLERS - SEATS &&
        (await areAllCharged())
      ) {
        const action = { action: { type: 'end-for-all' } };
        endStatus = (await stage.request('POST', `/live/rooms/${room.roomId}/actions`, action)).status;
      }
      await new Promise((next) => setTimeout(next, 20));
    }
    expect((await callers).code).toBe(0);
    expect([endStatus, most]).toEqual([200, SEATS]);

    const cdrs = await service.ratedCdrs(CALLERS);
    const count = (result: string) => cdrs.filter((cdr) => cdr.result === result).length;
    expect([cdrs.length, count('room-ended'), count('room-full')]).toEqual([CALLERS, SEATS, CALLERS - SEATS]);
    const talked = cdrs.filter(({ result }) => result === 'room-ended');
    expect(new Set(talked.map(({ roomId }) => roomId))).toEqual(new Set([room.roomId]));
    for (const cdr of cdrs)
      expect(cdr.rating?.charge.amountMicros ?? 0n).toBeGreaterThanOrEqual(
        cdr.result === 'room-ended' ? 1n : 0n,
      );
    const turnedAway = cdrs.filter(({ result }) => result === 'room-full');
    expect(new Set(turnedAway.map(({ rating }) => rating?.charge.amountMicros))).toEqual(new Set([0n]));
    expect((await service.balance(room.accountId)).held.amountMicros).toBe(0n);
    expect((await service.ledger()).faults).toEqual([]);
  });
});
