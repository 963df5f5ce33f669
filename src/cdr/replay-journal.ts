import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AppError, Conflict, InvalidInput } from '../kernel/app-error';
import type { Log } from '../kernel/log';
import type { Database } from '../kernel/unit-of-work';
import type { ClosedLeg } from './cdr';
import { matchesItsChecksum } from './journal-archive';
import { readJournalText } from './journal-files';
import { JournalBook } from './journal-records';
import { writeCdr } from './write-cdr';

/** Unpacked size of the largest journal that is read: many times the size at which a file is followed by the next. */
const MAX_JOURNAL_BYTES = 1024 * 1024 * 1024;

/** A packed journal is not what was packed. */
export class ArchiveAltered extends AppError {
  readonly code = 'archive-altered';
  constructor(file: string) {
    super(`${file} does not match its checksum; take another copy of it`, { file });
  }
}

/** What a replay found. */
export type Replay = {
  /** CDRs that the database did not have. */
  readonly written: number;
  readonly alreadyThere: number;
  /** Legs whose place in their node's sequence another leg has: a person must look. */
  readonly conflicts: readonly string[];
  /** Legs that end in a later file. */
  readonly endLater: number;
};

/**
 * Writes the CDRs of a journal file (`.log`, or packed `.log.gz`) that the database does not have. The second time it writes none. Legs
 * that were still open at the file's end are left to the files after it.
 * @throws InvalidInput when the file cannot be read, ArchiveAltered, JournalDamaged
 */
export async function replayJournal(database: Database, file: string, log: Log): Promise<Replay> {
  const legs = new Map<string, ClosedLeg>();
  const book = new JournalBook();
  readJournalText(await journalText(file), {
    file,
    mayBeTorn: true,
    log,
    take: (record) => {
      book.apply(record);
      if (record.type === 'closed') legs.set(record.leg.cdrId, record.leg);
      if (record.type === 'checkpoint') for (const leg of record.state.closed) legs.set(leg.cdrId, leg);
    },
  });
  let written = 0;
  const conflicts: string[] = [];
  for (const leg of legs.values()) {
    try {
      if (await writeCdr(database, leg)) written++;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      conflicts.push(leg.cdrId);
    }
  }
  return {
    written,
    alreadyThere: legs.size - written - conflicts.length,
    conflicts,
    endLater: book.state.open.length,
  };
}

async function journalText(file: string): Promise<string> {
  const bytes = await readFile(file).catch(() => {
    throw new InvalidInput(
      'file',
      `"${file}" cannot be read`,
      'give the path of a journal file, packed or not',
    );
  });
  if (!file.endsWith('.gz')) return bytes.toString('utf8');
  if ((await matchesItsChecksum(file)) === false) throw new ArchiveAltered(file);
  const unpacked = await promisify(gunzip)(bytes, { maxOutputLength: MAX_JOURNAL_BYTES }).catch(() => {
    throw new ArchiveAltered(file);
  });
  return unpacked.toString('utf8');
}
