import { seededRandom } from '../support/seeded-random';
import { sleep, systemClock } from '../../src/kernel/clock';
import { silentLog } from '../../src/kernel/log';
import { integer } from '../../src/kernel/unit-of-work';
import { Reconciler } from '../../src/cdr/reconciler';
import { FakeClock } from '../support/fake-clock';
import { type PrivateMariadb, startPrivateMariadb } from '../support/mariadb-server';
import { eventually, TestService } from '../support/service';
import { answeredCall, hangUp, infoDigits, pause, runSipp, scenario, speak } from '../support/sipp';
import { createConnection } from 'mysql2/promise';

/** scripts/bench/kill-anything.js runs this same story at more points with more calls. */
const POINTS = Number(process.env.KILL_POINTS ?? 50);
const CALLS = Number(process.env.KILL_CALLS ?? 10);
const SEED = Number(process.env.KILL_SEED ?? 1);
/** After so many points everything is proven; the proof waits until the legs that the last kill orphaned are gone. */
const PROVE_EVERY = Number(process.env.KILL_PROVE_EVERY ?? 25);

/** A caller is in the room this long after he dials, with the keys of nine others to be checked; most kills come before it, some after. */
const ENTRY_SECONDS = 4;
const TALK_SECONDS = 4;
const RTP_TIMEOUT_MS = 5_000;
const GHOSTS_GONE_MS = 60_000;

/** What the demo begins with, and enough on top for all calls of the longest run. */
const DEMO_CREDIT_MICROS = 25_000_000n;
const CREDIT_MICROS = 1_000_000_000_000n;

const VICTIMS = ['application', 'SIP server', 'media server', 'database'] as const;

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
  /** SIPp runs; one may still end while the next begins. */
  let running: Promise<void>[] = [];
  const random = seededRandom(SEED);
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
    await service.addCredit(service.seed.accountId, String(CREDIT_MICROS / 1_000_000n));
  });
  afterAll(async () => {
    await service.close();
    await mariadb.stop();
  });

  /** Calls of a number each, that type, talk for a moment and hang up; whatever the kill makes of them. */
  async function calls(point: number): Promise<void> {
    const { roomNumber, participantPin, accessNumber } = service.seed;
    const story = scenario(
      answeredCall,
      speak,
      pause(500),
      infoDigits(`${roomNumber}#`, 2),
      pause(500),
      infoDigits(`${participantPin}#`, 20),
      pause(TALK_SECONDS * 1_000),
      hangUp,
    );
    const { messages } = await runSipp({
      scenario: story.replaceAll('[from]', `+322${String(point).padStart(4, '0')}[call_number]`),
      sipPort: service.sipPort,
      number: accessNumber,
      calls: CALLS,
      limitSeconds: ENTRY_SECONDS + TALK_SECONDS + 2,
    });
    for (const callId of answeredCallIds(messages)) answered.add(callId);
  }

  function killAfterMs(): number {
    const duringTalk = random() < 0.25;
    return 1_000 * (duringTalk ? ENTRY_SECONDS + random() * TALK_SECONDS : random() * (ENTRY_SECONDS - 1));
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
    await Promise.all(running);
    running = [];
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
    expect([balance.amountMicros, held.amountMicros]).toEqual([
      DEMO_CREDIT_MICROS + CREDIT_MICROS - charged,
      0n,
    ]);
    for (const cdr of cdrs) expect(cdr.endedAtMs).toBeGreaterThanOrEqual(cdr.startedAtMs);
  }

  it(`at ${POINTS} points of all four processes: 0 CDRs lost or doubled, 0 micros astray, no hold and no leg left over`, async () => {
    for (let point = 0; point < POINTS; point++) {
      running.push(calls(point));
      await sleep(systemClock, killAfterMs());
      await killAndRestart(VICTIMS[point % VICTIMS.length] as (typeof VICTIMS)[number]);
      // Keys that a kill swallowed look like guesses, and a room that is locked would leave the rest of the story without talk.
      await service.database.write((sql) => sql.run('DELETE FROM guess_counters'));
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
      `${JSON.stringify({ points: POINTS, calls: CALLS, seed: SEED, answered: answered.size, cdrs: cdrs.length, charged: cdrs.filter((cdr) => (cdr.rating?.charge.amountMicros ?? 0n) > 0n).length })}\n`,
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
