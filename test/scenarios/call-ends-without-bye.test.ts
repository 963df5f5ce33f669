import { systemClock } from '../../src/kernel/clock';
import type { TestPhone } from '../../src/test-phone/test-phone';
import { joinRoom } from '../support/join-room';
import { eventually, TestService } from '../support/service';
import { endedByHouse, invite, receive, runSipp, scenario, trying } from '../support/sipp';

/** A dead leg must be gone this long after its last packet. */
const GONE_LIMIT_MS = 30_000;

describe('a call that ends without a BYE', () => {
  let service: TestService;
  let phone: TestPhone;
  beforeAll(async () => {
    service = await TestService.start();
    phone = await service.phone(31_400);
  });
  afterAll(async () => {
    await phone.close();
    await service.close();
  });

  it('because the caller vanished is closed within 30 s and billed to the last packet', async () => {
    const before = (await service.cdrs()).length;
    const { roomNumber, participantPin } = service.seed;
    const call = await joinRoom(service, phone, { roomNumber, pin: participantPin });
    call.vanish();
    const vanishedAtMs = systemClock.nowMs();
    await eventually(GONE_LIMIT_MS, async () => (await service.cdrs()).length > before);
    const cdr = (await service.ratedCdrs(before + 1))[0];
    expect(cdr).toMatchObject({ result: 'media-lost', endedBy: 'network' });
    expect(Math.abs((cdr?.endedAtMs ?? 0) - vanishedAtMs)).toBeLessThan(1_500);
    expect((await service.balance(service.seed.accountId)).held.amountMicros).toBe(0n);
  });

  it('because the caller never sent ACK is ended with BYE and costs nothing', async () => {
    const before = (await service.cdrs()).length;
    const text = scenario(
      invite,
      trying,
      receive(200),
      ...Array.from({ length: 9 }, () => '<recv response="200" optional="true"/>'),
      endedByHouse(45_000),
    );
    const { code } = await runSipp({
      scenario: text,
      sipPort: service.sipPort,
      number: service.seed.accessNumber,
    });
    expect(code).toBe(0);
    const cdr = (await service.ratedCdrs(before + 1))[0];
    expect(cdr).toMatchObject({ chargedFromMs: null, rating: { charge: { amountMicros: 0n } } });
    expect(['no-ack', 'media-lost', 'menu-abandoned']).toContain(cdr?.result);
  });
});
