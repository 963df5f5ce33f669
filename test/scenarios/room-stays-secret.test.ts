import { systemClock, within } from '../../src/kernel/clock';
import { takeTry } from '../../src/rooms/guess-counters-store';
import type { PhoneCall, TestPhone } from '../../src/test-phone/test-phone';
import { trunkByAddress } from '../../src/trunks/trunks-store';
import { joinRoom, typeRoomAndPin } from '../support/join-room';
import { TestService } from '../support/service';

/** How much longer one answer may take than the other: below what a caller could measure through a telephone. */
const SAME_TIME_MS = 50;
const TRIES = 7;

const heard = (call: PhoneCall) => within(systemClock, 30_000, 'a prompt', call.hearing.whenSpoken());

describe('a stranger who guesses', () => {
  let service: TestService;
  let phone: TestPhone;
  beforeAll(async () => {
    service = await TestService.start();
    phone = await service.phone(31_000);
  });
  afterAll(async () => {
    await phone.close();
    await service.close();
  });

  let calls = 0;
  /** Every call shows another number: what is measured is the answer, not the delay that guesses of one number earn. */
  const nextCaller = () => `+32222233${String(calls++).padStart(2, '0')}`;

  /** Types a Room ID and a PIN and gives the milliseconds from the last key to the answer. */
  async function answerTimeMs(roomNumber: string, pin: string): Promise<number> {
    const { accessNumber } = service.seed;
    const call = await phone.dial({
      to: accessNumber,
      from: nextCaller(),
      sipHost: '127.0.0.1',
      sipPort: service.sipPort,
    });
    await heard(call);
    call.press(`${roomNumber}#`);
    await call.whenTyped();
    await heard(call);
    call.press(`${pin}#`);
    await call.whenTyped();
    const typedAtMs = systemClock.monotonicMs();
    await heard(call);
    const answeredAfterMs = systemClock.monotonicMs() - typedAtMs;
    await call.hangUp();
    return answeredAfterMs;
  }

  it('cannot tell an unknown Room ID from a wrong PIN, by the prompts or by the clock', async () => {
    const wrongPin: number[] = [];
    const unknownRoom: number[] = [];
    for (let n = 0; n < TRIES; n++) {
      wrongPin.push(await answerTimeMs(service.seed.roomNumber, '000000'));
      unknownRoom.push(await answerTimeMs('10101010', '000000'));
    }
    expect(Math.abs(median(wrongPin) - median(unknownRoom))).toBeLessThan(SAME_TIME_MS);
    const cdrs = await service.ratedCdrs(2 * TRIES);
    expect(
      new Set(cdrs.map(({ result, roomId, rating }) => `${result} ${roomId} ${rating?.charge.amountMicros}`)),
    ).toEqual(new Set(['completed null 0']));
  });

  it('is refused though he is right after ten wrong pairs in earlier calls, and another number is let in', async () => {
    const { roomNumber, participantPin, roomId } = service.seed;
    const guesser = '+3222244444';
    const trunk = await trunkByAddress(service.database.read, '127.0.0.1');
    if (!trunk) throw new Error('the test phone belongs to no trunk');
    // Ten tries by telephone would wait more than a minute for their answers.
    for (let n = 0; n < 10; n++) {
      const wrongPair = { callerNumber: guesser, trunk, room: null, right: false };
      await takeTry(service.database, wrongPair, systemClock.nowMs());
    }
    const rightPair = { roomNumber, pin: participantPin };
    const before = (await service.cdrs()).length;
    const refused = await typeRoomAndPin(service, phone, { ...rightPair, from: guesser });
    const typedAtMs = systemClock.monotonicMs();
    await heard(refused);
    expect(systemClock.monotonicMs() - typedAtMs).toBeGreaterThan(15_000);
    await refused.hangUp();
    await service.ratedCdrs(before + 1);

    const admitted = await joinRoom(service, phone, { ...rightPair, from: '+3222255555' });
    await admitted.hangUp();
    const cdrs = await service.ratedCdrs(before + 2);
    expect(cdrs.slice(0, 2).map((cdr) => [cdr.fromNumber, cdr.roomId])).toEqual([
      ['+3222255555', roomId],
      [guesser, null],
    ]);
  });
});

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
