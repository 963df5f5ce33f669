import fc from 'fast-check';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { FakeClock } from '../../test/support/fake-clock';
import { aClosedLeg, anOpenedLeg, startedAtMs } from '../../test/support/journal-builders';
import { listAlerts } from '../alerts/alerts-store';
import { silentLog } from '../kernel/log';
import { GapWatch } from './gap-watch';
import { asRanges, missingRanges } from './sequence-gaps';
import { CDR_GAP, checkedThrough } from './sequence-gaps-store';

describe('missing numbers', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 200 }));

  it('are those that are neither in the database nor in use nor noted, as the fewest ranges', () => {
    fc.assert(
      fc.property(numbers, numbers, numbers, (present, excused, noted) => {
        const found = missingRanges(
          { first: 1, last: 200 },
          {
            present: new Set(present),
            excused: new Set(excused),
            noted: asRanges(noted.toSorted((a, b) => a - b)),
          },
        );
        const known = new Set([...present, ...excused, ...noted]);
        const listed = found.flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, n) => first + n),
        );
        expect(listed).toEqual(
          Array.from({ length: 200 }, (_, n) => n + 1).filter((number) => !known.has(number)),
        );
        for (const [index, range] of found.slice(1).entries())
          expect(range.first).toBeGreaterThan((found[index]?.last ?? 0) + 1);
      }),
    );
  });
});

describe.each(DIALECTS)('the watch over a node’s sequence on %s', (dialect) => {
  const LEGS = 3_000;
  let test: TestDatabase;
  beforeEach(async () => {
    test = await emptyDatabase(dialect);
  });
  afterEach(() => test.drop());

  /** CDRs 1 to `count`, put there directly: what is watched is the table. */
  async function someCdrs(count: number, first = 1): Promise<void> {
    await test.database.write(async (sql) => {
      for (let at = first; at < first + count; at += 500) {
        const rows = Array.from({ length: Math.min(500, first + count - at) }, (_, n) =>
          aClosedLeg({ ...anOpenedLeg(`leg-${at + n}`), nodeSequence: at + n }),
        );
        await sql.run(
          `INSERT INTO cdrs (id, node_id, node_sequence, sip_call_id, direction, dialled_number, started_at_ms, ended_at_ms, result, ended_by, sip_status, held_capped)
           VALUES ${rows.map(() => "(?, ?, ?, ?, 'inbound', '1', 0, 0, 'completed', 'caller', 200, 0)").join(', ')}`,
          rows.flatMap((leg) => [leg.cdrId, leg.nodeId, leg.nodeSequence, leg.sipCallId]),
        );
      }
    });
  }

  const remove = (numbers: readonly number[]) =>
    test.database.write((sql) =>
      sql.run(`DELETE FROM cdrs WHERE node_sequence IN (${numbers.map(() => '?').join(', ')})`, numbers),
    );

  function aWatch(upTo: number, inUse: Set<number> = new Set()) {
    const clock = new FakeClock(startedAtMs);
    const numbers = { upTo, inUse };
    const watch = new GapWatch({
      database: test.database,
      nodeId: 'node-1',
      numbers: () => numbers,
      clock,
      log: silentLog,
    });
    const runFor = async (seconds: number) => {
      for (let at = 0; at < seconds; at += 20) {
        await clock.advance(20_000);
        await watch.check();
      }
    };
    return { clock, watch, numbers, runFor };
  }

  async function alarmed(): Promise<{ numbers: number[]; raisedAtMs: number[] }> {
    const { alerts } = await listAlerts(test.database.read, {
      kind: CDR_GAP,
      after: null,
      limit: 200,
      numbers: 'full',
    });
    for (const alert of alerts) expect(alert.details?.nodeId).toBe('node-1');
    const ranges = alerts.flatMap((alert) => alert.details?.ranges as [number, number][]);
    return {
      numbers: ranges
        .flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, n) => first + n))
        .toSorted((a, b) => a - b),
      raisedAtMs: alerts.map((alert) => alert.raisedAtMs),
    };
  }

  it('alarms 1,000 of 1,000 CDRs that were removed, within 60 s, with node and number, each once', async () => {
    await someCdrs(LEGS);
    const { runFor, clock } = aWatch(LEGS);
    await runFor(40);
    expect((await alarmed()).numbers).toEqual([]);
    // Every second of the first 1,000, and 500 in a row.
    const gone = [
      ...Array.from({ length: 500 }, (_, n) => 2 * n + 1),
      ...Array.from({ length: 500 }, (_, n) => 2_001 + n),
    ];
    await remove(gone);
    const removedAtMs = clock.nowMs();
    await runFor(60);
    const { numbers, raisedAtMs } = await alarmed();
    expect(numbers).toEqual(gone);
    expect(Math.max(...raisedAtMs) - removedAtMs).toBeLessThanOrEqual(60_000);
    await runFor(60);
    expect((await alarmed()).numbers).toEqual(gone);
  });

  it('is silent about legs that are going on or wait for the database, however long', async () => {
    await someCdrs(100);
    await remove([7, 50, 51]);
    const { runFor } = aWatch(103, new Set([7, 50, 51, 101, 102, 103]));
    await runFor(600);
    expect((await alarmed()).numbers).toEqual([]);
  });

  it('is silent about a commit that is on its way when it looks', async () => {
    const { runFor, numbers } = aWatch(0);
    numbers.upTo = 10;
    await runFor(20);
    await someCdrs(10);
    await runFor(60);
    expect((await alarmed()).numbers).toEqual([]);
  });

  it('moves its mark to the first number that is not settled, and goes on from it after a restart', async () => {
    await someCdrs(100);
    await remove([40]);
    const before = aWatch(100, new Set([40]));
    await before.runFor(20);
    expect(await checkedThrough(test.database.read, 'node-1')).toBe(39);
    await someCdrs(1, 40);
    await aWatch(100).runFor(20);
    expect(await checkedThrough(test.database.read, 'node-1')).toBe(100);
  });
});
