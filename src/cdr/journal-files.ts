import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Log } from '../kernel/log';
import type { JournalRecord } from './journal-records';
import { ofThisVersion } from './journal-records-of-old';

const FILE_FORM = /^journal-(\d{10})\.log$/;

/** A record in the middle of a journal does not match its checksum; `line` counts from 1. */
export class JournalDamaged extends Error {
  constructor(
    readonly file: string,
    readonly line: number,
  ) {
    super(
      `${file}, line ${line}: the checksum does not match; restore the file, or move it away to begin a new journal without the calls that it alone knows`,
    );
    this.name = 'JournalDamaged';
  }
}

/** Names of the journal files in a folder, the oldest first. */
export function journalFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => FILE_FORM.test(name))
    .toSorted();
}

/** The number in a journal file's name; 0 for no file. */
export function fileNumber(name: string | undefined): number {
  return Number(FILE_FORM.exec(name ?? '')?.[1] ?? 0);
}

export function fileName(number: number): string {
  return `journal-${String(number).padStart(10, '0')}.log`;
}

/** One record as the line it is stored as: "<crc32> <json>". */
export function lineOf(record: JournalRecord): string {
  const json = JSON.stringify(record);
  return `${checksum(json)} ${json}\n`;
}

/** The record of a line, or null when the line is not as it was written. */
export function parseLine(line: string): JournalRecord | null {
  const json = line.slice(9);
  return line.slice(0, 8) === checksum(json) && line[8] === ' ' ? ofThisVersion(JSON.parse(json)) : null;
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/**
 * Gives every record of a folder's files to `take`, in the order they were written. The last line of the last file may be torn (a crash
 * while it was written): it is named in the log and left out, since it was never confirmed to anybody.
 * @throws JournalDamaged when an earlier line is broken
 */
export function readJournals(folder: string, log: Log, take: (record: JournalRecord) => void): void {
  const files = journalFiles(folder);
  for (const [index, name] of files.entries())
    readJournalText(readFileSync(join(folder, name), 'utf8'), {
      file: join(folder, name),
      mayBeTorn: index === files.length - 1,
      log,
      take,
    });
}

/** The records of one file's text. @throws JournalDamaged */
export function readJournalText(
  text: string,
  how: {
    readonly file: string;
    readonly mayBeTorn: boolean;
    readonly log: Log;
    readonly take: (record: JournalRecord) => void;
  },
): void {
  const lines = text.split('\n');
  const unfinished = lines.pop() !== '';
  const torn = (line: number) => {
    if (!how.mayBeTorn) throw new JournalDamaged(how.file, line);
    how.log.warn('journal ends in a torn record', { file: basename(how.file), line });
  };
  for (const [index, line] of lines.entries()) {
    const record = parseLine(line);
    const isLast = index === lines.length - 1 && !unfinished;
    if (record) how.take(record);
    else if (isLast) torn(index + 1);
    else throw new JournalDamaged(how.file, index + 1);
  }
  if (unfinished) torn(lines.length + 1);
}
