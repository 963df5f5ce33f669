import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../test/support/fake-clock';
import { aClosedLeg, anOpenedLeg, startedAtMs } from '../../test/support/journal-builders';
import { sleep } from '../kernel/clock';
import { silentLog } from '../kernel/log';
import type { ClosedLeg } from './cdr';
import { Journal, JournalUnavailable } from './journal';
import { JournalKeeper, type WriteLegs } from './journal-keeper';

const CALLS_A_SECOND = 10;
const AWAY_SECONDS = 30 * 60;
/** What one CDR costs in the database here: enough that the backlog takes most of the five minutes. */
const WRITE_MS = 14;

/** One second of calls that each end at once. */
async function aSecondOfCalls(keeper: JournalKeeper, second: number): Promise<void> {
  await Promise.all(
    Array.from({ length: CALLS_A_SECOND }, async (_, n) => {
      const opened = await keeper.open({
        ...anOpenedLeg(`${second}-${n}`),
        startedAtMs: startedAtMs + second * 1000,
      });
      await keeper.close(aClosedLeg(opened));
    }),
  );
}

describe('while the database is away', () => {
  let folder: string;
  let journal: Journal;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), '123-voip-away-'));
    journal = await Journal.open({ folder, log: silentLog });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function aKeeper(write: WriteLegs, maxBacklog?: number) {
    const clock = new FakeClock(startedAtMs);
    const keeper = new JournalKeeper({
      journal,
      write,
      clock,
      log: silentLog,
      heartbeatMs: 5_000,
      leastSequence: 1,
      ...(maxBacklog ? { maxBacklog } : {}),
    });
    await keeper.start();
    return { clock, keeper };
  }

  it('for 30 minutes at 10 calls a second nothing is lost, and five minutes of the clock clear the backlog', async () => {
    const written: ClosedLeg[] = [];
    let away = true;
    const { clock, keeper } = await aKeeper(async (legs) => {
      if (away) throw new Error('the database is away');
      await sleep(clock, WRITE_MS * legs.length);
      written.push(...legs);
    });
    for (let second = 0; second < AWAY_SECONDS; second++) {
      await aSecondOfCalls(keeper, second);
      if (second % 60 === 0) await clock.advance(60_000);
    }
    expect(keeper.backlog).toBe(CALLS_A_SECOND * AWAY_SECONDS);
    away = false;
    const backAtMs = clock.nowMs();
    while (keeper.backlog > 0 && clock.nowMs() - backAtMs < 5 * 60_000) await clock.advance(2_000);
    expect(keeper.backlog).toBe(0);
    await journal.close();
    const numbers = written.map((leg) => leg.nodeSequence).toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: CALLS_A_SECOND * AWAY_SECONDS }, (_, n) => n + 1));
    expect((await Journal.open({ folder, log: silentLog })).state.closed).toEqual([]);
  });

  it('no call begins beyond the limit of what may wait, and calls begin again when the database is back', async () => {
    let away = true;
    const { keeper } = await aKeeper(async () => {
      if (away) throw new Error('the database is away');
    }, 20);
    await aSecondOfCalls(keeper, 0);
    await aSecondOfCalls(keeper, 1);
    await expect(keeper.open(anOpenedLeg('one more'))).rejects.toBeInstanceOf(JournalUnavailable);
    expect(keeper.ready).toBe(false);
    away = false;
    await keeper.flushed();
    expect(keeper.ready).toBe(true);
    expect((await keeper.open(anOpenedLeg('next'))).nodeSequence).toBe(21);
    await keeper.stop();
  });

  it('records that it refuses for good do not keep the others from it, however many they are', async () => {
    const written: string[] = [];
    const { clock, keeper } = await aKeeper(async (legs) => {
      if (legs.some(({ cdrId }) => cdrId.startsWith('poison')))
        throw new Error('no column was made for this');
      written.push(...legs.map(({ cdrId }) => cdrId));
    });
    for (let n = 0; n < 10; n++)
      await keeper.close(aClosedLeg(await keeper.open(anOpenedLeg(`poison-${n}`))));
    await keeper.close(aClosedLeg(await keeper.open(anOpenedLeg('sound'))));
    await clock.advance(20_000);
    expect(written).toEqual(['sound']);
    expect(keeper.backlog).toBe(10);
    await keeper.stop();
  });

  it('what ended meanwhile is written together when it is back, and each leg once', async () => {
    const sizes: number[] = [];
    let away = true;
    const { clock, keeper } = await aKeeper(async (legs) => {
      if (away) throw new Error('the database is away');
      sizes.push(legs.length);
    });
    for (let n = 0; n < 450; n++) await keeper.close(aClosedLeg(await keeper.open(anOpenedLeg(`leg-${n}`))));
    await keeper.flushed();
    away = false;
    await clock.advance(2_000);
    await keeper.flushed();
    expect(sizes).toEqual([200, 200, 50]);
    await keeper.stop();
  });
});
