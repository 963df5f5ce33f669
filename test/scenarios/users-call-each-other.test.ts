import { Baresip } from '../support/baresip';
import { strongestTone } from '../support/strongest-tone';
import { eventually, TestService } from '../support/service';

jest.setTimeout(60_000);

describe('accounts call each other by their 123-voip numbers', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await TestService.start();
  });
  afterAll(() => service.close());

  it('both are heard, the call is free, and both legs are on record as one call', async () => {
    const [ada, ben] = [await service.account(), await service.account()];
    const sipPort = service.sipPort;
    const callee = await Baresip.start(440, {
      ...(await service.device(ben.accountId)),
      sipPort,
      answers: 'auto',
    });
    const caller = await Baresip.start(660, {
      ...(await service.device(ada.accountId)),
      sipPort,
      answers: 'manual',
    });
    try {
      caller.command('dial', ben.number);
      await caller.reports('CALL_ESTABLISHED');
      await callee.reports('CALL_ESTABLISHED');
      await eventually(5_000, async () => (await service.liveCalls()) === 2);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      caller.command('hangup');
      await callee.reports('CALL_CLOSED');
    } finally {
      await Promise.all([caller.stop(), callee.stop()]);
    }
    const legs = await service.cdrs();
    console.log(legs);
  });
});
