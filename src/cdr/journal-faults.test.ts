import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { FakeClock } from '../../test/support/fake-clock';
import { aClosedLeg, anOpenedLeg, FaultyDisk, startedAtMs } from '../../test/support/journal-builders';
import { type Log, type LogFacts, silentLog } from '../kernel/log';
import type { ClosedLeg } from './cdr';
import { Journal, JournalUnavailable } from './journal';
import { JournalKeeper } from './journal-keeper';

describe('a journal', () => {
  let folder: string;
  const journals: Journal[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), '123-voip-journal-'));
  });
  afterEach(async () => {
    for (const journal of journals.splice(0)) await journal.close().catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  const openJournal = async (disk?: FaultyDisk, rotateAtBytes?: number, log: Log = silentLog) => {
    const journal = await Journal.open({
      folder,
      log,
      ...(disk ? { disk } : {}),
      ...(rotateAtBytes ? { rotateAtBytes } : {}),
    });
    journals.push(journal);
    return journal;
  };

  async function aKeeper(disk: FaultyDisk, written: ClosedLeg[] = []) {
    const clock = new FakeClock(startedAtMs);
    const journal = await openJournal(disk);
    const keeper = new JournalKeeper({
      journal,
      write: async (legs) => void written.push(...legs),
      clock,
      log: silentLog,
      heartbeatMs: 5_000,
      leastSequence: 1,
    });
    await keeper.start();
    return { clock, journal, keeper, written };
  }

  it('that was torn at any byte of its last record names it in the log and keeps every earlier record', async () => {
    const journal = await openJournal();
    for (const [n, cdrId] of ['a', 'b', 'c'].entries())
      await journal.append({ type: 'opened', leg: { ...anOpenedLeg(cdrId), nodeSequence: n + 1 } });
    await journal.close();
    const name = readdirSync(folder).find((one) => one.endsWith('.log')) as string;
    const bytes = readFileSync(join(folder, name));
    const lastRecord = bytes.lastIndexOf('\n', bytes.length - 2) + 1;
    expect(bytes.length - lastRecord).toBeGreaterThan(100);
    for (let length = lastRecord; length < bytes.length; length++) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      writeFileSync(join(folder, name), bytes.subarray(0, length));
      const warnings: LogFacts[] = [];
      const log: Log = { ...silentLog, warn: (_, facts) => void warnings.push(facts ?? {}) };
      const reopened = await openJournal(undefined, undefined, log);
      expect(reopened.state.open.map(({ leg }) => leg.cdrId)).toEqual(['a', 'b']);
      // Cut exactly between two records nothing is torn; the third was then never begun.
      expect(warnings).toEqual(length === lastRecord ? [] : [{ file: name, line: 4 }]);
      await reopened.close();
    }
  });

  describe.each([
    ['append', 0],
    ['append', 37],
    ['sync', 0],
  ] as const)('whose disk fails at %s with %i bytes written', (failing, tornBytes) => {
    const full = () => Object.assign(new FaultyDisk(), { failing, tornBytes });

    it('begins no call, and begins calls again by itself when there is space, without a gap in the numbers', async () => {
      const disk = full();
      const { clock, keeper } = await aKeeper(disk);
      expect((await keeper.open(anOpenedLeg('before'))).nodeSequence).toBe(1);
      disk.fault = 'ENOSPC';
      const refused = await Promise.allSettled([
        keeper.open(anOpenedLeg('x')),
        keeper.open(anOpenedLeg('y')),
      ]);
      for (const one of refused)
        expect(one).toMatchObject({ status: 'rejected', reason: expect.any(JournalUnavailable) });
      expect(keeper.ready).toBe(false);
      disk.fault = null;
      await clock.advance(2_000);
      await keeper.flushed();
      expect(keeper.ready).toBe(true);
      expect((await keeper.open(anOpenedLeg('after'))).nodeSequence).toBe(2);
      expect((await keeper.open(anOpenedLeg('next'))).nodeSequence).toBe(3);
    });

    it('lets live calls end: their CDRs go to the database, and into the journal when there is space', async () => {
      const disk = full();
      const { clock, keeper, written } = await aKeeper(disk);
      const legs = [await keeper.open(anOpenedLeg('a')), await keeper.open(anOpenedLeg('b'))];
      disk.fault = 'ENOSPC';
      await clock.advance(6_000);
      for (const leg of legs) {
        await keeper.ending(aClosedLeg(leg));
        await keeper.close(aClosedLeg(leg));
      }
      await keeper.flushed();
      expect(written.map(({ cdrId }) => cdrId)).toEqual(['a', 'b']);
      disk.fault = null;
      await clock.advance(2_000);
      await keeper.flushed();
      expect(keeper.ready).toBe(true);
      await keeper.stop();
      expect((await openJournal()).state).toMatchObject({ open: [], closed: [], nextSequence: 3 });
    });

    it('keeps what it had when the process dies before there is space', async () => {
      const disk = full();
      const { keeper, journal } = await aKeeper(disk);
      await keeper.open(anOpenedLeg('a'));
      disk.fault = 'ENOSPC';
      await expect(keeper.open(anOpenedLeg('b'))).rejects.toBeInstanceOf(JournalUnavailable);
      await journal.close();
      expect((await openJournal()).state.open.map(({ leg }) => leg.cdrId)).toEqual(['a']);
    });
  });

  it('that cannot begin a new file goes on with the old one and tries again later', async () => {
    const disk = Object.assign(new FaultyDisk(), { failing: 'create' });
    const journal = await openJournal(disk, 2_000);
    const append = async (first: number, count: number) => {
      for (let n = first; n < first + count; n++)
        await journal.append({ type: 'opened', leg: { ...anOpenedLeg(`leg-${n}`), nodeSequence: n } });
    };
    disk.fault = 'ENOSPC';
    await append(1, 20);
    expect(readdirSync(join(folder, 'archive'))).toEqual([]);
    disk.fault = null;
    await append(21, 5);
    expect(readdirSync(join(folder, 'archive'))).not.toEqual([]);
    await journal.close();
    expect((await openJournal()).state.open).toHaveLength(25);
  });

  it('is refused by the kernel itself at a size limit, and is whole and goes on when the limit is lifted', async () => {
    const script = resolve(__dirname, '../../test/support/journal-under-limit.js');
    const { stdout } = await promisify(execFile)(process.execPath, [script, folder]);
    expect(JSON.parse(stdout)).toEqual({ refusedWith: 'EFBIG', availableWhileFull: false, recovered: true });
    const names = (await openJournal()).state.open.map(({ leg }) => leg.cdrId);
    expect(names[0]).toBe('leg-1');
    expect(names.at(-1)).toBe('after');
    expect(names).toHaveLength(new Set(names).size);
  });
});
