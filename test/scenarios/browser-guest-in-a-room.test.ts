import { systemClock } from '../../src/kernel/clock';
import type { PhoneCall } from '../../src/test-phone/test-phone';
import { type BrowserPhone, BrowserPhones } from '../support/browser-phone';
import { joinRoom } from '../support/join-room';
import { eventually, TestService } from '../support/service';

jest.setTimeout(60_000);

const WS_PORT = Number(process.env.SIP_WS_PORT ?? 36_620);
const PHONE_HZ = 1_000;
const PAGE_HZ = 600;

type Login = {
  guestToken: string;
  username: string;
  password: string;
  websocketUrls: string[];
  iceServers: { urls: string; username: string; credential: string }[];
  role: string;
  roomName: string;
};
type Seen = {
  memberId: string | null;
  room: {
    members: { memberId: string; name: string | null; role: string; muted: string | null }[];
    hands: string[];
  } | null;
};

describe('a guest opens a room by its PIN in a page', () => {
  let service: TestService;
  let browsers: BrowserPhones;

  beforeAll(async () => {
    [service, browsers] = await Promise.all([
      TestService.start({
        SIP_WS_PORT: String(WS_PORT),
        TURN_URLS: 'turn:turn.example.com:3478',
        TURN_SECRET: 'shared-with-the-turn-server',
      }),
      BrowserPhones.start(),
    ]);
  });
  afterAll(() => Promise.all([service.close(), browsers.stop()]));

  async function ask(
    method: string,
    path: string,
    options: { body?: object; token?: string } = {},
  ): Promise<{ status: number; json: unknown }> {
    const answer = await fetch(`http://127.0.0.1:${service.httpPort}/api/v1${path}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        'Idempotency-Key': `${systemClock.nowMs()}-${process.hrtime.bigint()}`,
        ...(options.token ? { Authorization: `Guest ${options.token}` } : {}),
      },
      ...(options.body ? { body: JSON.stringify(options.body) } : {}),
    });
    return { status: answer.status, json: await answer.json() };
  }
  const act = (token: string, action: unknown) =>
    ask('POST', '/guest/actions', { token, body: { action } }) as Promise<{ status: number; json: Seen }>;
  const seen = async (token: string) => (await ask('GET', '/guest/room', { token })).json as Seen;

  it('enters by his name without typing, is heard and hears, acts by the keypad’s rules, and leaves', async () => {
    const { roomNumber, participantPin, moderatorPin } = service.seed;
    const opened = await ask('POST', '/guests', { body: { roomNumber, pin: participantPin, name: 'Zoë' } });
    expect(opened.status).toBe(201);
    const login = opened.json as Login;
    expect(login).toMatchObject({ role: 'speaker', websocketUrls: [`ws://127.0.0.1:${WS_PORT}`] });
    expect(login.iceServers[0]?.username).toMatch(/^\d+:/);
    expect(await seen(login.guestToken)).toMatchObject({ memberId: null, room: null });

    const phone = await service.phone(31_700);
    let call: PhoneCall | undefined;
    try {
      call = await joinRoom(service, phone, { roomNumber, pin: moderatorPin });
      call.sendTone(PHONE_HZ);
      const page = await enter(login);
      await page.hears(PHONE_HZ, 8_000);
      const other = call;
      await eventually(5_000, () => other.hearing.toneAmplitude(PAGE_HZ, 1) > 500);

      const there = await seen(login.guestToken);
      const me = there.room?.members.find(({ memberId }) => memberId === there.memberId);
      expect(me).toMatchObject({ name: 'Zoë', role: 'speaker', muted: null });
      expect(JSON.stringify(there)).not.toContain(service.seed.roomNumber);
      expect((await act(login.guestToken, 'mute')).json.room?.members).toContainEqual(
        expect.objectContaining({ memberId: there.memberId, muted: 'self' }),
      );
      await eventually(5_000, () => other.hearing.toneAmplitude(PAGE_HZ, 0.3) < 100);
      await act(login.guestToken, 'unmute');
      const raised = await act(login.guestToken, 'raise-hand');
      expect(raised.json.room?.hands).toEqual([there.memberId]);
      expect((await act(login.guestToken, 'lower-hand')).json.room?.hands).toEqual([]);
      expect((await act(login.guestToken, { type: 'mute-all', on: true })).status).toBe(409);

      await act(login.guestToken, 'leave');
      await page.reports(/^ended:remote/);
      await eventually(5_000, async () => (await seen(login.guestToken)).room === null);
    } finally {
      await call?.hangUp();
      await phone.close();
      await browsers.clear();
    }
    await eventually(5_000, async () => (await service.liveCalls()) === 0);
    const cdrs = await service.ratedCdrs(2);
    expect(cdrs.map(({ roomRole }) => String(roomRole)).toSorted()).toEqual(['moderator', 'speaker']);
  });

  it('learns nothing from a wrong pair, and a made-up token is nobody', async () => {
    const [unknown, wrong] = await Promise.all([
      ask('POST', '/guests', { body: { roomNumber: '123456789', pin: '9999', name: 'Eve' } }),
      ask('POST', '/guests', { body: { roomNumber: service.seed.roomNumber, pin: '0000', name: 'Eve' } }),
    ]);
    expect(wrong.status).toBe(403);
    expect(unknown).toEqual(wrong);
    expect((await ask('GET', '/guest/room', { token: 'made-up' })).status).toBe(401);
  });

  async function enter(login: Login): Promise<BrowserPhone> {
    const page = await browsers.phone(
      {
        username: login.username,
        password: login.password,
        websocketUrl: login.websocketUrls[0] ?? '',
        toneHz: PAGE_HZ,
        codec: 'opus',
      },
      true,
    );
    await page.do('call', 'room');
    await page.reports('confirmed');
    return page;
  }
});
