import { systemClock, within } from '../../src/kernel/clock';
import type { TestPhone } from '../../src/test-phone/test-phone';
import { joinRoom, typeRoomAndPin } from '../support/join-room';
import { eventually, TestService } from '../support/service';

describe('the credit of a room’s owner', () => {
  let service: TestService;
  let phone: TestPhone;
  beforeAll(async () => {
    service = await TestService.start();
    phone = await service.phone(31_200);
    await importBySecond();
  });
  afterAll(async () => {
    await phone.close();
    await service.close();
  });

  /** Talk by the second at 0.60 a minute, so that a cent is a second. */
  async function importBySecond(): Promise<void> {
    await service.importRates(
      'prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from\n1202,By the second,0.6,0,1,1,0,\n',
    );
  }

  it('that is used up before the call: the caller hears why, does not enter, and nothing is charged', async () => {
    const room = await service.room('0');
    const call = await typeRoomAndPin(service, phone, {
      roomNumber: room.roomNumber,
      pin: room.participantPin,
    });
    await within(systemClock, 15_000, 'the reason', call.hearing.whenSpoken());
    await within(systemClock, 20_000, 'the house’s BYE', call.ended);
    const [cdr] = await service.ratedCdrs(1);
    expect(cdr).toMatchObject({
      result: 'no-credit',
      endedBy: 'house',
      chargedFromMs: null,
      rating: { charge: { amountMicros: 0n } },
    });
    expect((await service.balance(room.accountId)).available.amountMicros).toBe(0n);
  });

  it.each(['0.07', '0.10'])(
    'of %s is talked to its end and no further: cut within a second, never charged above it',
    async (credit) => {
      const before = (await service.cdrs()).length;
      const room = await service.room(credit);
      const paidSeconds = Math.round(Number(credit) * 100);
      const call = await typeRoomAndPin(service, phone, {
        roomNumber: room.roomNumber,
        pin: room.participantPin,
      });
      await within(systemClock, 40_000, 'the house’s BYE', call.ended);
      const endedAtMs = systemClock.nowMs();
      const cdr = (await service.ratedCdrs(before + 1))[0];
      expect(cdr).toMatchObject({ result: 'credit-exhausted', endedBy: 'house' });
      expect((cdr?.endedAtMs ?? 0) - (cdr?.chargedFromMs ?? 0)).toBe(paidSeconds * 1000);
      expect(endedAtMs - (cdr?.endedAtMs ?? 0)).toBeLessThan(1_000);
      expect(cdr?.rating?.charge.amountMicros).toBe(BigInt(paidSeconds) * 10_000n);
      const balance = await service.balance(room.accountId);
      expect([balance.balance.amountMicros, balance.held.amountMicros]).toEqual([0n, 0n]);
    },
  );

  it('that is topped up in mid-call keeps the call up', async () => {
    const before = (await service.cdrs()).length;
    const room = await service.room('0.08');
    const call = await joinRoom(service, phone, { roomNumber: room.roomNumber, pin: room.participantPin });
    await service.addCredit(room.accountId, '1.00');
    await eventually(10_000, async () => (await service.balance(room.accountId)).held.amountMicros > 80_000n);
    const talkedOn = new Promise((resolve) => setTimeout(resolve, 10_000));
    await Promise.race([talkedOn, call.ended.then(() => Promise.reject(new Error('the call was cut')))]);
    await call.hangUp();
    const cdr = (await service.ratedCdrs(before + 1))[0];
    expect(cdr?.result).toBe('completed');
    expect(cdr?.rating?.charge.amountMicros).toBeGreaterThan(80_000n);
  });

  it('shared by five callers at once is never overspent', async () => {
    const before = (await service.cdrs()).length;
    const room = await service.room('0.40');
    const calls = await Promise.all(
      Array.from({ length: 5 }, (_, n) =>
        typeRoomAndPin(service, phone, {
          roomNumber: room.roomNumber,
          pin: room.participantPin,
          from: `+322222334${n}`,
        }),
      ),
    );
    await within(systemClock, 60_000, 'the end of all calls', Promise.all(calls.map((call) => call.ended)));
    const cdrs = (await service.ratedCdrs(before + 5)).slice(0, 5);
    const charged = cdrs.reduce((sum, cdr) => sum + (cdr.rating?.charge.amountMicros ?? 0n), 0n);
    const balance = await service.balance(room.accountId);
    expect(charged).toBeLessThanOrEqual(400_000n);
    expect(balance.balance.amountMicros).toBe(400_000n - charged);
    expect(balance.held.amountMicros).toBe(0n);
    expect((await service.ledger()).faults).toEqual([]);
  });
});
