import { join } from 'node:path';
import type { Log } from '../kernel/log';
import { type JournalDisk, type JournalFile, machineDisk, makeJournalFolder } from './journal-disk';
import { fileName, fileNumber, journalFiles, lineOf, readJournals } from './journal-files';
import { JournalBook, type JournalRecord, type JournalState } from './journal-records';

/** A journal file that has grown past this is followed by a new one, which begins with all that still matters. */
const ROTATE_AT_BYTES = 64 * 1024 * 1024;

/** Records that may wait for a slow disk; more are refused as if it were away. */
const MAX_WAITING_RECORDS = 50_000;

/** The journal's disk took no record: no new call may be answered until it does again. */
export class JournalUnavailable extends Error {
  constructor(cause: unknown) {
    super('the CDR journal cannot be written', { cause });
    this.name = 'JournalUnavailable';
  }
}

export type JournalOptions = {
  readonly folder: string;
  readonly log: Log;
  readonly rotateAtBytes?: number;
  readonly disk?: JournalDisk;
  /** Told when a file was finished and lies in the archive. */
  readonly onArchived?: () => void;
};

type Waiting = { record: JournalRecord; written: () => void; failed: (error: Error) => void };

/**
 * The append-only record of calls outside the database: one line a record, "<crc32> <json>". `append` resolves when the record is
 * on disk (fsync); records that arrive while one fsync runs share the next. A write that fails leaves nothing behind: the file is cut
 * back to its last synced length before anything follows.
 */
export class Journal {
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #available = true;
  /** Synced bytes of the file; `#uncertain` when more may lie behind them. */
  #bytes: number;
  #uncertain = false;
  #rotateAtBytes: number;
  #leftover: string | null = null;

  private constructor(
    private readonly options: Required<JournalOptions>,
    private readonly book: JournalBook,
    private file: JournalFile,
    private number: number,
    firstBytes: number,
  ) {
    this.#bytes = firstBytes;
    this.#rotateAtBytes = options.rotateAtBytes;
  }

  /** What the records on disk add up to. */
  get state(): JournalState {
    return this.book.state;
  }

  /** Whether the last record that was tried is on disk. */
  get available(): boolean {
    return this.#available;
  }

  /**
   * Reads what earlier runs left in the folder and begins a new file with a checkpoint of it; the old ones go to `archive`. A torn last
   * line is reported and left out.
   * @throws JournalDamaged when an earlier line is broken; the disk's error when no file can be begun
   */
  static async open(given: JournalOptions): Promise<Journal> {
    const options = { rotateAtBytes: ROTATE_AT_BYTES, disk: machineDisk, onArchived: () => {}, ...given };
    makeJournalFolder(options.folder);
    const book = new JournalBook();
    readJournals(options.folder, options.log, (record) => book.apply(record));
    const number = fileNumber(journalFiles(options.folder).at(-1)) + 1;
    const begun = await beginFile(options, number, book.state);
    return new Journal(options, book, begun.file, number, begun.bytes);
  }

  /** Resolves when the record is on disk. @throws JournalUnavailable */
  append(record: JournalRecord): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING_RECORDS)
      return Promise.reject(new JournalUnavailable(new Error(`${MAX_WAITING_RECORDS} records wait`)));
    return new Promise((written, failed) => {
      this.#waiting.push({ record, written, failed });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when everything appended so far is on disk and the file is closed. */
  async close(): Promise<void> {
    await this.#flushing;
    await this.file.close();
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(batch.map(({ record }) => lineOf(record)).join(''));
      } catch (error) {
        await this.#onFailure(batch, error);
        continue;
      }
      this.#onWritten(batch);
      if (this.#bytes > this.#rotateAtBytes) await this.#rotate();
    }
    this.#flushing = null;
  }

  async #write(lines: string): Promise<void> {
    await this.#makeWhole();
    this.#uncertain = true;
    await this.file.append(lines);
    await this.file.sync();
    this.#uncertain = false;
    this.#bytes += Buffer.byteLength(lines);
  }

  /** Removes what a failed write or rotation may have left, so that what follows stands behind a whole record of the right file. */
  async #makeWhole(): Promise<void> {
    if (this.#leftover !== null) {
      await this.options.disk.remove(this.#leftover);
      this.#leftover = null;
    }
    if (!this.#uncertain) return;
    await this.file.truncate(this.#bytes);
    await this.file.sync();
    this.#uncertain = false;
  }

  #onWritten(batch: readonly Waiting[]): void {
    if (!this.#available) this.options.log.warn('the journal can be written again');
    this.#available = true;
    for (const { record } of batch) this.book.apply(record);
    for (const { written } of batch) written();
  }

  async #onFailure(batch: readonly Waiting[], error: unknown): Promise<void> {
    if (this.#available) this.options.log.error('the journal cannot be written: no new calls', { error });
    this.#available = false;
    // At once, so that a crash now does not bring records to life whose writers were told that they failed; if not, then later.
    await this.#makeWhole().catch(() => undefined);
    for (const { failed } of batch) failed(new JournalUnavailable(error));
  }

  /** A file that cannot be followed by a new one grows on for a while. */
  async #rotate(): Promise<void> {
    const full = this.file;
    try {
      const begun = await beginFile(this.options, this.number + 1, this.book.state);
      this.file = begun.file;
      this.#bytes = begun.bytes;
      this.#rotateAtBytes = this.options.rotateAtBytes;
      this.number++;
    } catch (error) {
      if (error instanceof LeftBehind) this.#leftover = error.path;
      this.#rotateAtBytes = this.#bytes + this.options.rotateAtBytes / 8;
      this.options.log.warn('no new journal file could be begun', { error });
      return;
    }
    await full
      .close()
      .catch((error: unknown) => this.options.log.warn('a journal file was not closed', { error }));
  }
}

/** A new file that could be neither finished nor removed: nothing may be written to the old one while it would be read after it. */
class LeftBehind extends Error {
  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super(`${path} could not be removed`, { cause });
  }
}

/**
 * Starts a file with a checkpoint and archives the files before it. The file gets its name only when the checkpoint is on disk: until
 * then the files before it are the record.
 */
async function beginFile(
  options: Required<JournalOptions>,
  number: number,
  state: JournalState,
): Promise<{ file: JournalFile; bytes: number }> {
  const { disk, folder } = options;
  const path = join(folder, fileName(number));
  const draft = `${path}.draft`;
  const before = journalFiles(folder);
  const line = lineOf({ type: 'checkpoint', state });
  const file = await disk.create(draft);
  try {
    await file.append(line);
    await file.sync();
    await disk.rename(draft, path);
    await disk.syncFolder(folder);
  } catch (error) {
    await file.close().catch(() => undefined);
    await disk.remove(draft).catch(() => undefined);
    await disk.remove(path).catch((cause: unknown) => {
      throw new LeftBehind(path, cause);
    });
    throw error;
  }
  await archive(options, before);
  return { file, bytes: Buffer.byteLength(line) };
}

/** A file that cannot be moved now is moved with the next: its records are older than the checkpoint and change nothing. */
async function archive(
  { disk, folder, log, onArchived }: Required<JournalOptions>,
  files: readonly string[],
) {
  try {
    for (const name of files) await disk.rename(join(folder, name), join(folder, 'archive', name));
  } catch (error) {
    log.warn('a finished journal file was not archived', { error });
  }
  if (files.length > 0) onArchived();
}
