import { type CsvFile, readCsvFile } from '../../csv/read-csv-file';
import { type ListWish, MAX_LIST_ENTRIES } from './list-entry';
import { LIST_COLUMNS, NEEDED_COLUMNS, parseListLine } from './list-line';

/** Largest list file: its most entries with 400 bytes each. */
export const MAX_LIST_FILE_BYTES = 2_000_000;

export type ListFile = CsvFile<ListWish>;

/**
 * Reads a list file (CSV in UTF-8, comma or semicolon, header first) and gives its entries and all its faults. `country` (ISO
 * 3166-1) is where numbers without a country code are.
 */
export function readListFile(bytes: Buffer, country?: string): Promise<ListFile> {
  return readCsvFile(bytes, {
    columns: LIST_COLUMNS,
    needed: NEEDED_COLUMNS,
    called: 'a number list',
    maxLines: MAX_LIST_ENTRIES,
    tooManyRemedy: 'a room’s list can have no more; split it over several rooms',
    keyOf: ({ number }) => number,
    keyColumn: 'number',
    parseLine: (cell) => parseListLine(cell, country),
  });
}
