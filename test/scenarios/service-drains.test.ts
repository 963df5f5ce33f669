import { within, systemClock } from '../../src/kernel/clock';
import { CallRefused, type TestPhone } from '../../src/test-phone/test-phone';
import { joinRoom } from '../support/join-room';
import { eventually, TestService } from '../support/service';

describe('a service that is asked to stop', () => {
  let service: TestService;
  let phone: TestPhone;
  beforeEach(async () => {
    service = await TestService.start({ DRAIN_SECONDS: '6' });
    phone = await service.phone(31_800);
  });
  afterEach(async () => {
    await phone.close();
    await service.close();
  });

  const dial = () =>
    phone.dial({
      to: service.seed.accessNumber,
      from: '+3222223344',
      sipHost: '127.0.0.1',
      sipPort: service.sipPort,
    });

  it('refuses new calls with 503, lets live ones go on, tells them when time is up, and loses no CDR', async () => {
    const { roomNumber, participantPin } = service.seed;
    const live = await joinRoom(service, phone, { roomNumber, pin: participantPin });
    service.beginDrain();
    await eventually(3_000, () => service.logLines.some((line) => line.includes('"draining"')));
    await expect(dial()).rejects.toMatchObject({ status: 503 } satisfies Partial<CallRefused>);
    await within(systemClock, 20_000, 'the last words', live.hearing.whenSpoken());
    await within(systemClock, 20_000, 'the house’s BYE', live.ended);
    const cdrs = await service.ratedCdrs(2);
    expect(cdrs.map(({ result, sipStatus }) => [result, sipStatus])).toEqual([
      ['draining', 503],
      ['draining', 200],
    ]);
    expect(await service.terminate()).toBe(0);
  });

  it('ends with exit code 0 at once when nobody talks', async () => {
    expect(await service.terminate()).toBe(0);
  });
});
