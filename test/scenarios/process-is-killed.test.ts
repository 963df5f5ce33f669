import { sleep, systemClock } from '../../src/kernel/clock';
import { silentLog } from '../../src/kernel/log';
import { integer } from '../../src/kernel/unit-of-work';
import { Reconciler } from '../../src/cdr/reconciler';
import { FakeClock } from '../support/fake-clock';
import { type PrivateMariadb, startPrivateMariadb } from '../support/mariadb-server';
import { eventually, TestService } from '../support/service';
import { answeredCall, hangUp, infoDigits, pause, runSipp, scenario } from '../support/sipp';
import { createConnection } from 'mysql2/promise';

/** scripts/bench/kill-anything.js runs this same story at more points with more calls. */
const POINTS = Number(process.env.KILL_POINTS ?? 50);
const CALLS = Number(process.env.KILL_CALLS ?? 10);
const SEED = Number(process.env.KILL_SEED ?? 1);
/** After so many points everything is proven; the proof waits until the legs that the last kill orphaned are gone. */
const PROVE_EVERY = Number(process.env.KILL_PROVE_EVERY ?? 25);

/** Set-up, keys and talk of a call take this long; the kill comes somewhere in it. */
const CALL_SECONDS = 2;
const RTP_TIMEOUT_MS = 5_000;
const GHOSTS_GONE_MS = 60_000;

const VICTIMS = ['application', 'SIP server', 'media server', 'database'] as const;

/** Mulberry32: one seed, the same points. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Call-IDs of the INVITEs that SIPp saw answered with 200, out of its own log of messages. */
function answeredCallIds(messages: string): readonly string[] {
  const received = messages.split(/^-{40,}.*$/m).filter((part) => /message received/.test(part));
  const answers = received.filter((part) => /^SIP\/2\.0 200 /m.test(part) && /^CSeq: 1 INVITE/im.test(part));
  return [...new Set(answers.map((part) => /^Call-ID: *(\S+)/im.exec(part)?.[1] ?? ''))];
}

describe('any process that is killed in the middle of calls', () => {
  let mariadb: PrivateMariadb;
  let service: TestService;
  const answered = new Set<string>();
  const random = seeded(SEED);
  beforeAll(async () => {
    mariadb = await startPrivateMariadb();
    const admin = await createConnection(mariadb.url);
    await admin.query('CREATE DATABASE killed');
    await admin.end();
    service = await TestService.start({
      DATABASE_URL: `${mariadb.url}/killed`,
      HEARTBEAT_MS: '500',
      RTP_TIMEOUT_MS: String(RTP_TIMEOUT_MS),
    });
  });
  afterAll(async () => {
    await service.close();
    await mariadb.stop();
  });

  /** Calls that type without waiting to be asked, talk for a moment and hang up; whatever the kill makes of them. */
  function calls() {
    const { roomNumber, participantPin, accessNumber } = service.seed;
    const story = scenario(
      answeredCall,
      infoDigits(`${roomNumber}#${participantPin}#`, 2),
      pause(300),
      hangUp,
    );
    return runSipp({
      scenario: story,
      sipPort: service.sipPort,
      number: accessNumber,
      calls: CALLS,
      limitSeconds: CALL_SECONDS,
    });
  }

  async function killAndRestart(victim: (typeof VICTIMS)[number]): Promise<void> {
    if (victim === 'application') {
      await service.kill();
      await service.startProcess();
    } else if (victim === 'database') {
      await mariadb.kill();
      await mariadb.start();
    } else service.killServer(victim === 'SIP server' ? 'drachtio-server/main.js' : 'freeswitch/main.js');
    await eventually(30_000, () => service.isReady());
  }

  /** Nothing lost, nothing doubled, nothing left over, and every micro accounted for. */
  async function prove(): Promise<void> {
    await eventually(GHOSTS_GONE_MS, async () => (await service.liveCalls()) === 0);
    await eventually(GHOSTS_GONE_MS, async () => {
      const cdrs = await service.allCdrs();
      const callIds = new Set(cdrs.map((cdr) => cdr.sipCallId));
      return cdrs.every((cdr) => cdr.rating !== null) && [...answered].every((callId) => callIds.has(callId));
    });
    const cdrs = await service.allCdrs();
    // Every opened leg took the next number of its node: a lost CDR is a gap, a doubled one a number or a call twice.
    const numbers = cdrs.map((cdr) => cdr.nodeSequence).toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, n) => n + 1));
    expect(new Set(cdrs.map((cdr) => cdr.sipCallId)).size).toBe(cdrs.length);
    expect((await service.ledger()).faults).toEqual([]);
    const { balance, held } = await service.balance(service.seed.accountId);
    const charged = cdrs.reduce((sum, cdr) => sum + (cdr.rating?.charge.amountMicros ?? 0n), 0n);
    expect([balance.amountMicros, held.amountMicros]).toEqual([25_000_000n - charged, 0n]);
    for (const cdr of cdrs) expect(cdr.endedAtMs).toBeGreaterThanOrEqual(cdr.startedAtMs);
  }

  it(`at ${POINTS} points of all four processes: 0 CDRs lost or doubled, 0 micros astray, no hold and no leg left over`, async () => {
    for (let point = 0; point < POINTS; point++) {
      const running = calls();
      await sleep(systemClock, random() * CALL_SECONDS * 1_000);
      await killAndRestart(VICTIMS[point % VICTIMS.length] as (typeof VICTIMS)[number]);
      for (const callId of answeredCallIds((await running).messages)) answered.add(callId);
      if ((point + 1) % PROVE_EVERY === 0 || point === POINTS - 1) await prove();
    }
    expect(answered.size).toBeGreaterThan(POINTS * CALLS * 0.5);
    const cdrs = await service.allCdrs();
    expect(new Set(cdrs.map((cdr) => cdr.result))).toContain('crashed');
    expect(cdrs.some((cdr) => (cdr.rating?.charge.amountMicros ?? 0n) > 0n)).toBe(true);
    const [alarms] = await service.database.read.all(
      "SELECT COUNT(*) AS n FROM alerts WHERE kind = 'cdr-gap'",
    );
    expect(integer(alarms?.n)).toBe(0);
    process.stderr.write(
      `${JSON.stringify({ points: POINTS, calls: CALLS, seed: SEED, answered: answered.size, cdrs: cdrs.length })}\n`,
    );
  }, 86_400_000);

  it('leaves no false case when our records are compared with the media server’s', async () => {
    const later = new FakeClock(systemClock.nowMs() + 3_600_000);
    const reconciler = new Reconciler({
      database: service.database,
      nodeId: 'node-1',
      rtpTimeoutMs: RTP_TIMEOUT_MS,
      isPending: () => false,
      clock: later,
      log: silentLog,
    });
    const done = await reconciler.run();
    expect(done.compared).toBeGreaterThan(0);
    const cases = await service.database.read.all('SELECT kind, cdr_id, details FROM reconciliation_cases');
    expect(cases).toEqual([]);
  });
});
