import { DIALECTS, emptyDatabase, type TestDatabase } from '../../../test/support/databases';
import { eventually } from '../../../test/support/service';
import { FakeClock } from '../../../test/support/fake-clock';
import { listAlerts } from '../../alerts/alerts-store';
import { silentLog } from '../../kernel/log';
import { isOutward, type OutwardTrunk } from '../../trunks/trunk';
import { trunkKey } from '../../trunks/trunk-secrets';
import { changeTrunk, createTrunk, type NewTrunk, trunkById } from '../../trunks/trunks-store';
import type { OutsideAnswer, OutsideRequest } from './outside-request';
import { TrunkQualities } from './trunk-quality';
import { TrunkWatch } from './trunk-watch';

const KEY = trunkKey('ab'.repeat(32));
const DIGEST = { username: 'us', realm: 'carrier.example' };
const PASSWORD = 'a password of ours';

/** Carriers as they would answer; a host that is not named says nothing until the sender's limit. */
class Network {
  readonly sent: OutsideRequest[] = [];
  readonly answers = new Map<string, (request: OutsideRequest) => OutsideAnswer>();

  constructor(private readonly clock: FakeClock) {}

  readonly send = async (request: OutsideRequest, limitMs: number): Promise<OutsideAnswer> => {
    this.sent.push(request);
    const answer = this.answers.get(/^sip:([^:;]+)/.exec(request.uri)?.[1] ?? '');
    if (answer) return answer(request);
    return new Promise((resolve) => {
      this.clock.after(limitMs, () => resolve({ kind: 'no-answer' }));
    });
  };

  count(method: string): number {
    return this.sent.filter((request) => request.method === method).length;
  }
}

function answered(status: number, headers: Readonly<Record<string, string>> = {}): OutsideAnswer {
  return { kind: 'answered', status, contact: '', header: (name) => headers[name] ?? null };
}

/** A registrar that asks for a password in a realm and says `after` to whoever shows one. */
const registrar =
  (realm: string, after: OutsideAnswer) =>
  ({ headers }: OutsideRequest): OutsideAnswer =>
    headers.Authorization === undefined
      ? answered(401, { 'WWW-Authenticate': `Digest realm="${realm}", nonce="abc", qop="auth"` })
      : after;

