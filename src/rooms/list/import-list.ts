import { ImportRefused, type LineFault } from '../../csv/read-csv-file';
import { newId } from '../../kernel/ids';
import type { Database } from '../../kernel/unit-of-work';
import { type ListEntry, type ListWish, MAX_LIST_ENTRIES } from './list-entry';
import { insertEntries, lockList, removeEntries, wholeList } from './list-store';
import { type ListFile, readListFile } from './read-list-file';

export type ImportWish = {
  /** CSV as it came. */
  readonly file: Buffer;
  /** merge: numbers that the file does not have stay; replace: they go. */
  readonly mode: 'merge' | 'replace';
  /** Says what would happen and changes nothing. */
  readonly dryRun: boolean;
  /** Imports the lines without fault; otherwise one fault keeps the whole file out. */
  readonly skipFaulty: boolean;
  /** ISO 3166-1: where numbers without a country code are. */
  readonly country?: string | undefined;
};

/** What an import did, or would do. Counts are entries; `faults` lists at most 100. */
export type ImportReport = {
  readonly imported: boolean;
  readonly lines: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly removed: number;
  readonly faultCount: number;
  readonly faults: readonly LineFault[];
};

/** What becomes of a list when a file is imported into it. */
export type ImportPlan = {
  readonly added: readonly ListWish[];
  /** Entries as they will be; they keep their id. */
  readonly changed: readonly ListEntry[];
  readonly unchanged: number;
  readonly removed: readonly ListEntry[];
  readonly resultingCount: number;
};

/** Pure: compares the list with the file, number by number. */
export function planImport(
  before: readonly ListEntry[],
  wishes: readonly ListWish[],
  mode: ImportWish['mode'],
): ImportPlan {
  const entryOf = new Map(before.map((entry) => [entry.number, entry]));
  const added = wishes.filter((wish) => !entryOf.has(wish.number));
  const met = wishes.flatMap((wish) => {
    const entry = entryOf.get(wish.number);
    return entry ? [{ entry, wish }] : [];
  });
  const changed = met
    .filter(({ entry, wish }) => !says(entry, wish))
    .map(({ entry, wish }) => ({ ...entry, ...wish }));
  const named = new Set(wishes.map(({ number }) => number));
  const removed = mode === 'replace' ? before.filter((entry) => !named.has(entry.number)) : [];
  return {
    added,
    changed,
    unchanged: met.length - changed.length,
    removed,
    resultingCount: before.length + added.length - removed.length,
  };
}

/**
 * Imports a file into a room's list, all of it in one transaction.
 * @throws NotFound for the room; ImportRefused when there are faults and this is neither a dry run nor skips them
 */
export async function importList(
  database: Database,
  roomId: string,
  wish: ImportWish,
  nowMs: number,
): Promise<ImportReport> {
  const file = await readListFile(wish.file, wish.country);
  return database.write(async (sql) => {
    await lockList(sql, roomId);
    const plan = planImport(await wholeList(sql, roomId), file.wishes, wish.mode);
    const judged = withTooMany(file, plan);
    const refused = judged.broken || (judged.faultCount > 0 && !wish.skipFaulty);
    if (refused && !wish.dryRun) throw new ImportRefused(judged.faults, judged.faultCount);
    if (!wish.dryRun) {
      // A changed entry is written anew under its id: two statements for a hundred rows instead of a hundred.
      await removeEntries(sql, [...plan.removed, ...plan.changed]);
      const added = plan.added.map((one) => ({ ...one, id: newId(nowMs), roomId, createdAtMs: nowMs }));
      await insertEntries(sql, [...plan.changed, ...added]);
    }
    return reportOf(plan, judged, !wish.dryRun);
  });
}

function withTooMany(file: ListFile, plan: ImportPlan): ListFile {
  if (plan.resultingCount <= MAX_LIST_ENTRIES) return file;
  const fault = {
    line: 1,
    field: 'file',
    problem: `the list would have ${plan.resultingCount} entries`,
    remedy: `${MAX_LIST_ENTRIES} are the most; delete some first, or import with mode replace`,
  };
  return { ...file, faults: [fault, ...file.faults], faultCount: file.faultCount + 1, broken: true };
}

function says(entry: ListEntry, wish: ListWish): boolean {
  return (Object.keys(wish) as (keyof ListWish)[]).every((name) => entry[name] === wish[name]);
}

function reportOf(plan: ImportPlan, file: ListFile, imported: boolean): ImportReport {
  return {
    imported,
    lines: file.lineCount,
    added: plan.added.length,
    changed: plan.changed.length,
    unchanged: plan.unchanged,
    removed: plan.removed.length,
    faultCount: file.faultCount,
    faults: file.faults,
  };
}
