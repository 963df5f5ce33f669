import { createHash } from 'node:crypto';
import { listAlerts } from '../../src/alerts/alerts-store';
import { sleep, systemClock } from '../../src/kernel/clock';
import { trunkKey } from '../../src/trunks/trunk-secrets';
import { changeTrunk, createTrunk } from '../../src/trunks/trunks-store';
import { Baresip } from '../support/baresip';
import { ANSWERS, type Carrier, carrier, TRUNK_KEY } from '../support/carriers';
import { freePort } from '../support/mariadb-server';
import { eventually, TestService } from '../support/service';
import { calleeScenario, loggedMessages, registrarScenario, startCallees } from '../support/sipp';

jest.setTimeout(120_000);

const BELGIUM = `prefix,destination,price_per_minute,connect_fee,first_increment,next_increment,minimum_seconds,effective_from
32,Belgium,0.60,0,60,60,0,2020-01-01T00:00:00Z
`;
const REALM = 'carrier.example';
const PASSWORD = 'a password of ours';
/** From the first silence to the alert; the service needs some seconds more to see a new trunk. */
const DETECTION_MS = 10_000;
const RELOAD_MS = 5_000;

describe('trunks are watched', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await TestService.start({ TRUNK_KEY });
    await service.importRates(BELGIUM);
  });
  afterAll(() => service.close());

  const health = async (trunkId: string) => {
    const url = `http://127.0.0.1:${service.httpPort}/api/v1/trunks/${trunkId}/health`;
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${service.adminKey}` } });
    return (await answer.json()) as {
      readonly alive: boolean;
      readonly registration: { readonly phase: string; readonly fault: string | null };
    };
  };
  const alertsOf = async (trunkId: string) => {
    const page = { after: null, limit: 100, numbers: 'full' } as const;
    return (await listAlerts(service.database.read, page)).alerts
      .filter(({ details }) => details?.trunkId === trunkId)
      .map(({ kind, details }) => `${kind} ${words(details?.fault)}`.trim())
      .toReversed();
  };

  async function registering(name: string, sipPort: number): Promise<string> {
    const made = await createTrunk(service.database, {
      name,
      outward: {
        targets: [{ host: '127.0.0.1', port: sipPort }],
        registrationSeconds: 600,
        digest: { username: 'us', realm: REALM },
      },
      passwords: { outward: { password: PASSWORD, key: trunkKey(TRUNK_KEY) } },
      nowMs: systemClock.nowMs(),
    });
    return made.id;
  }

  it('a dead carrier is noticed, passed over without waiting for it, and used again when it is back', async () => {
    const port = await freePort();
    const carriers: Carrier[] = [];
    const dead = await createTrunk(service.database, {
      name: 'dead',
      outward: { targets: [{ host: '127.0.0.1', port }], probes: true, emergency: null },
      nowMs: systemClock.nowMs(),
    });
    carriers.push(await carrier(service, ANSWERS, { name: 'good', outward: { probes: true } }));
    const account = await service.account('5');
    const phone = await Baresip.start(660, {
      account: {
        ...(await service.device(account.accountId)),
        sipPort: service.sipPort,
        answers: 'manual',
      },
    });
    try {
      await eventually(RELOAD_MS + DETECTION_MS, async () => !(await health(dead.id)).alive);
      await eventually(DETECTION_MS, async () => (await alertsOf(dead.id)).length > 0);
      expect(await alertsOf(dead.id)).toEqual(['trunk-down']);
      expect((await health(carriers[0]?.trunkId ?? '')).alive).toBe(true);
      phone.command('dial', '+3225556001');
      await phone.reports('CALL_ESTABLISHED');
      phone.command('hangup');
      const legs = await service.ratedCdrs(2);
      expect(legs.map(({ trunkId }) => trunkId).filter(Boolean)).toEqual([carriers[0]?.trunkId]);
      const back = await startCallees(calleeScenario([{ numbers: '.*', steps: ANSWERS }]), { port });
      await eventually(DETECTION_MS, async () => (await health(dead.id)).alive);
      await eventually(DETECTION_MS, async () => (await alertsOf(dead.id)).length > 1);
      expect(await alertsOf(dead.id)).toEqual(['trunk-down', 'trunk-up']);
      await back.stop();
    } finally {
      await phone.stop();
      for (const one of carriers) {
        await changeTrunk(service.database, one.trunkId, { state: 'disabled' });
        await one.stop();
      }
      await changeTrunk(service.database, dead.id, { state: 'disabled' });
    }
  });

  it('a registrar gets the right answer to its challenge, and knows us until we leave', async () => {
    const registrar = await startCallees(registrarScenario(REALM, '200 OK', 'Expires: 600'));
    const trunkId = await registering('registrar', registrar.sipPort);
    await eventually(RELOAD_MS * 2, async () => (await health(trunkId)).registration.phase === 'registered');
    const { messages } = await registrar.stop();
    const [, shown] = loggedMessages(messages).filter(({ line }) => line.startsWith('REGISTER'));
    expect(shown?.text).toMatch(/^Contact: ?<sip:us@127\.0\.0\.1:\d+>/m);
    expect(responseIn(shown?.text ?? '')).toBe(rightResponse(shown?.text ?? ''));
    expect(await alertsOf(trunkId)).toEqual([]);
    await changeTrunk(service.database, trunkId, { state: 'disabled' });
  });

  it('a wrong password is shown once, told of at once, and not sent again and again', async () => {
    const registrar = await startCallees(registrarScenario(REALM, '403 Forbidden', 'Server: registrar'));
    const trunkId = await registering('strict', registrar.sipPort);
    await eventually(RELOAD_MS * 2, async () => (await alertsOf(trunkId)).length > 0);
    expect(await alertsOf(trunkId)).toEqual(['trunk-registration-failed wrong-password']);
    expect((await health(trunkId)).registration).toMatchObject({ phase: 'waiting', fault: 'wrong-password' });
    await sleep(systemClock, 15_000);
    const { messages } = await registrar.stop();
    const shown = loggedMessages(messages).filter(({ text }) => /^Authorization:/m.test(text));
    expect(new Set(shown.map(({ text }) => /^CSeq:.*$/m.exec(text)?.[0])).size).toBe(1);
    await changeTrunk(service.database, trunkId, { state: 'disabled' });
  });
});

/** A fact that is a text; '' for none. */
function words(fact: unknown): string {
  return typeof fact === 'string' ? fact : '';
}

function parameter(text: string, name: string): string {
  return (
    new RegExp(`[ ,]${name}="?([^",\\r\\n]*)`).exec(/^Authorization:.*$/m.exec(text)?.[0] ?? '')?.[1] ?? ''
  );
}

function responseIn(text: string): string {
  return parameter(text, 'response');
}

const md5 = (of: string) => createHash('md5').update(of).digest('hex');

/** RFC 7616 3.4.1, written down a second time: the registrar's side of the reckoning. */
function rightResponse(text: string): string {
  const secret = md5(`us:${REALM}:${PASSWORD}`);
  const asked = md5(`REGISTER:${parameter(text, 'uri')}`);
  return md5(`${secret}:abcdef:${parameter(text, 'nc')}:${parameter(text, 'cnonce')}:auth:${asked}`);
}
