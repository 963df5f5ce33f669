import { systemClock, within } from '../../src/kernel/clock';
import type { TestPhone } from '../../src/test-phone/test-phone';
import { joinRoom } from '../support/join-room';
import { eventually, TestService } from '../support/service';

describe('an embedded server process that dies in mid-call', () => {
  let service: TestService;
  let phone: TestPhone;
  beforeEach(async () => {
    service = await TestService.start();
    phone = await service.phone(34_000);
  });
  afterEach(async () => {
    await phone.close();
    await service.close();
  });

  const killChild = (program: string) => service.killServer(program);

  async function canCallAgain(): Promise<void> {
    const { roomNumber, participantPin } = service.seed;
    await eventually(15_000, () => service.isReady());
    const call = await joinRoom(service, phone, { roomNumber, pin: participantPin });
    await call.hangUp();
  }

  it('is started again: the media server’s callers get BYE and their bill, and the next call works', async () => {
    const { roomNumber, participantPin } = service.seed;
    const call = await joinRoom(service, phone, { roomNumber, pin: participantPin });
    killChild('freeswitch/main.js');
    await within(systemClock, 10_000, 'the house’s BYE', call.ended);
    const [cdr] = await service.ratedCdrs(1);
    expect(cdr).toMatchObject({
      result: 'media-lost',
      endedBy: 'network',
      payerAccountId: service.seed.accountId,
    });
    await canCallAgain();
    await service.ratedCdrs(2);
    expect((await service.balance(service.seed.accountId)).held.amountMicros).toBe(0n);
  });

  it('is started again: calls of the SIP server are closed and billed, and the next call works on the same port', async () => {
    const { roomNumber, participantPin } = service.seed;
    const call = await joinRoom(service, phone, { roomNumber, pin: participantPin });
    killChild('drachtio-server/main.js');
    const [cdr] = await service.ratedCdrs(1);
    expect(cdr).toMatchObject({ endedBy: 'network', payerAccountId: service.seed.accountId });
    call.vanish();
    await canCallAgain();
    expect((await service.ledger()).faults).toEqual([]);
  });
});
