import fc from 'fast-check';
import { DIALECTS, type TestDatabase } from '../../../test/support/databases';
import { databaseWithOwner } from '../../../test/support/room-builders';
import { Conflict, InvalidInput, NotFound } from '../../kernel/app-error';
import { e164 } from '../../kernel/phone-number';
import { createRoom, setRoomState } from '../rooms-store';
import { ImportRefused } from '../../csv/read-csv-file';
import { type ImportWish, importList, planImport } from './import-list';
import { ListFull, type ListWish, MAX_LIST_ENTRIES } from './list-entry';
import {
  addListEntry,
  changeListEntry,
  deleteListEntry,
  listedEntry,
  listEntries,
  listEntryById,
  MAX_ROOMS_LISTING_A_NUMBER,
  roomsListing,
  wholeList,
} from './list-store';

const nowMs = Date.UTC(2026, 6, 1, 12);
const wish: ListWish = {
  name: 'Ana',
  number: e164('+3222223344'),
  role: 'moderator',
  language: 'fr',
  mayEnter: true,
  dialOut: false,
  validFromMs: nowMs - 5,
  validUntilMs: nowMs + 5,
};
const csv = (...lines: string[]) => Buffer.from(['name,number,role', ...lines].join('\n'));
const merge: Omit<ImportWish, 'file'> = { mode: 'merge', dryRun: false, skipFaulty: false };

