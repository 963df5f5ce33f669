import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { FakeClock } from '../../test/support/fake-clock';
import { aClosedLeg, anOpenedLeg, startedAtMs } from '../../test/support/journal-builders';
import { silentLog } from '../kernel/log';
import { integer } from '../kernel/unit-of-work';
import { listCases } from './cases-store';
import type { ClosedLeg } from './cdr';
import { Reconciler } from './reconciler';
import type { HungUpLeg } from '../kernel/hung-up-leg';
import { forgetSwitchLegs } from './switch-legs-store';
import { SwitchListener } from './switch-listener';
import { writeCdr } from './write-cdr';

const MINUTE_MS = 60_000;

/** What the media server says of a leg that it saw as we did. */
function asSwitchSees(
  { cdrId, answeredAtMs, endedAtMs }: ClosedLeg,
  rest: Partial<HungUpLeg> = {},
): HungUpLeg {
  return {
    legId: `leg of ${cdrId}`,
    cdrId,
    purpose: null,
    startedAtMs: (answeredAtMs ?? endedAtMs) - 50,
    answeredAtMs: answeredAtMs ?? endedAtMs,
    endedAtMs,
    billMs: 10_000,
    hangupCause: 'NORMAL_CLEARING',
    ...rest,
  };
}

describe.each(DIALECTS)('CDRs against the media server on %s', (dialect) => {
  let test: TestDatabase;
  let clock: FakeClock;
  let connected: boolean;
  let pending: Set<string>;
  let listener: SwitchListener;
  let reconciler: Reconciler;
  let sequence: number;
  beforeEach(async () => {
    test = await emptyDatabase(dialect);
    clock = new FakeClock(startedAtMs);
    connected = true;
    pending = new Set();
    sequence = 0;
    const parts = { database: test.database, nodeId: 'node-1', clock, log: silentLog };
    listener = new SwitchListener({ ...parts, isConnected: () => connected });
    listener.start();
    reconciler = new Reconciler({ ...parts, rtpTimeoutMs: 20_000, isPending: (cdrId) => pending.has(cdrId) });
    await pass(MINUTE_MS);
  });
  afterEach(async () => {
    await listener.stop();
    await test.drop();
  });

  /** Time goes on, with what was told stored every five seconds of it. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 5_000) {
      await clock.advance(5_000);
      await listener.store();
    }
  }

  /** A call of ten seconds that ends now. */
  function aCall(cdrId: string, rest: Partial<ClosedLeg> = {}): ClosedLeg {
    const endedAtMs = clock.nowMs();
    return {
      ...aClosedLeg({ ...anOpenedLeg(cdrId), nodeSequence: ++sequence, startedAtMs: endedAtMs - 10_100 }),
      answeredAtMs: endedAtMs - 10_000,
      endedAtMs,
      result: 'completed',
      ...rest,
    };
  }

  const cases = async () => (await listCases(test.database.read, { after: null, limit: 200 })).cases;
  const caseOf = async (cdrId: string) =>
    (await cases())
      .map(({ kind, state, cdrId: of }) => ({ kind, state, of }))
      .filter(({ of }) => of === cdrId);

  it('opens no case for legs that agree, for taps and for legs of nobody’s call', async () => {
    const leg = aCall('a');
    listener.told(asSwitchSees(leg));
    listener.told(asSwitchSees(leg, { legId: 'tap', purpose: 'tap' }));
    listener.told(asSwitchSees(leg, { legId: 'stranger', cdrId: null }));
    await writeCdr(test.database, leg);
    await pass(11 * MINUTE_MS);
    expect(await reconciler.run()).toEqual({ compared: 1, opened: 0, notJudged: 0 });
    expect(await cases()).toEqual([]);
    expect(await reconciler.run()).toEqual({ compared: 0, opened: 0, notJudged: 0 });
  });

  it('opens one case for each leg that differs or is missing on either side, and none again', async () => {
    const longer = aCall('longer');
    listener.told(asSwitchSees(longer, { endedAtMs: longer.endedAtMs + 2_500 }));
    await writeCdr(test.database, longer);
    await writeCdr(test.database, aCall('not on the switch'));
    listener.told(asSwitchSees(aCall('not in ours')));
    await pass(11 * MINUTE_MS);
    expect((await reconciler.run()).opened).toBe(3);
    await pass(11 * MINUTE_MS);
    expect((await reconciler.run()).opened).toBe(0);
    const found = await cases();
    expect(new Set(found.map(({ kind, cdrId }) => `${kind}: ${cdrId}`))).toEqual(
      new Set(['duration: longer', 'missing-in-ours: not in ours', 'missing-in-switch: not on the switch']),
    );
    expect(found).toHaveLength(3);
    expect(found.find(({ kind }) => kind === 'duration')?.details).toMatchObject({
      oursMs: 10_000,
      switchMs: 12_500,
      longerMs: 2_500,
    });
  });

  it('does not take a leg for missing that ended while the media server was not heard', async () => {
    connected = false;
    await pass(MINUTE_MS);
    await writeCdr(test.database, aCall('unheard'));
    await pass(MINUTE_MS);
    connected = true;
    await pass(15 * MINUTE_MS);
    expect(await reconciler.run()).toEqual({ compared: 1, opened: 0, notJudged: 1 });
    await writeCdr(test.database, aCall('heard'));
    await pass(6 * MINUTE_MS);
    expect(await reconciler.run()).toEqual({ compared: 1, opened: 1, notJudged: 0 });
  });

  it('waits for a CDR that the database has not got yet', async () => {
    const leg = aCall('late');
    pending.add('late');
    listener.told(asSwitchSees(leg));
    await pass(60 * MINUTE_MS);
    expect((await reconciler.run()).opened).toBe(0);
    await writeCdr(test.database, leg);
    pending.delete('late');
    expect(await reconciler.run()).toEqual({ compared: 1, opened: 0, notJudged: 0 });
  });

  it('closes a case by itself when the missing half comes after all', async () => {
    const restored = aCall('restored');
    listener.told(asSwitchSees(restored));
    const told = aCall('told late');
    await writeCdr(test.database, told);
    await pass(15 * MINUTE_MS);
    await reconciler.run();
    expect(await caseOf('restored')).toMatchObject([{ kind: 'missing-in-ours', state: 'open' }]);
    expect(await caseOf('told late')).toMatchObject([{ kind: 'missing-in-switch', state: 'open' }]);
    await writeCdr(test.database, restored);
    listener.told(asSwitchSees(told));
    await pass(15 * MINUTE_MS);
    expect((await reconciler.run()).opened).toBe(0);
    expect((await cases()).map(({ state, closedBy }) => [state, closedBy])).toEqual([
      ['closed', 'reconciliation'],
      ['closed', 'reconciliation'],
    ]);
  });

  it('forgets what was judged long ago, and nothing else', async () => {
    const leg = aCall('a');
    listener.told(asSwitchSees(leg));
    listener.told(asSwitchSees(aCall('waits for its CDR')));
    pending.add('waits for its CDR');
    await writeCdr(test.database, leg);
    await pass(11 * MINUTE_MS);
    await reconciler.run();
    await forgetSwitchLegs(test.database, clock.nowMs(), 100);
    const [row] = await test.database.read.all('SELECT COUNT(*) AS n FROM switch_legs');
    expect(integer(row?.n)).toBe(1);
  });
});
