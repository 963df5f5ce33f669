import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DIALECTS, emptyDatabase, type TestDatabase } from '../../test/support/databases';
import { aClosedLeg, anOpenedLeg, startedAtMs } from '../../test/support/journal-builders';
import { InvalidInput } from '../kernel/app-error';
import { silentLog } from '../kernel/log';
import { integer } from '../kernel/unit-of-work';
import { Journal } from './journal';
import { checksumFile, sweepArchive } from './journal-archive';
import { ArchiveAltered, replayJournal } from './replay-journal';
import { writeCdr } from './write-cdr';

const DAY_MS = 86_400_000;

let folder: string;
let archive: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), '123-voip-archive-'));
  archive = join(folder, 'archive');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A finished file with `count` closed legs, and one that is still open at its end. */
async function aFinishedFile(count: number): Promise<string> {
  const first = await Journal.open({ folder, log: silentLog });
  for (let n = 1; n <= count; n++) {
    const leg = { ...anOpenedLeg(`leg-${n}`), nodeSequence: n };
    await first.append({ type: 'opened', leg });
    await first.append({ type: 'closed', leg: aClosedLeg(leg) });
    if (n % 2 === 0) await first.append({ type: 'written', cdrId: leg.cdrId });
  }
  await first.append({ type: 'opened', leg: { ...anOpenedLeg('open'), nodeSequence: count + 1 } });
  await first.close();
  await (await Journal.open({ folder, log: silentLog })).close();
  return join(archive, readdirSync(archive)[0] as string);
}

describe('the archive of journals', () => {
  it('packs finished files with their checksum, byte for byte, and does not pack them again', async () => {
    const file = await aFinishedFile(10);
    const text = readFileSync(file, 'utf8');
    expect(await sweepArchive(archive, { keepDays: 90, nowMs: startedAtMs })).toEqual({
      packed: 1,
      removed: 0,
    });
    expect(existsSync(file)).toBe(false);
    expect(gunzipSync(readFileSync(`${file}.gz`)).toString('utf8')).toBe(text);
    expect(readFileSync(checksumFile(`${file}.gz`), 'utf8')).toMatch(
      /^[0-9a-f]{64} {2}journal-\d{10}\.log\.gz\n$/,
    );
    expect(await sweepArchive(archive, { keepDays: 90, nowMs: startedAtMs })).toEqual({
      packed: 0,
      removed: 0,
    });
  });

  it('keeps a file for its days, counted from its last record, and then removes it with its checksum', async () => {
    const file = await aFinishedFile(2);
    utimesSync(file, startedAtMs / 1000, startedAtMs / 1000);
    const sweepAt = (nowMs: number) => sweepArchive(archive, { keepDays: 90, nowMs });
    await sweepAt(startedAtMs + 90 * DAY_MS);
    expect(statSync(`${file}.gz`).mtimeMs).toBe(startedAtMs);
    expect(await sweepAt(startedAtMs + 90 * DAY_MS + 1)).toEqual({ packed: 0, removed: 1 });
    expect(readdirSync(archive)).toEqual([]);
  });

  it('begins again what a crash left half packed', async () => {
    const file = await aFinishedFile(5);
    writeFileSync(`${file}.gz.draft`, 'half');
    writeFileSync(`${file}.gz`, 'an earlier packing whose original was not removed yet');
    await sweepArchive(archive, { keepDays: 90, nowMs: startedAtMs });
    expect(readdirSync(archive).toSorted()).toEqual(
      [`${file}.gz`, checksumFile(`${file}.gz`)].map((path) => path.slice(archive.length + 1)),
    );
    expect(gunzipSync(readFileSync(`${file}.gz`)).toString('utf8')).toContain('leg-5');
  });
});

describe.each(DIALECTS)('the replay of a journal on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await emptyDatabase(dialect);
  });
  afterAll(() => test.drop());
  beforeEach(() =>
    test.database.write(async (sql) => {
      await sql.run('DELETE FROM cdrs');
      await sql.run('DELETE FROM jobs');
    }),
  );
  const count = async (table: string) =>
    integer((await test.database.read.all(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n);
  const replay = (file: string) => replayJournal(test.database, file, silentLog);

  it('writes what the database lacks with the jobs that price it, packed or not, and nothing the second time', async () => {
    const file = await aFinishedFile(20);
    await writeCdr(test.database, aClosedLeg({ ...anOpenedLeg('leg-7'), nodeSequence: 7 }));
    expect(await replay(file)).toEqual({ written: 19, alreadyThere: 1, conflicts: [], endLater: 1 });
    await sweepArchive(archive, { keepDays: 90, nowMs: startedAtMs });
    expect(await replay(`${file}.gz`)).toEqual({ written: 0, alreadyThere: 20, conflicts: [], endLater: 1 });
    expect([await count('cdrs'), await count('jobs')]).toEqual([20, 20]);
  });

  it('names a leg whose place another has, and writes the others', async () => {
    const file = await aFinishedFile(3);
    await writeCdr(test.database, aClosedLeg({ ...anOpenedLeg('usurper'), nodeSequence: 2 }));
    expect(await replay(file)).toMatchObject({ written: 2, conflicts: ['leg-2'] });
  });

  it('refuses a packed file that was altered, and a file that is not there', async () => {
    const file = await aFinishedFile(3);
    await sweepArchive(archive, { keepDays: 90, nowMs: startedAtMs });
    const packed = readFileSync(`${file}.gz`);
    packed[packed.length >> 1] = (packed[packed.length >> 1] as number) ^ 1;
    writeFileSync(`${file}.gz`, packed);
    await expect(replay(`${file}.gz`)).rejects.toBeInstanceOf(ArchiveAltered);
    await expect(replay(join(folder, 'none.log'))).rejects.toBeInstanceOf(InvalidInput);
    expect(await count('cdrs')).toBe(0);
  });
});
