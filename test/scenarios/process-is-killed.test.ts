import { randomInt } from 'node:crypto';
import { sleep, systemClock } from '../../src/kernel/clock';
import { TestPhone } from '../../src/test-phone/test-phone';
import { silentLog } from '../../src/kernel/log';
import { eventually, TestService } from '../support/service';

/** Random points over set-up, menu, talk and end of ten calls at which the application is killed. */
const KILLS = 50;
const CALLS = 10;
/** Ten calls dial, type and talk within this time; the kill comes somewhere in it. */
const LONGEST_MS = 5_000;

describe('an application that is killed in the middle of calls', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await TestService.start({ HEARTBEAT_MS: '500' });
  });
  afterAll(() => service.close());

  /** Ten callers dial, type without waiting to be asked, and talk until somebody stops them. */
  async function tenCalls(round: number): Promise<TestPhone> {
    const { roomNumber, participantPin, accessNumber } = service.seed;
    const phone = await TestPhone.open({
      host: '127.0.0.1',
      rtpPortMin: 32_000 + (round % 10) * 100,
      rtpPortMax: 32_090 + (round % 10) * 100,
      clock: systemClock,
      log: silentLog,
    });
    for (let n = 0; n < CALLS; n++) {
      const dial = {
        to: accessNumber,
        from: `+32222233${String(n).padStart(2, '0')}`,
        sipHost: '127.0.0.1',
        sipPort: service.sipPort,
      };
      // A call that the kill cuts off before its answer is refused or never answered: both are what a caller would see.
      phone
        .dial(dial)
        .then(async (call) => {
          call.sendTone(400 + n * 50);
          call.press(`${roomNumber}#`);
          await call.whenTyped();
          call.press(`${participantPin}#`);
          if (n % 3 === 0) await sleep(systemClock, randomInt(1_500)).then(() => call.hangUp());
        })
        .catch(() => undefined);
    }
    return phone;
  }

  it(`at ${KILLS} random points loses and doubles no CDR, and the books are right after every start`, async () => {
    for (let round = 0; round < KILLS; round++) {
      const phone = await tenCalls(round);
      await sleep(systemClock, randomInt(LONGEST_MS));
      await service.kill();
      await phone.abandon();
      await service.startProcess();
    }
    const cdrs = await everyCdr(service);
    const sequences = cdrs.map((cdr) => cdr.nodeSequence).toSorted((a, b) => a - b);
    // Every opened leg took the next number of its node: a lost CDR is a gap, a doubled one a number twice.
    expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, n) => n + 1));
    expect(new Set(cdrs.map((cdr) => cdr.sipCallId)).size).toBe(cdrs.length);
    expect(cdrs.length).toBeGreaterThan(KILLS * CALLS * 0.5);
    expect(new Set(cdrs.map((cdr) => cdr.result))).toContain('crashed');
    expect((await service.ledger()).faults).toEqual([]);
    const { balance, held } = await service.balance(service.seed.accountId);
    const charged = cdrs.reduce((sum, cdr) => sum + (cdr.rating?.charge.amountMicros ?? 0n), 0n);
    expect([balance.amountMicros, held.amountMicros]).toEqual([25_000_000n - charged, 0n]);
    for (const cdr of cdrs) expect(cdr.endedAtMs).toBeGreaterThanOrEqual(cdr.startedAtMs);
  }, 900_000);
});

/** All CDRs, once the last start has rated what the last kill left. */
async function everyCdr(service: TestService) {
  let count = -1;
  await eventually(30_000, async () => {
    const cdrs = await service.allCdrs();
    const settled = cdrs.length === count && cdrs.every((cdr) => cdr.rating !== null);
    count = cdrs.length;
    return settled;
  });
  return service.allCdrs();
}
