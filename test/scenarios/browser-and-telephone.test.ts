import { changeTrunk } from '../../src/trunks/trunks-store';
import { BaresipPhones } from '../support/baresip-phones';
import { type BrowserPhone, BrowserPhones } from '../support/browser-phone';
import { ANSWERS, type Carrier, carrier, TRUNK_KEY } from '../support/carriers';
import { eventually, TestService } from '../support/service';
import { strongestTone } from '../support/strongest-tone';

jest.setTimeout(60_000);

const WS_PORT = Number(process.env.SIP_WS_PORT ?? 36_640);
const PAGE_HZ = 660;
const TELEPHONE_HZ = 440;
const HEARD = 1_000;
const NUMBER = '+32255577001';
const BELGIUM = `prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from
32,Belgium,0.60,0,1,1,0,2020-01-01T00:00:00Z
`;
const talk = (ms = 1_500) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a page is a telephone among telephones', () => {
  let service: TestService;
  let phones: BaresipPhones;
  let browsers: BrowserPhones;

  beforeAll(async () => {
    [service, browsers] = await Promise.all([
      TestService.start({ SIP_WS_PORT: String(WS_PORT), TRUNK_KEY, RTP_TIMEOUT_MS: '4000' }),
      BrowserPhones.start(),
    ]);
    phones = new BaresipPhones(service);
    await service.importRates(BELGIUM);
  });
  afterAll(() => Promise.all([service.close(), browsers.stop()]));
  afterEach(async () => {
    await browsers.clear();
    await phones.clear();
  });

  /** A page that the API has made a telephone of the account. */
  async function page(accountId: string, codec: 'opus' | 'PCMA' = 'opus'): Promise<BrowserPhone> {
    const answer = await fetch(
      `http://127.0.0.1:${service.httpPort}/api/v1/accounts/${accountId}/browser-phone`,
      {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${service.adminKey}`,
          'Content-Type': 'application/json',
          'Idempotency-Key': `page-${process.hrtime.bigint()}`,
        },
        body: '{}',
      },
    );
    expect(answer.status).toBe(201);
    const login = (await answer.json()) as { username: string; password: string; websocketUrls: string[] };
    const [websocketUrl = ''] = login.websocketUrls;
    return browsers.phone({ ...login, websocketUrl, toneHz: PAGE_HZ, codec });
  }

  it('rings with the telephones of its account, is heard both ways, is held, and goes on after a restart of ICE', async () => {
    const [ada, ben] = [await phones.user(TELEPHONE_HZ, 'manual'), await phones.user(550, 'manual')];
    const other = await page(ben.accountId);
    ada.phone.command('dial', ben.number);
    await Promise.all([other.reports('ringing'), ben.phone.reports('CALL_INCOMING')]);
    await other.do('answer');
    await Promise.all([ada.phone.reports('CALL_ESTABLISHED'), ben.phone.reports('CALL_CLOSED')]);
    await other.hears(TELEPHONE_HZ);
    await talk();
    await other.do('hold');
    await other.reports('hold');
    await talk(5_000);
    await other.do('unhold');
    await other.hears(TELEPHONE_HZ);
    await other.do('restartIce');
    await talk(1_000);
    await other.hears(TELEPHONE_HZ);
    await other.do('hangUp');
    await ada.phone.reports('CALL_CLOSED');
    expect(strongestTone(ada.phone.heard(), PAGE_HZ)).toBeGreaterThan(HEARD);
  });

  it('types Room ID and PIN as keys in RTP and enters the room', async () => {
    const { accountId } = await service.account();
    const caller = await page(accountId);
    const { accessNumber, roomNumber, participantPin } = service.seed;
    await caller.do('call', accessNumber);
    await caller.reports('confirmed');
    for (const typed of [roomNumber, participantPin]) {
      await talk(2_000);
      await caller.do('keys', `${typed}#`, 'RFC2833');
      await talk(300 * typed.length);
    }
    await eventually(15_000, async () => service.logLines.some((line) => line.includes('"member joined"')));
    await caller.do('hangUp');
    await eventually(5_000, async () => (await service.cdrs()).some((cdr) => cdr.accountId === accountId));
    const leg = (await service.cdrs()).find((cdr) => cdr.accountId === accountId);
    expect(leg).toMatchObject({ roomRole: 'speaker', result: 'completed', endedBy: 'caller' });
  });

  it('calls a number outside by a trunk and pays for it, and a page that vanishes ends its call', async () => {
    const { accountId } = await service.account('5');
    const caller = await page(accountId, 'PCMA');
    let made: Carrier | null = null;
    try {
      made = await carrier(service, ANSWERS, { name: 'outside', addresses: [] });
      await caller.do('call', NUMBER);
      await caller.reports('confirmed');
      await talk();
      await caller.page.close();
      await eventually(15_000, async () => (await service.liveCalls()) === 0);
      const legs = (await service.ratedCdrs(2)).filter(({ dialledNumber }) => dialledNumber === NUMBER);
      const paid = legs.find(({ direction }) => direction === 'outbound');
      expect(paid?.payerAccountId).toBe(accountId);
      expect(paid?.rating).not.toBeNull();
    } finally {
      if (made) await changeTrunk(service.database, made.trunkId, { state: 'disabled' });
      await made?.stop();
    }
  });
});
