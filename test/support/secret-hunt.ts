import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Database, integer, text } from '../../src/kernel/unit-of-work';

/** Where the page size stands in a SQLite file, and how long the heads of a WAL and of its frames are (sqlite.org/fileformat2.html 1.3, 4.1). */
const PAGE_SIZE_AT = 16;
const WAL_HEAD_BYTES = 32;
const FRAME_HEAD_BYTES = 24;

/** Whether a number stands somewhere in plain digits, as a number of its own: six digits within a time stamp are no PIN. */
export function standsIn(where: Buffer | string, digits: string): boolean {
  const written = typeof where === 'string' ? where : where.toString('latin1');
  return new RegExp(`(?<![0-9])${digits}(?![0-9])`).test(written);
}

/** Every file below a folder, whole. */
export function filesBelow(folder: string): readonly { readonly name: string; readonly bytes: Buffer }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((name) => ({ name, bytes: readFileSync(name) }));
}

/** Tables of a SQLite database with a row in which the number stands. */
export async function tablesWith(database: Database, digits: string): Promise<readonly string[]> {
  const tables = await database.read.all("SELECT name FROM sqlite_master WHERE type = 'table'");
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await database.read.all(`SELECT * FROM ${text(name)}`);
    const cells = rows.flatMap((row) => Object.values(row).map(String));
    if (cells.some((cell) => standsIn(cell, digits))) found.push(text(name));
  }
  return found;
}

/** Numbers of the pages on which a small table and its indexes begin: while it fits, these are all its pages. */
export async function pagesOf(database: Database, table: string): Promise<readonly number[]> {
  const rows = await database.read.all('SELECT rootpage FROM sqlite_master WHERE tbl_name = ?', [table]);
  return rows.map(({ rootpage }) => integer(rootpage));
}

/** Numbers of the pages, in a SQLite file and in the WAL beside it, on which the number stands: also where it was deleted but not wiped. */
export function pagesWith(databaseFile: string, digits: string): readonly number[] {
  const file = readFileSync(databaseFile);
  const wal = readFileSync(`${databaseFile}-wal`);
  const pageBytes = file.readUInt16BE(PAGE_SIZE_AT);
  const pages = new Set<number>();
  for (let at = 0; at < file.length; at += pageBytes)
    if (standsIn(file.subarray(at, at + pageBytes), digits)) pages.add(at / pageBytes + 1);
  for (let at = WAL_HEAD_BYTES; at < wal.length; at += FRAME_HEAD_BYTES + pageBytes) {
    const page = wal.subarray(at + FRAME_HEAD_BYTES, at + FRAME_HEAD_BYTES + pageBytes);
    if (standsIn(page, digits)) pages.add(wal.readUInt32BE(at));
  }
  return [...pages];
}
