import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { aClosedLeg, anOpenedLeg as aLeg, startedAtMs } from '../../test/support/journal-builders';
import { FakeClock } from '../../test/support/fake-clock';
import { silentLog } from '../kernel/log';
import type { ClosedLeg } from './cdr';
import { Journal } from './journal';
import { JournalDamaged } from './journal-files';
import { JournalKeeper, type WriteLegs } from './journal-keeper';

const entry = {
  roomId: 'room',
  roomSessionId: 'session',
  roomRole: 'speaker',
  payerAccountId: 'owner',
} as const;

describe('journal', () => {
  let folder: string;
  const journals: Journal[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), '123-voip-journal-'));
  });
  afterEach(async () => {
    for (const journal of journals.splice(0)) await journal.close().catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  const openJournal = async (rotateAtBytes?: number) => {
    const journal = await Journal.open({
      folder,
      log: silentLog,
      ...(rotateAtBytes ? { rotateAtBytes } : {}),
    });
    journals.push(journal);
    return journal;
  };
  const currentFile = () => join(folder, readdirSync(folder).find((name) => name.endsWith('.log')) as string);

  async function aKeeper(
    write: WriteLegs = async () => {},
    clock = new FakeClock(startedAtMs),
    leastSequence = 1,
  ) {
    const journal = await openJournal();
    const keeper = new JournalKeeper({
      journal,
      write,
      clock,
      log: silentLog,
      heartbeatMs: 5_000,
      leastSequence,
    });
    return { journal, keeper, clock };
  }

  it('has a leg’s start on disk when open resolves', async () => {
    const { keeper } = await aKeeper();
    await keeper.open(aLeg('a'));
    expect(readFileSync(currentFile(), 'utf8')).toContain('"cdrId":"a"');
  });

  it('shares one disk sync between records that come together and keeps their order', async () => {
    const journal = await openJournal();
    await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        journal.append({ type: 'opened', leg: { ...aLeg(`leg-${n}`), nodeSequence: n + 1 } }),
      ),
    );
    const ids = [...readFileSync(currentFile(), 'utf8').matchAll(/"cdrId":"(leg-\d+)"/g)].map(
      (match) => match[1],
    );
    expect(ids).toEqual(Array.from({ length: 100 }, (_, n) => `leg-${n}`));
  });

  it('closes a leg that a crash left open at its last proof of life, with who pays from when', async () => {
    const before = await aKeeper();
    await before.keeper.start();
    await before.keeper.open(aLeg('a'));
    await before.keeper.answered('a', startedAtMs + 100);
    await before.keeper.entered('a', { ...entry, chargedFromMs: startedAtMs + 4_000 });
    await before.clock.advance(11_000);
    await before.journal.close();

    const written: ClosedLeg[] = [];
    const after = await aKeeper(async (legs) => void written.push(...legs));
    expect(await after.keeper.start()).toBe(1);
    await after.keeper.stop();
    expect(written).toEqual([
      expect.objectContaining({
        ...entry,
        cdrId: 'a',
        nodeSequence: 1,
        ringingAtMs: null,
        answeredAtMs: startedAtMs + 100,
        waitedMs: 0,
        chargedFromMs: startedAtMs + 4_000,
        endedAtMs: startedAtMs + 10_000,
        result: 'crashed',
      }),
    ]);
  });

  it('bills a leg that had ended before the crash to its end, however long its last words were', async () => {
    const before = await aKeeper();
    await before.keeper.start();
    const opened = await before.keeper.open(aLeg('a'));
    await before.keeper.entered('a', { ...entry, chargedFromMs: startedAtMs });
    await before.clock.advance(6_000);
    const leg: ClosedLeg = {
      ...opened,
      ...entry,
      ringingAtMs: null,
      answeredAtMs: startedAtMs,
      waitedMs: 0,
      chargedFromMs: startedAtMs,
      endedAtMs: startedAtMs + 6_000,
      result: 'removed',
      endedBy: 'house',
      sipStatus: 200,
      hangupCause: null,
      quality: null,
    };
    await before.keeper.ending(leg);
    await before.clock.advance(20_000);
    await before.journal.close();

    const written: ClosedLeg[] = [];
    const after = await aKeeper(async (legs) => void written.push(...legs));
    expect(await after.keeper.start()).toBe(1);
    await after.keeper.stop();
    expect(written).toEqual([leg]);
  });

  it('charges nothing while a leg waits, and counts from the later entry once it is let in', async () => {
    const before = await aKeeper();
    await before.keeper.start();
    const waiting = { ...entry, chargedFromMs: null, waitingFromMs: startedAtMs + 1_000 };
    for (const cdrId of ['let in', 'still waiting']) {
      await before.keeper.open(aLeg(cdrId));
      await before.keeper.answered(cdrId, startedAtMs + 500);
      await before.keeper.entered(cdrId, waiting);
    }
    await before.keeper.entered('let in', { ...entry, chargedFromMs: startedAtMs + 8_000 });
    await before.clock.advance(20_000);
    await before.journal.close();

    const written: ClosedLeg[] = [];
    const after = await aKeeper(async (legs) => void written.push(...legs));
    await after.keeper.start();
    await after.keeper.stop();
    expect(written).toEqual([
      expect.objectContaining({ ...entry, chargedFromMs: startedAtMs + 8_000, waitedMs: 7_000 }),
      expect.objectContaining({ ...entry, chargedFromMs: null, waitedMs: 19_000 }),
    ]);
  });

  it('keeps when an outbound leg rang, which try it was, and charges it from its answer without a room', async () => {
    const before = await aKeeper();
    await before.keeper.open({ ...aLeg('a'), direction: 'outbound', attempt: 3, roomSessionId: 'session' });
    await before.keeper.ringing('a', startedAtMs + 1_000);
    await before.keeper.ringing('a', startedAtMs + 1_500);
    await before.keeper.answered('a', startedAtMs + 4_000);
    await before.keeper.entered('a', {
      roomId: null,
      roomSessionId: 'session',
      roomRole: null,
      payerAccountId: 'owner',
      chargedFromMs: startedAtMs + 4_000,
    });
    await before.journal.close();

    const written: ClosedLeg[] = [];
    const after = await aKeeper(async (legs) => void written.push(...legs));
    await after.keeper.start();
    await after.keeper.stop();
    expect(written[0]).toMatchObject({
      direction: 'outbound',
      attempt: 3,
      roomSessionId: 'session',
      ringingAtMs: startedAtMs + 1_000,
      chargedFromMs: startedAtMs + 4_000,
      payerAccountId: 'owner',
      roomId: null,
    });
  });

  it('reads the journal of an earlier version', async () => {
    const { attempt: _, roomSessionId: __, ...leg } = { ...aLeg('a'), nodeSequence: 7 };
    const old = [
      { type: 'opened', leg },
      {
        type: 'entered',
        cdrId: 'a',
        entry: {
          roomId: 'room',
          roomRole: 'participant',
          payerAccountId: 'owner',
          chargedFromMs: startedAtMs,
        },
      },
    ];
    const lines = old.map((record) => JSON.stringify(record));
    const text = lines.map((json) => `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`).join('');
    writeFileSync(join(folder, 'journal-0000000001.log'), text);

    const written: ClosedLeg[] = [];
    const { keeper } = await aKeeper(async (legs) => void written.push(...legs));
    await keeper.start();
    await keeper.stop();
    expect(written[0]).toMatchObject({
      nodeSequence: 7,
      attempt: 1,
      roomSessionId: null,
      roomRole: 'speaker',
      ringingAtMs: null,
      waitedMs: 0,
      hangupCause: null,
    });
  });

  it('goes on with the node’s sequence after a restart, so that no number is used twice or left out', async () => {
    const first = await aKeeper();
    expect((await first.keeper.open(aLeg('a'))).nodeSequence).toBe(1);
    expect((await first.keeper.open(aLeg('b'))).nodeSequence).toBe(2);
    const second = await aKeeper();
    expect((await second.keeper.open(aLeg('c'))).nodeSequence).toBe(3);
    const lostFolder = await aKeeper(undefined, undefined, 40);
    expect((await lostFolder.keeper.open(aLeg('d'))).nodeSequence).toBe(40);
  });

  it('keeps a closed leg until the database has taken it, over restarts too', async () => {
    const refused = await aKeeper(async () => {
      throw new Error('database away');
    });
    await refused.keeper.start();
    const opened = await refused.keeper.open(aLeg('a'));
    const leg = aClosedLeg(opened);
    await refused.keeper.close(leg);
    await refused.clock.advance(10_000);
    expect(refused.keeper.backlog).toBe(1);

    const written: ClosedLeg[] = [];
    const taken = await aKeeper(async (legs) => void written.push(...legs));
    await taken.keeper.start();
    await taken.keeper.stop();
    expect(written).toEqual([leg]);
    expect((await openJournal()).state.closed).toEqual([]);
  });

  it.each([
    ['cut in the middle of its last line', (text: string) => text.slice(0, -20)],
    ['ending in a line of rubbish', (text: string) => `${text}deadbeef {"type":"opened"}\n`],
  ])('gives all earlier records of a file %s', async (_, damage) => {
    const { keeper, journal } = await aKeeper();
    await keeper.open(aLeg('a'));
    await keeper.open(aLeg('b'));
    await keeper.answered('b', startedAtMs);
    await journal.close();
    writeFileSync(currentFile(), damage(readFileSync(currentFile(), 'utf8')));
    expect((await openJournal()).state.open.map(({ leg }) => leg.cdrId)).toEqual(['a', 'b']);
  });

  it('names file and line of a record that was altered in the middle, and does not start', async () => {
    const { keeper, journal } = await aKeeper();
    await keeper.open(aLeg('a'));
    await keeper.open(aLeg('b'));
    await journal.close();
    writeFileSync(currentFile(), readFileSync(currentFile(), 'utf8').replace('"cdrId":"a"', '"cdrId":"x"'));
    await expect(openJournal()).rejects.toMatchObject({ name: 'JournalDamaged', line: 2 });
    await expect(openJournal()).rejects.toBeInstanceOf(JournalDamaged);
  });

  it('starts a new file when one is full and archives the old one, losing nothing', async () => {
    const journal = await openJournal(2_000);
    for (let n = 1; n <= 20; n++)
      await journal.append({ type: 'opened', leg: { ...aLeg(`leg-${n}`), nodeSequence: n } });
    await journal.close();
    expect(readdirSync(join(folder, 'archive')).length).toBeGreaterThan(1);
    const reopened = await openJournal();
    expect(reopened.state.open).toHaveLength(20);
    expect(reopened.state.nextSequence).toBe(21);
  });
});