describe.each(DIALECTS)('number lists on %s', (dialect) => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await databaseWithOwner(dialect);
  });
  afterAll(() => test.drop());

  const aRoom = async (rules = {}) =>
    (await createRoom(test.database, { ownerAccountId: 'owner', name: 'Tea', maxSeats: 20, rules, nowMs }))
      .room;
  const add = (roomId: string, difference: Partial<ListWish> = {}) =>
    addListEntry(test.database, roomId, { ...wish, ...difference }, nowMs);
  const namesOf = async (roomId: string) =>
    (await wholeList(test.database.read, roomId)).map(({ name }) => name).toSorted();

  it('give an entry back as it was stored', async () => {
    const room = await aRoom();
    const entry = await add(room.id);
    expect(entry).toMatchObject(wish);
    expect(await listEntryById(test.database.read, room.id, entry.id)).toEqual(entry);
    const plain = await add(room.id, {
      number: e164('+3222223355'),
      language: null,
      mayEnter: false,
      dialOut: true,
      validFromMs: null,
      validUntilMs: null,
    });
    expect(await listEntryById(test.database.read, room.id, plain.id)).toEqual(plain);
  });

  it('have a number once, however often it is added at once', async () => {
    const room = await aRoom();
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => add(room.id)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const tried of tries.filter((one) => one.status === 'rejected'))
      expect(tried.reason).toBeInstanceOf(Conflict);
  });

  it('change what is named of an entry, and nothing into a number that is listed', async () => {
    const room = await aRoom();
    const entry = await add(room.id);
    const other = await add(room.id, { number: e164('+3222223355') });
    const position = { roomId: room.id, entryId: entry.id };
    const changed = await changeListEntry(test.database, position, { name: ' Bo ', validUntilMs: null });
    expect(changed).toEqual({ ...entry, name: 'Bo', validUntilMs: null });
    expect(await listEntryById(test.database.read, room.id, entry.id)).toEqual(changed);
    await expect(changeListEntry(test.database, position, { number: other.number })).rejects.toThrow(
      Conflict,
    );
    await expect(changeListEntry(test.database, position, { validUntilMs: 1 })).rejects.toThrow(InvalidInput);
  });

  it('show an entry to its own room alone', async () => {
    const [room, stranger] = [await aRoom(), await aRoom()];
    const { id } = await add(room.id);
    await expect(listEntryById(test.database.read, stranger.id, id)).rejects.toThrow(NotFound);
    await expect(deleteListEntry(test.database, stranger.id, id)).rejects.toThrow(NotFound);
    await deleteListEntry(test.database, room.id, id);
    await expect(deleteListEntry(test.database, room.id, id)).rejects.toThrow(NotFound);
    await expect(add('none')).rejects.toThrow(NotFound);
  });

  it('come in pages that miss and repeat none, and show who is to be called', async () => {
    const room = await aRoom();
    for (let n = 0; n < 7; n++) await add(room.id, { number: e164(`+3222223${n}00`), dialOut: n % 2 === 1 });
    const all = await wholeList(test.database.read, room.id);
    const first = await listEntries(test.database.read, room.id, { limit: 3 });
    const rest = await listEntries(test.database.read, room.id, { afterId: first.at(-1)?.id, limit: 9 });
    expect([...first, ...rest]).toEqual(all);
    const called = (atMs: number) =>
      listEntries(test.database.read, room.id, { dialOutAtMs: atMs, limit: 9 });
    expect(await called(nowMs)).toEqual(all.filter(({ dialOut }) => dialOut));
    expect(await called(nowMs + 5)).toEqual([]);
  });

  it('find the entry of a number while it is valid', async () => {
    const room = await aRoom();
    const entry = await add(room.id);
    const at = (atMs: number) => listedEntry(test.database.read, room.id, wish.number, atMs);
    expect([await at(nowMs - 6), await at(nowMs - 5), await at(nowMs + 4), await at(nowMs + 5)]).toEqual([
      null,
      entry,
      entry,
      null,
    ]);
  });

  it('find the open rooms that would let a number in, a bounded number of them', async () => {
    const number = e164('+3222229999');
    const open = await aRoom({ allowsListedEntry: true });
    const entry = await add(open.id, { number });
    await add((await aRoom()).id, { number });
    const closed = await aRoom({ allowsListedEntry: true });
    await add(closed.id, { number });
    await setRoomState(test.database, closed.id, 'closed');
    await add((await aRoom({ allowsListedEntry: true })).id, { number, mayEnter: false });
    await add((await aRoom({ allowsListedEntry: true })).id, { number, validUntilMs: nowMs - 1 });
    expect(await roomsListing(test.database.read, number, nowMs)).toEqual([{ room: open, entry }]);
    for (let n = 0; n < MAX_ROOMS_LISTING_A_NUMBER; n++)
      await add((await aRoom({ allowsListedEntry: true })).id, { number });
    expect(await roomsListing(test.database.read, number, nowMs)).toHaveLength(MAX_ROOMS_LISTING_A_NUMBER);
  });

  it('merge a file: what is new is added, what differs is changed under its id, the rest stays', async () => {
    const room = await aRoom();
    const file = csv('Ana,+3222220001,', 'Bo,+3222220002,', 'Cy,+3222220003,');
    expect(await importList(test.database, room.id, { ...merge, file }, nowMs)).toMatchObject({
      imported: true,
      added: 3,
    });
    const before = await listedEntry(test.database.read, room.id, e164('+3222220002'), nowMs);
    const again = csv('Bob,+3222220002,moderator', 'Cy,+3222220003,', 'Di,+3222220004,');
    const report = await importList(test.database, room.id, { ...merge, file: again }, nowMs + 9);
    expect(report).toMatchObject({ added: 1, changed: 1, unchanged: 1, removed: 0 });
    expect(await namesOf(room.id)).toEqual(['Ana', 'Bob', 'Cy', 'Di']);
    const after = await listedEntry(test.database.read, room.id, e164('+3222220002'), nowMs);
    expect(after).toEqual({ ...before, name: 'Bob', role: 'moderator' });
  });

  it('replace the list by a file, of their own room alone', async () => {
    const [room, stranger] = [await aRoom(), await aRoom()];
    await add(room.id);
    await add(stranger.id);
    const file = csv('Bo,+3222220002,');
    const report = await importList(test.database, room.id, { ...merge, mode: 'replace', file }, nowMs);
    expect(report).toMatchObject({ added: 1, removed: 1 });
    expect([await namesOf(room.id), await namesOf(stranger.id)]).toEqual([['Bo'], ['Ana']]);
  });

  it('take nothing of a file with a fault, unless the rest is asked for', async () => {
    const room = await aRoom();
    const file = csv('Ana,+3222220001,', 'Bo,12,');
    const refused = importList(test.database, room.id, { ...merge, file }, nowMs);
    await expect(refused).rejects.toThrow(ImportRefused);
    await expect(refused).rejects.toMatchObject({ faults: [{ line: 3, field: 'number' }] });
    expect(await namesOf(room.id)).toEqual([]);
    const report = await importList(test.database, room.id, { ...merge, skipFaulty: true, file }, nowMs);
    expect(report).toMatchObject({ imported: true, added: 1, faultCount: 1 });
    expect(await namesOf(room.id)).toEqual(['Ana']);
  });

  it('take nothing of a file that cannot be read, whatever is asked for', async () => {
    const room = await aRoom();
    const file = Buffer.from('name,number\nAna,+3222220001\n"Bo');
    const replace: ImportWish = { ...merge, mode: 'replace', skipFaulty: true, file };
    await add(room.id);
    await expect(importList(test.database, room.id, replace, nowMs)).rejects.toThrow(ImportRefused);
    expect(await namesOf(room.id)).toEqual(['Ana']);
  });

  it('say in a dry run what would happen, and change nothing', async () => {
    const room = await aRoom();
    const file = csv('Bo,+3222220002,', 'Cy,1,');
    const report = await importList(test.database, room.id, { ...merge, dryRun: true, file }, nowMs);
    expect(report).toMatchObject({ imported: false, added: 1, faultCount: 1 });
    expect(await namesOf(room.id)).toEqual([]);
  });

  it('have room for no more than their most', async () => {
    const room = await aRoom();
    const lines = Array.from({ length: MAX_LIST_ENTRIES }, (_, n) => `Ana,+32${String(10_000_000 + n)},`);
    const report = await importList(test.database, room.id, { ...merge, file: csv(...lines) }, nowMs);
    expect(report.added).toBe(MAX_LIST_ENTRIES);
    await expect(add(room.id)).rejects.toThrow(ListFull);
    const one = importList(test.database, room.id, { ...merge, file: csv('Bo,+3222220002,') }, nowMs);
    await expect(one).rejects.toMatchObject({ faults: [{ field: 'file' }] });
  });
});

describe('planning an import', () => {
  const entries = fc.uniqueArray(fc.integer({ min: 0, max: 30 })).map((numbers) =>
    numbers.map((n) => ({
      ...wish,
      number: e164(`+32222200${String(n).padStart(2, '0')}`),
      id: `id-${n}`,
      roomId: 'room',
      createdAtMs: 0,
    })),
  );

  it('accounts for every line and every entry', () => {
    fc.assert(
      fc.property(entries, entries, fc.constantFrom('merge', 'replace'), (before, file, mode) => {
        const wishes = file.map(({ id: _, roomId: __, createdAtMs: ___, ...one }) => ({
          ...one,
          name: Number(one.number.at(-1)) % 2 ? 'Other' : one.name,
        }));
        const plan = planImport(before, wishes, mode);
        expect(plan.added.length + plan.changed.length + plan.unchanged).toBe(wishes.length);
        expect(plan.resultingCount).toBe(
          mode === 'replace' ? wishes.length : new Set([...before, ...wishes].map((one) => one.number)).size,
        );
      }),
    );
  });
});
