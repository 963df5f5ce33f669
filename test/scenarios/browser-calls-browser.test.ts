import { type BrowserAccount, type BrowserPhone, BrowserPhones } from '../support/browser-phone';
import { eventually, TestService } from '../support/service';

jest.setTimeout(60_000);

const WS_PORT = Number(process.env.SIP_WS_PORT ?? 36_600);

describe('browsers call each other', () => {
  let service: TestService;
  let browsers: BrowserPhones;

  beforeAll(async () => {
    [service, browsers] = await Promise.all([
      TestService.start({ SIP_WS_PORT: String(WS_PORT) }),
      BrowserPhones.start(),
    ]);
  });
  afterAll(() => Promise.all([service.close(), browsers.stop()]));
  afterEach(async () => {
    await browsers.clear();
  });

  async function user(
    toneHz: number,
    codec: BrowserAccount['codec'],
  ): Promise<{ number: string; phone: BrowserPhone }> {
    const { accountId, number } = await service.account();
    const device = await service.device(accountId);
    const websocketUrl = `ws://127.0.0.1:${WS_PORT}`;
    return { number, phone: await browsers.phone({ ...device, toneHz, codec, websocketUrl }) };
  }

  it.each([
    ['opus', 'audio/opus'],
    ['PCMU', 'audio/PCMU'],
  ] as const)(
    'a caller with %s and the called are heard both ways, and one BYE ends both',
    async (codec, mime) => {
      const [ada, ben] = [await user(660, codec), await user(440, undefined)];
      await ada.phone.do('call', ben.number);
      await ben.phone.reports('ringing');
      await ben.phone.do('answer');
      await Promise.all([ada.phone.reports('confirmed'), ben.phone.reports('confirmed')]);
      await Promise.all([ada.phone.hears(440), ben.phone.hears(660)]);
      expect(await ada.phone.do('stats')).toMatchObject({ codec: mime });
      await ada.phone.do('hangUp');
      await ben.phone.reports(/^ended:remote/);
      await eventually(5_000, async () => (await service.liveCalls()) === 0);
    },
  );
});
