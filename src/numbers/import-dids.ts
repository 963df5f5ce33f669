import {
  badCell,
  type CsvFile,
  ImportRefused,
  LineReader,
  type LineFault,
  readCsvFile,
  withoutGuard,
} from '../csv/read-csv-file';
import { currency, parseMicros } from '../kernel/money';
import type { E164 } from '../kernel/phone-number';
import { type Database, type Sql, text } from '../kernel/unit-of-work';
import { checkTerms, type Did, type DidTerms } from './did';
import { didsAmong, insertDids, setTerms } from './dids-store';
import { normaliseWritten } from './normalise-dialled';

/** Most numbers of one file. */
const MAX_LINES = 20_000;
/** Largest file: its most lines with 100 bytes each. */
export const MAX_DID_FILE_BYTES = 2_000_000;
/** Trunks and decks whose names a file may use. */
const MAX_NAMES = 1_000;

/** Columns of a file of numbers, each with the other names that its header may have. */
export const DID_COLUMNS = {
  number: ['did', 'phone', 'phonenumber', 'e164'],
  trunk: ['carrier'],
  channels: ['channellimit'],
  deck: ['ratedeck'],
  currency: [],
  setup_fee: ['setup', 'nrc'],
  monthly_fee: ['monthly', 'mrc'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type DidColumn = keyof typeof DID_COLUMNS;
type DidWish = DidTerms & { readonly number: E164 };

export type DidImport = {
  /** CSV as it came. */
  readonly file: Buffer;
  /** Says what would happen and changes nothing. */
  readonly dryRun: boolean;
  /** ISO 3166-1: where numbers without a country code are. */
  readonly country?: string | undefined;
};

/** What an import did, or would do. Counts are numbers; `faults` lists at most 100. */
export type DidImportReport = {
  readonly imported: boolean;
  readonly lines: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly faultCount: number;
  readonly faults: readonly LineFault[];
};

/**
 * Takes a file of numbers into the inventory, all of it in one transaction or nothing. Numbers that are there get the file's terms; who has
 * one keeps it at the fees that were agreed.
 * @throws ImportRefused when a line has a fault and this is no dry run
 */
export async function importDids(
  database: Database,
  wish: DidImport,
  nowMs: number,
): Promise<DidImportReport> {
  const file = await readDidFile(database.read, wish);
  const refused = file.broken || file.faultCount > 0;
  if (refused && !wish.dryRun) throw new ImportRefused(file.faults, file.faultCount);
  return database.write(async (sql) => {
    const before = new Map<E164, Did>();
    for (const did of await didsAmong(
      sql,
      file.wishes.map(({ number }) => number),
      nowMs,
    ))
      before.set(did.number, did);
    const added = file.wishes.filter(({ number }) => !before.has(number));
    const met = file.wishes.filter(({ number }) => before.has(number));
    const changed = met.filter((one) => !says(before.get(one.number), one));
    if (!wish.dryRun) {
      await insertDids(sql, added, nowMs);
      for (const one of changed) await setTerms(sql, one.number, one);
    }
    return {
      imported: !wish.dryRun,
      lines: file.lineCount,
      added: added.length,
      changed: changed.length,
      unchanged: met.length - changed.length,
      faultCount: file.faultCount,
      faults: file.faults,
    };
  });
}

async function readDidFile(sql: Sql, wish: DidImport): Promise<CsvFile<DidWish>> {
  const trunks = await idsByName(sql, 'trunks');
  const decks = await idsByName(sql, 'rate_decks');
  return readCsvFile<DidColumn, DidWish>(wish.file, {
    columns: DID_COLUMNS,
    needed: ['number'],
    called: 'a file of numbers',
    maxLines: MAX_LINES,
    tooManyRemedy: 'split it into several files',
    keyOf: ({ number }) => number,
    keyColumn: 'number',
    parseLine: (cell) => {
      const line = new LineReader(cell);
      const one = {
        number: line.read('number', (written, field) => {
          const number = normaliseWritten(withoutGuard(written), wish.country);
          if (number) return number;
          throw badCell(
            field,
            written,
            'write a plus, the country code and the number, for example +32255501234',
          );
        }),
        trunkId: line.read('trunk', named(trunks, 'trunk')),
        channelLimit: line.read('channels', channels),
        rateDeckId: line.read('deck', named(decks, 'rate deck')),
        currency: line.read('currency', unit),
        setupFeeMicros: line.read('setup_fee', fee),
        monthlyFeeMicros: line.read('monthly_fee', fee),
      };
      if (line.faults.length === 0) line.try(() => checkTerms(one as DidWish));
      return line.faults.length > 0 ? { faults: line.faults } : { wish: one as DidWish };
    },
  });
}

async function idsByName(sql: Sql, table: 'trunks' | 'rate_decks'): Promise<ReadonlyMap<string, string>> {
  const rows = await sql.all(`SELECT id, name FROM ${table} ORDER BY name LIMIT ?`, [MAX_NAMES]);
  return new Map(rows.map((row) => [text(row.name), text(row.id)]));
}

function named(ids: ReadonlyMap<string, string>, kind: string) {
  return (written: string, field: DidColumn): string | null => {
    if (written === '') return null;
    const id = ids.get(written);
    if (id === undefined) throw badCell(field, written, `write the name of a ${kind}, or nothing`);
    return id;
  };
}

function channels(written: string, field: DidColumn): number | null {
  if (written === '') return null;
  if (!/^\d{1,5}$/.test(written)) throw badCell(field, written, 'write how many calls at once, or nothing');
  return Number(written);
}

function unit(written: string, field: DidColumn): DidTerms['currency'] {
  if (written === '') return null;
  if (!/^[A-Z]{3}$/.test(written)) throw badCell(field, written, 'write a code of ISO 4217, for example EUR');
  return currency(written);
}

function fee(written: string, field: DidColumn): bigint {
  if (written === '') return 0n;
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(written)) throw badCell(field, written, 'write an amount like 2.50');
  return parseMicros(written);
}

function says(before: DidTerms | undefined, wish: DidWish): boolean {
  return (
    before !== undefined &&
    (Object.keys(wish) as (keyof DidWish)[]).every((name) => (before as DidWish)[name] === wish[name])
  );
}