describe.each(DIALECTS)('trunks are watched on %s', (dialect) => {
  let test: TestDatabase;
  let clock: FakeClock;
  let network: Network;
  const watches: TrunkWatch[] = [];
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(() => {
    clock = new FakeClock();
    network = new Network(clock);
  });
  afterEach(async () => {
    const all = Promise.all(watches.splice(0).map((watch) => watch.stop()));
    await clock.advance(60_000);
    await all;
    await test.database.write(async (sql) => {
      for (const table of ['trunk_targets', 'trunks', 'alerts', 'leases'])
        await sql.run(`DELETE FROM ${table}`);
    });
  });

  async function watch(nodeId = 'node-1', isConnected = () => true): Promise<TrunkWatch> {
    const { database } = test;
    const made = new TrunkWatch({
      database,
      clock,
      log: silentLog,
      nodeId,
      trunkKey: KEY,
      send: network.send,
      isConnected,
    });
    watches.push(made);
    made.start();
    await elapse(100);
    return made;
  }

  /** Lets time go by in steps that the database can follow. */
  async function elapse(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      await clock.advance(Math.min(left, 1_000));
      await test.database.write((sql) => sql.all('SELECT 1 AS one'));
      await new Promise((next) => setTimeout(next, 4));
    }
  }

  async function trunk(name: string, outward: NonNullable<NewTrunk['outward']>): Promise<OutwardTrunk> {
    const made = await createTrunk(test.database, {
      name,
      outward,
      ...(outward.digest ? { passwords: { outward: { password: PASSWORD, key: KEY } } } : {}),
      nowMs: clock.nowMs(),
    });
    if (!isOutward(made)) throw new Error('no outward trunk');
    return made;
  }
  const probed = (name: string, ...hosts: string[]) =>
    trunk(name, { probes: true, targets: hosts.map((host) => ({ host, port: null })) });
  const registering = (name: string, host: string) =>
    trunk(name, { registrationSeconds: 600, digest: DIGEST, targets: [{ host, port: null }] });
  const alerts = async () => {
    const page = { after: null, limit: 100, numbers: 'full' } as const;
    return (await listAlerts(test.database.read, page)).alerts
      .map(({ kind, details }) => `${kind} ${words(details?.fault)}`.trim())
      .toReversed();
  };

  /** The alerts, once there are so many: the database takes its own time, which the standing clock does not know. */
  const alertsTold = async (count: number) => {
    await eventually(5_000, async () => (await alerts()).length >= count);
    return alerts();
  };

  it('one that says nothing is dead within ten seconds, and lives again at its first answer', async () => {
    network.answers.set('good.example', () => answered(200));
    const [good, dead] = [await probed('good', 'good.example'), await probed('dead', 'dead.example')];
    const watching = await watch();
    expect(watching.isAlive(dead.id)).toBe(true);
    await elapse(10_000);
    expect([good, dead].map(({ id }) => watching.isAlive(id))).toEqual([true, false]);
    expect(await alertsTold(1)).toEqual(['trunk-down']);
    expect(watching.counts).toEqual({ dead: 1, unregistered: 0 });
    network.answers.set('dead.example', () => answered(405));
    await elapse(8_000);
    expect(watching.isAlive(dead.id)).toBe(true);
    expect(await alertsTold(2)).toEqual(['trunk-down', 'trunk-up']);
  });

  it('a call without an answer has it asked at once, not in half a minute', async () => {
    network.answers.set('good.example', () => answered(200));
    const { id, outward } = await probed('good', 'good.example');
    const watching = await watch();
    await until(() => network.sent.length === 1);
    network.answers.delete('good.example');
    await elapse(1_000);
    expect(network.sent).toHaveLength(1);
    for (const target of outward.targets) watching.callFailed(id, target);
    await elapse(10_000);
    expect(watching.isAlive(id)).toBe(false);
  });

  it('one of its targets is enough to live, and nobody is told', async () => {
    network.answers.set('second.example', () => answered(200));
    const { id, outward } = await probed('two', 'first.example', 'second.example');
    const watching = await watch();
    await elapse(10_000);
    expect(outward.targets.map((target) => watching.isAlive(id, target))).toEqual([false, true]);
    expect(watching.isAlive(id)).toBe(true);
    expect(await alerts()).toEqual([]);
  });

  it('while we are cut off ourselves nobody is dead', async () => {
    const { id } = await probed('unreached', 'unreached.example');
    let connected = true;
    const watching = await watch('node-1', () => connected);
    connected = false;
    await elapse(30_000);
    expect(watching.isAlive(id)).toBe(true);
  });

  it('what is added, disabled or changed is seen within five seconds', async () => {
    const watching = await watch();
    const { id } = await probed('late', 'late.example');
    await elapse(16_000);
    expect(watching.isAlive(id)).toBe(false);
    network.answers.set('moved.example', () => answered(200));
    await changeTrunk(test.database, id, { outward: { targets: [{ host: 'moved.example', port: null }] } });
    await elapse(6_000);
    expect(watching.isAlive(id)).toBe(true);
    const asked = network.sent.length;
    await changeTrunk(test.database, id, { state: 'disabled' });
    await elapse(60_000);
    expect(network.sent.length).toBe(asked);
  });

  it('shows its password to its registrar, stands, and takes itself out at the end', async () => {
    network.answers.set('reg.example', registrar('carrier.example', answered(200)));
    const made = await registering('registrar', 'reg.example');
    const watching = await watch();
    await elapse(6_000);
    expect(watching.health(made).registration).toMatchObject({ phase: 'registered', fault: null });
    const [asked, shown] = network.sent;
    expect(asked?.headers.Authorization).toBeUndefined();
    expect(shown?.headers).toMatchObject({ 'Call-ID': asked?.headers['Call-ID'], CSeq: '2 REGISTER' });
    expect(shown?.headers.Authorization).toMatch(/^Digest username="us", realm="carrier.example"/);
    await watching.stop();
    expect(network.sent.slice(2).map(({ headers }) => headers.Expires)).toEqual(['0', '0']);
    expect(network.sent.at(-1)?.headers.Authorization).toBeDefined();
    expect(await alerts()).toEqual([]);
  });

  it('a foreign realm gets no password, and tells at once', async () => {
    network.answers.set('reg.example', registrar('elsewhere.example', answered(200)));
    await registering('registrar', 'reg.example');
    await watch();
    await elapse(3_000);
    expect(network.sent.every(({ headers }) => headers.Authorization === undefined)).toBe(true);
    expect(await alertsTold(1)).toEqual(['trunk-registration-failed foreign-challenge']);
  });

  it('a wrong password is shown once in the first minute, and a new one at once', async () => {
    network.answers.set('reg.example', registrar('carrier.example', answered(403)));
    const { id } = await registering('registrar', 'reg.example');
    const watching = await watch();
    await elapse(50_000);
    expect(network.count('REGISTER')).toBe(2);
    expect(await alertsTold(1)).toEqual(['trunk-registration-failed wrong-password']);
    network.answers.set('reg.example', registrar('carrier.example', answered(200)));
    await changeTrunk(test.database, id, {
      passwords: { outward: { password: 'another password', key: KEY } },
    });
    await elapse(6_000);
    const trunkNow = await trunkById(test.database.read, id);
    expect(isOutward(trunkNow) && watching.health(trunkNow).registration.phase).toBe('registered');
  });

  it('a registrar that says nothing is told of within ten seconds', async () => {
    await registering('registrar', 'silent.example');
    await watch();
    await elapse(10_000);
    expect(await alertsTold(1)).toEqual(['trunk-registration-failed no-answer']);
  });

  it('one node of two registers, and the other when the first is gone', async () => {
    network.answers.set('reg.example', registrar('carrier.example', answered(200)));
    const made = await registering('registrar', 'reg.example');
    const [first, second] = [await watch('node-1'), await watch('node-2')];
    await elapse(11_000);
    const phases = () => [first, second].map((one) => one.health(made).registration.phase);
    expect(phases()).toEqual(['registered', 'elsewhere']);
    expect(network.count('REGISTER')).toBe(2);
    await first.stop();
    await elapse(11_000);
    expect(second.health(made).registration.phase).toBe('registered');
  });
});

/** Real databases answer in their own time, whatever the clock says. */
async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && !holds(); turn++) await new Promise((next) => setTimeout(next, 2));
}

/** A fact that is a text; '' for none. */
function words(fact: unknown): string {
  return typeof fact === 'string' ? fact : '';
}

describe('how trunks’ calls went', () => {
  it('is read once in ten seconds, however many ask', async () => {
    const fresh = await emptyDatabase('sqlite');
    const { database } = fresh;
    const clock = new FakeClock();
    const read = jest.spyOn(database.read, 'all');
    const qualities = new TrunkQualities(database, clock);
    await Promise.all([qualities.latest(), qualities.latest()]);
    await clock.advance(9_999);
    expect((await qualities.latest()).size).toBe(0);
    expect(read).toHaveBeenCalledTimes(1);
    await clock.advance(1);
    await qualities.latest();
    expect(read).toHaveBeenCalledTimes(2);
    await fresh.drop();
  });
});
